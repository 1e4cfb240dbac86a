//! What the story claims, checked against its own figures.

use serde::Serialize;

use super::report::{Acts, Figures, StoreFigures};
use super::script::LAST;

/// One claim, and whether it held.
#[derive(Clone, Debug, Serialize)]
pub struct Claim {
    pub act: &'static str,
    pub says: &'static str,
    /// The attribute without which it could not hold, if it is one alone.
    pub thanks_to: Option<&'static str>,
    pub held: bool,
    /// The figures that decided.
    pub figures: String,
}

impl Claim {
    /// What the attribute stands above.
    pub fn above(&self) -> &'static str {
        match self.act {
            "overload" => "impl CacheService",
            "dump" => "dump",
            "storm" => "get_within_budget",
            _ => "call_get",
        }
    }
}

const FALLBACK: Option<&str> = Some("fallback");
const RETRY: Option<&str> = Some("retry");
const TOTAL_TIMEOUT: Option<&str> = Some("timeout, around all attempts");
const ATTEMPT_TIMEOUT: Option<&str> = Some("timeout, around each attempt");
const BREAKER: Option<&str> = Some("circuit_breaker");

fn path(act: &Figures) -> String {
    match act.breaker_path() {
        path if path.is_empty() => "no change".to_owned(),
        path => path,
    }
}

pub(super) fn check(acts: &Acts, store: &StoreFigures) -> Vec<Claim> {
    let Acts {
        healthy,
        flaky,
        slow,
        dead,
        back,
    } = acts;
    let mut claims = Vec::new();
    let mut claim = |act, says, thanks_to, held, figures| {
        claims.push(Claim {
            act,
            says,
            thanks_to,
            held,
            figures,
        });
    };

    claim(
        "healthy",
        "the server answers every call, nearly all at the first try",
        None,
        // A machine that stalls for longer than an attempt may take is no fault of the server's.
        healthy.by_server() == healthy.calls
            && healthy.by_server_at_first_try * 10 >= healthy.calls * 9,
        format!(
            "{} of {} by the server, {} at the first try",
            healthy.by_server(),
            healthy.calls,
            healthy.by_server_at_first_try
        ),
    );
    claim(
        "flaky",
        "retries win: the server answers every call",
        RETRY,
        flaky.by_server() == flaky.calls && flaky.by_server_after_retries > 0,
        format!(
            "{} of {} by the server, {} after retries",
            flaky.by_server(),
            flaky.calls,
            flaky.by_server_after_retries
        ),
    );
    claim(
        "flaky",
        "the server sees the retries: more calls reach it than were made",
        RETRY,
        flaky.reached_server > flaky.calls,
        format!("{} reached it, {} made", flaky.reached_server, flaky.calls),
    );
    claim(
        "flaky",
        "a third of failures does not open the breaker",
        None,
        flaky.breaker.is_empty(),
        path(flaky),
    );
    claim(
        "slow",
        "attempts that take too long are cut off and made again",
        ATTEMPT_TIMEOUT,
        slow.attempts_timed_out > 0 && slow.retries > 0,
        format!(
            "{} attempts timed out, {} retries",
            slow.attempts_timed_out, slow.retries
        ),
    );
    claim(
        "slow",
        "no caller waits for all attempts: the limit around them cuts in",
        TOTAL_TIMEOUT,
        slow.ended_by_total_timeout > 0,
        format!("{} calls ended by it", slow.ended_by_total_timeout),
    );
    claim(
        "slow",
        "timeouts count as failures: they open the breaker",
        BREAKER,
        slow.breaker_became("open"),
        path(slow),
    );
    claim(
        "slow",
        "every caller has an answer all the same",
        FALLBACK,
        slow.answered == slow.calls,
        format!("{} of {} answered", slow.answered, slow.calls),
    );
    claim(
        "slow",
        "a store that times out is not made again: it arrives once",
        None,
        store.timed_out == store.calls && store.reached_server == store.calls,
        format!(
            "{} made, {} timed out, {} reached it",
            store.calls, store.timed_out, store.reached_server
        ),
    );
    claim(
        "dead",
        "nothing reaches the server",
        None,
        dead.reached_server == 0,
        format!("{} reached it", dead.reached_server),
    );
    claim(
        "dead",
        "every caller has the last value seen",
        FALLBACK,
        dead.by_fallback == dead.calls,
        format!("{} of {}", dead.by_fallback, dead.calls),
    );
    claim(
        "dead",
        "the breaker asks once more, and opens again",
        BREAKER,
        dead.breaker_became("half-open") && dead.breaker_became("open"),
        path(dead),
    );
    claim(
        "dead",
        "the open breaker refuses at once: half of the answers take less than 1 ms",
        BREAKER,
        dead.fallback_p50_us.is_some_and(|p50| p50 < 1000.0),
        match dead.fallback_p50_us {
            Some(p50) => format!("p50 {p50:.1} µs, {} refused", dead.refused_by_breaker),
            None => "no answer".to_owned(),
        },
    );
    claim(
        "back",
        "probes find the server, and close the breaker",
        BREAKER,
        back.breaker_became("half-open") && back.breaker.last().is_some_and(|c| c.to == "closed"),
        path(back),
    );
    claim(
        "back",
        "the last ten calls are answered by the server again",
        None,
        back.last_ten_by_server == LAST as u64,
        format!("{} of {LAST}", back.last_ten_by_server),
    );
    claim(
        "back",
        "what was stored, slowly and once, is there",
        None,
        store.kept,
        if store.kept { "found" } else { "not found" }.to_owned(),
    );
    claims
}
