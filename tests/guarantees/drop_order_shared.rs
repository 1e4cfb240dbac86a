// What the body drops, it drops in the order of the bare function, in the user's
// edition. Included in a test of edition 2024 and in one of 2021.

use std::cell::RefCell;
use std::io;

use resilient_runtime::{circuit_breaker, fallback, retry, timeout};

thread_local! {
    static DROPPED: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

struct Noted(&'static str);

impl Noted {
    fn value(&self) -> io::Result<usize> {
        Ok(self.0.len())
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        DROPPED.with_borrow_mut(|dropped| dropped.push(self.0));
    }
}

macro_rules! functions {
    ($($name:ident: $(#[$layer:meta])*;)+) => {$(
        $(#[$layer])*
        async fn $name(used: &Noted, _unused: &Noted) -> io::Result<usize> {
            let _first = Noted("first");
            tokio::task::yield_now().await;
            let _second = Noted("second");
            let _ = used.value();
            // A temporary of the tail: before the locals since 2024, behind them until 2021.
            Noted("tail").value()
        }
    )+};
}

functions! {
    bare:;
    retried: #[retry];
    limited: #[timeout];
    guarded: #[circuit_breaker];
    with_fallback: #[fallback(value = Ok(0))];
    stack: #[fallback(value = Ok(0))] #[timeout("2s")] #[retry] #[timeout(ms = 500)] #[circuit_breaker];
}

macro_rules! order_of {
    ($name:ident) => {{
        DROPPED.take();
        $name(&Noted("used"), &Noted("unused")).await.unwrap();
        DROPPED.take()
    }};
}

#[tokio::test(start_paused = true)]
async fn the_body_drops_as_in_the_bare_function() {
    let bare = order_of!(bare);
    assert_eq!(bare, EXPECTED);
    assert_eq!(order_of!(retried), bare);
    assert_eq!(order_of!(limited), bare);
    assert_eq!(order_of!(guarded), bare);
    assert_eq!(order_of!(with_fallback), bare);
    assert_eq!(order_of!(stack), bare);
}
