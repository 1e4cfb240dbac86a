use async_trait::async_trait;
use resilient_runtime::{hedge, resilient};

#[hedge]
async fn fill(client: &str, list: &mut Vec<u8>, (a, _): &mut (u8, u8)) -> Result<(), ()> {
    list.extend([*a].iter().chain(client.as_bytes()));
    Ok(())
}

struct Client(u32);

impl Client {
    #[hedge("20ms")]
    async fn changes(&mut self) -> Result<u32, ()> {
        self.0 += 1;
        Ok(self.0)
    }

    #[resilient(retry, hedge)]
    async fn owns(mut self) -> Result<u32, ()> {
        self.0 += 1;
        Ok(self.0)
    }
}

#[async_trait]
trait Get {
    async fn get(&mut self, key: &str) -> Result<u32, ()>;
}

#[async_trait]
impl Get for Client {
    #[hedge]
    async fn get(&mut self, key: &str) -> Result<u32, ()> {
        let _ = key;
        Ok(self.0)
    }
}

#[resilient(hedge)]
impl Client {
    async fn reads(&self) -> Result<u32, ()> {
        Ok(self.0)
    }

    async fn writes(&mut self) -> Result<u32, ()> {
        Ok(self.0)
    }
}

fn main() {}
