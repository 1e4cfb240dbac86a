use resilient_runtime::{retry, timeout};

enum Answer {
    Fine,
}

#[retry]
#[timeout]
async fn get() -> Answer {
    Answer::Fine
}

fn main() {}
