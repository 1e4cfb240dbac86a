//! All pairs answer with the value that is stored, and no attribute has anything to decide: one that refused would be fast.

use std::time::Duration;

use resilient_speed::cache::load::load;
use resilient_speed::cache::pair::{Decisions, Pair};

#[tokio::test(flavor = "multi_thread")]
async fn all_calls_of_all_pairs_bring_the_stored_value_and_none_is_refused() {
    let decisions = Decisions::listen();
    for pair in [Pair::bare(), Pair::by_hand(), Pair::annotated()] {
        let pair = pair.expect("a free port");
        let sample = load(&pair, 64, Duration::from_millis(300)).await;
        // An error if another value came.
        let calls = sample.expect("answers").latencies.len();
        assert!(calls >= 64, "{calls} calls of {pair:?}");
    }
    assert_eq!(decisions.first(), None);
}
