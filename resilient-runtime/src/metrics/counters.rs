//! What a site counts, as counters.

use super::gauges::is_keyed;
use super::names::*;
use super::series::{Labels, Series};
use crate::{Count, Layer, LayerKind, Site, SiteStats};

/// One counter: what it counts, without what is part of that and counts elsewhere.
struct Counted {
    metric: Metric,
    labels: Labels,
    count: Count,
    without: Option<Count>,
}

macro_rules! counted {
    ($($metric:ident { $($label:ident = $value:literal),* } $count:ident $(- $without:ident)?;)*) => {
        const COUNTED: &[Counted] = &[$(
            Counted {
                metric: $metric,
                labels: &[$((stringify!($label), $value)),*],
                count: Count::$count,
                without: counted!(@ $($without)?),
            },
        )*];
    };
    (@) => { None };
    (@ $without:ident) => { Some(Count::$without) };
}

counted! {
    CALLER_FAULTS {} CallerAtFault;

    FALLBACK_USED {} FallbackUsed;
    FALLBACK_ANSWERS { result = "success" } FallbackSucceeded;
    FALLBACK_ANSWERS { result = "failure" } FallbackFailed;

    RETRY_CALLS { result = "success", retried = "false" } RetryNotNeeded;
    RETRY_CALLS { result = "success", retried = "true" } RetrySucceeded;
    RETRY_CALLS { result = "exhausted", retried = "false" } RetryExhaustedAtOnce;
    RETRY_CALLS { result = "exhausted", retried = "true" } RetryExhausted - RetryExhaustedAtOnce;
    RETRY_CALLS { result = "not_retried", retried = "false" } RetryNotRetriedAtOnce;
    RETRY_CALLS { result = "not_retried", retried = "true" } RetryNotRetried - RetryNotRetriedAtOnce;
    RETRY_CALLS { result = "elapsed", retried = "false" } RetryElapsedAtOnce;
    RETRY_CALLS { result = "elapsed", retried = "true" } RetryElapsed - RetryElapsedAtOnce;
    RETRY_CALLS { result = "deadline", retried = "false" } RetryDeadlineAtOnce;
    RETRY_CALLS { result = "deadline", retried = "true" } RetryDeadline - RetryDeadlineAtOnce;
    RETRY_CALLS { result = "retry_after_too_long", retried = "false" } RetryAfterTooLongAtOnce;
    RETRY_CALLS { result = "retry_after_too_long", retried = "true" } RetryAfterTooLong - RetryAfterTooLongAtOnce;
    RETRY_CALLS { result = "budget_spent", retried = "false" } RetryBudgetSpentAtOnce;
    RETRY_CALLS { result = "budget_spent", retried = "true" } RetryBudgetSpent - RetryBudgetSpentAtOnce;
    RETRIES {} Retries;
    ATTEMPTS_FAILED {} AttemptFailed;

    TIMEOUT_CALLS { result = "in_time" } TimeoutKept;
    TIMEOUT_CALLS { result = "timed_out" } TimedOut;

    BREAKER_CALLS { result = "success" } BreakerSucceeded;
    BREAKER_CALLS { result = "failure" } BreakerFailed;
    BREAKER_CALLS { result = "neutral" } BreakerNeutral;
    BREAKER_CALLS { result = "refused" } BreakerRefused;
    BREAKER_SLOW {} BreakerSlow;
    BREAKER_CHANGES { change = "opened" } BreakerOpened;
    BREAKER_CHANGES { change = "reopened" } BreakerReopened;
    BREAKER_CHANGES { change = "half-opened" } BreakerHalfOpened;
    BREAKER_CHANGES { change = "closed" } BreakerClosed;

    RATE_LIMIT_CALLS { result = "admitted" } RateLimitAdmitted;
    RATE_LIMIT_CALLS { result = "refused" } RateLimitRefused;

    BULKHEAD_CALLS { result = "admitted" } BulkheadAdmitted;
    BULKHEAD_CALLS { result = "refused" } BulkheadRefused;

    ADAPTIVE_CALLS { result = "admitted" } AdaptiveAdmitted;
    ADAPTIVE_CALLS { result = "refused" } AdaptiveRefused;
    ADAPTIVE_OVERLOADS {} AdaptiveDropped;

    HEDGES {} HedgeStarted;
    HEDGES_WON {} HedgeWon;
    HEDGES_WITHHELD { reason = "budget" } HedgeWithheldBudget;
    HEDGES_WITHHELD { reason = "circuit_breaker" } HedgeWithheldBreaker;

    FAULTS { kind = "error" } FaultErrors;
    FAULTS { kind = "latency" } FaultDelays;
    FAULTS { kind = "panic" } FaultPanics;
}

pub(super) fn publish(series: &Series<'_>, site: &Site, stats: &SiteStats) {
    calls(series, site, stats);
    for counted in COUNTED {
        let kind = counted.count.layer();
        if kind.is_none_or(|kind| site.layer(kind).is_some()) {
            let without = counted.without.map_or(0, |part| stats.count(part));
            let count = stats.count(counted.count).saturating_sub(without);
            series.count(counted.metric, counted.labels, count);
        }
    }
    if site.layers().iter().any(|layer| may_have_keys(*layer)) {
        series.count(KEYS_EXHAUSTED, &[], stats.count(Count::KeysExhausted));
    }
}

/// Calls by how they ended, and whether it was the fallback's answer: that is known of one that is outermost.
fn calls(series: &Series<'_>, site: &Site, stats: &SiteStats) {
    let is_fallback = |layer: &&&dyn Layer| layer.kind() == LayerKind::Fallback;
    let (fallback, applied) = match site.layers().iter().filter(is_fallback).count() {
        0 => ("not_defined", false),
        1 if site.layers().first().filter(is_fallback).is_some() => ("not_applied", true),
        _ => ("inside", false),
    };
    let series_of = |fallback: &'static str| series.with("fallback", fallback);
    let ends: [(Labels, Count, Option<Count>); 4] = [
        (
            &[("result", "success")],
            Count::CallSucceeded,
            Some(Count::FallbackSucceeded),
        ),
        (
            &[("result", "failure")],
            Count::CallFailed,
            Some(Count::FallbackFailed),
        ),
        (&[("result", "dropped")], Count::CallDropped, None),
        (&[("result", "panicked")], Count::CallPanicked, None),
    ];
    for (result, end, answer) in ends {
        let all = stats.count(end);
        let answered = answer
            .filter(|_| applied)
            .map(|answer| stats.count(answer).min(all));
        series_of(fallback).count(CALLS, result, all - answered.unwrap_or(0));
        if let Some(answered) = answered {
            series_of("applied").count(CALLS, result, answered);
        }
    }
}

/// Of a state that was handed in it is not known.
fn may_have_keys(layer: &dyn Layer) -> bool {
    let is_handed_in =
        layer.is_shared() || layer.kind() == LayerKind::Retry && layer.states().is_none();
    is_handed_in || is_keyed(layer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_counted_is_a_counter() {
        let calls = [
            Count::CallSucceeded,
            Count::CallFailed,
            Count::CallDropped,
            Count::CallPanicked,
            Count::KeysExhausted,
        ];
        for count in Count::ALL {
            let counted = COUNTED
                .iter()
                .filter(|counted| counted.count == *count)
                .count();
            assert_eq!(counted, usize::from(!calls.contains(count)), "{count:?}");
        }
    }
}
