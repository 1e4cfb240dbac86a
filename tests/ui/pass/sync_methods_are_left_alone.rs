#![deny(warnings)]

//! The stack of an `impl` goes round what answers with a future, and not round what only makes one.

use std::io;
use std::pin::Pin;

use resilient_runtime::resilient;

type Call = Pin<Box<dyn Future<Output = io::Result<u32>> + Send>>;

struct Client {
    next: Call,
}

#[resilient(bulkhead(max_concurrent = 1))]
impl Client {
    fn calls(&self) -> impl Fn(u32) -> Call + use<> {
        move |n| Box::pin(async move { Ok(n) })
    }

    fn renew(&mut self) {
        self.next = ::std::boxed::Box::pin(async move { Ok(1) })
    }

    #[resilient(skip)]
    fn count(&self) -> u32 {
        1
    }

    async fn get(&self) -> io::Result<u32> {
        Ok(1)
    }
}

fn main() {
    let mut client = Client {
        next: Box::pin(async { Ok(0) }),
    };
    client.renew();
    drop(client.calls()(1));
    let _: u32 = client.count();
    drop(client.get());
    drop(client.next);
}
