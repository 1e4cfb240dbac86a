#![deny(warnings)]

// The siblings' names are resolved where the function stands.
fn main() {
    use resilient_runtime::{retry, timeout};

    #[retry]
    #[timeout(into_error = std::io::Error::other)]
    async fn inner() -> std::io::Result<()> {
        Ok(())
    }

    drop(inner());
}
