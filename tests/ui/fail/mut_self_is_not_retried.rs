use resilient_runtime::retry;

struct Client(u32);

impl Client {
    #[retry]
    async fn get(mut self) -> Result<u32, ()> {
        self.0 += 1;
        Ok(self.0)
    }
}

fn main() {}
