use resilient_runtime::{PolicyError, retry, timeout};

#[derive(Debug)]
struct Down;

impl From<PolicyError> for Down {
    fn from(_: PolicyError) -> Self {
        Self
    }
}

#[retry(count)]
async fn no_value() -> Result<(), Down> {
    Ok(())
}

#[retry(count = , delay = "1s")]
async fn empty() -> Result<(), Down> {
    Ok(())
}

#[retry(count(3))]
async fn called() -> Result<(), Down> {
    Ok(())
}

#[retry(clone = key)]
async fn assigned(key: String) -> Result<(), Down> {
    drop(key);
    Ok(())
}

#[retry(clone())]
async fn of_nothing(key: String) -> Result<(), Down> {
    drop(key);
    Ok(())
}

#[retry(3)]
async fn positional() -> Result<(), Down> {
    Ok(())
}

#[timeout(ms = 5 "x")]
async fn no_comma() -> Result<(), Down> {
    Ok(())
}

#[timeout = "1s"]
async fn name_value() -> Result<(), Down> {
    Ok(())
}

fn main() {}
