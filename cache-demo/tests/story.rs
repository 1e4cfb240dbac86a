//! The story as a test: shortened, its claims hold.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

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
    let page = Page::default();
    let report = tell(call_get, &Script::short(), &mut Narrator::to(page.clone())).await?;
    let text = String::from_utf8(page.0.lock().expect("not poisoned").clone()).expect("text");
    assert!(report.held, "{text}");

    for part in [
        "`call_get`",
        "count 3, backoff fib, delay 50ms",
        "HEALTHY",
        "FLAKY",
        "SLOW",
        "DEAD",
        "BACK",
        "OVERLOAD",
        "DUMP",
        "STORM",
        "budget = \"none\"",
        "never",
        "limits off",
        "bulkhead on",
        "p99",
        "closed -> open",
        "half-open -> closed",
        "per_second 5000",
        "initial 20",
        "max_concurrent 2",
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
