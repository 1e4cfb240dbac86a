use resilient_runtime::{fallback, retry};

struct Request;

#[retry]
async fn send(mut request: Request) -> Result<(), ()> {
    request = Request;
    drop(request);
    Ok(())
}

#[fallback(with = |_, _| Ok(()))]
async fn generic<T>(mut value: T) -> Result<(), ()> {
    let _last = &mut value;
    Ok(())
}

#[retry(clone(request))]
async fn asked(request: Request) -> Result<(), ()> {
    drop(request);
    Ok(())
}

fn main() {}
