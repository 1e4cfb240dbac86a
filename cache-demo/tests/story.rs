//! The story as a test: shortened, its claims hold.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cache_demo::client::call_get;
use cache_demo::story::{Narrator, Script, tell};

#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("not poisoned").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn every_claim_holds_and_is_told() -> io::Result<()> {
    let script = Script {
        healthy: 10,
        flaky: 12,
        slow_once_open: 3,
        slow_at_most: 10,
        dead: 10,
        back: 14,
        pace: Duration::ZERO,
    };
    let page = Page::default();
    let report = tell(call_get, &script, &mut Narrator::to(page.clone())).await?;
    let text = String::from_utf8(page.0.lock().expect("not poisoned").clone()).expect("text");
    assert!(report.held, "{text}");

    let stack = "fallback(timeout(retry(timeout(circuit_breaker(call_get)))))";
    assert!(text.contains(stack), "{text}");
    for part in [
        "HEALTHY",
        "FLAKY",
        "SLOW",
        "DEAD",
        "BACK",
        "p99",
        "closed -> open",
        "half-open -> closed",
    ] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
    for claim in &report.claims {
        assert!(
            text.contains(claim.says),
            "{} is missing:\n{text}",
            claim.says
        );
    }
    assert!(!text.contains('\u{1b}'), "colour without a terminal");
    Ok(())
}
