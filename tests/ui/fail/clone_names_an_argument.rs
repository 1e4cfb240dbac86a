use resilient_runtime::retry;

struct Client;

impl Client {
    #[retry(clone(kye, mode, self, seen, seen))]
    async fn get(self, key: String, seen: &mut u32) -> Result<(), ()> {
        *seen += 1;
        drop(key);
        Ok(())
    }
}

fn main() {}
