use resilient_runtime::retry;

trait Get {
    #[retry]
    async fn get(&self) -> Result<(), ()>;
}

fn main() {}
