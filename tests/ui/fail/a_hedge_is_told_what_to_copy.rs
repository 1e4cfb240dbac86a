use resilient_runtime::hedge;

#[hedge]
async fn consumes(key: String) -> Result<Vec<u8>, ()> {
    Ok(key.into_bytes())
}

struct Request;

#[hedge]
async fn changes(mut request: Request) -> Result<(), ()> {
    request = Request;
    drop(request);
    Ok(())
}

struct Client(String);

impl Client {
    #[hedge]
    async fn consumes_itself(self) -> Result<String, ()> {
        Ok(self.0)
    }
}

fn main() {}
