//! A rate limit for each key, all of which have been seen before.

use governor::RateLimiter;
use resilient_runtime::rate_limit;

use super::rate_limit::QUOTA;
use super::*;
use crate::body::{Failed, body};
use crate::case::{Path, Whose, calls, shared};

const MILLION: u64 = 1_000_000;

/// The key of a call. A million of them come in no order of memory.
fn among<const KEYS: u64>(i: u64) -> u64 {
    i % KEYS * 617_413 % KEYS
}

#[rate_limit(per_second = 1_000_000_000, key = among::<64>(i))]
async fn few(i: u64) -> Answer {
    body!(ready i)
}

// Twice the room: many keys are spread over several maps, of which none may be full.
#[rate_limit(per_second = 1_000_000_000, key = among::<MILLION>(i), max_keys = 2_000_000)]
async fn many(i: u64) -> Answer {
    body!(ready i)
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new(
            (Path::Keys64, Body::Ready),
            (Whose::Ours, "`#[rate_limit(key = ..)]`"),
            calls!(|i| few(i)),
        ),
        governor::<64>(Path::Keys64),
        Case::new(
            (Path::KeysMillion, Body::Ready),
            (Whose::Ours, "`#[rate_limit(key = ..)]`"),
            calls!(|i| many(i)),
        )
        .warm(MILLION),
        governor::<MILLION>(Path::KeysMillion).warm(MILLION),
    ]
}

fn governor<const KEYS: u64>(path: Path) -> Case {
    let governor = shared(RateLimiter::keyed(QUOTA));
    Case::new(
        (path, Body::Ready),
        (Whose::Peers, "governor, keyed"),
        calls!(|i| async move {
            governor
                .check_key(&among::<KEYS>(i))
                .map_err(|_| Failed::Refused)?;
            body::ready(i).await
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_calls_in_a_row_have_a_million_keys() {
        let mut seen = vec![false; MILLION as usize];
        for i in 7..MILLION + 7 {
            seen[among::<MILLION>(i) as usize] = true;
        }
        assert!(seen.iter().all(|seen| *seen));
    }
}
