//! Many calls at a steady rate, and what became of them.

mod mix;
mod summary;

use std::future::Future;
use std::time::Duration;

use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, interval_at};
use tokio_util::sync::CancellationToken;

pub use mix::{How, Mix};
pub use summary::{Outcome, Summary};

use crate::waiting::Waiting;

/// How often a person who watches is told how it goes.
const TOLD: Duration = Duration::from_millis(200);

/// When calls are begun.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Calls a second.
    pub rate: u32,
    pub duration: Duration,
    /// Calls that may be in flight at once; one that would be too many is left out, and counted.
    pub in_flight: u32,
}

impl Pace {
    /// Calls that are due before the time is up.
    fn calls(&self) -> u128 {
        let per_second = u128::from(self.rate.max(1));
        (self.duration.as_nanos() * per_second).div_ceil(1_000_000_000)
    }
}

/// Begins calls on time, whether or not earlier ones are back, until all that are due are begun or `stop` says so; those in
/// flight then finish.
///
/// The latency of a call counts from the moment at which it was due. So a stall, of the server or of this process,
/// is in the figures of every call that it kept waiting, and not only of those that happened to be in flight.
pub async fn run<C>(
    pace: Pace,
    stop: &CancellationToken,
    shown: &Waiting,
    mut call: impl FnMut(u64) -> C,
) -> Summary
where
    C: Future<Output = Outcome> + Send + 'static,
{
    let mut summary = Summary::default();
    let mut calls = JoinSet::new();
    let mut number = 0;
    let began = Instant::now();
    let mut ticks = interval_at(began, Duration::from_secs(1) / pace.rate.max(1));
    // What could not be begun in time is begun late, each call with the moment at which it was due.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut told = interval(TOLD);
    told.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let (mut due, all) = (0, pace.calls());
    while due < all {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(ended) = calls.join_next() => add(&mut summary, ended),
            at = ticks.tick() => {
                due += 1;
                if calls.len() >= pace.in_flight as usize {
                    summary.leave_out();
                    continue;
                }
                let call = call(number);
                number += 1;
                calls.spawn(async move { (call.await, at.elapsed()) });
            }
            _ = told.tick(), if shown.is_shown() => {
                shown.say(format!("{} in flight, {}", calls.len(), summary.in_short()));
            }
        }
    }
    while let Some(ended) = calls.join_next().await {
        add(&mut summary, ended);
    }
    summary.took(began.elapsed());
    summary
}

fn add(summary: &mut Summary, ended: Result<(Outcome, Duration), JoinError>) {
    match ended {
        Ok((outcome, since_due)) => summary.add(outcome, since_due),
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;

    const OK: Outcome = Outcome::Code(Code::Ok);

    const PACE: Pace = Pace {
        rate: 100,
        duration: Duration::from_secs(1),
        in_flight: u32::MAX,
    };

    async fn load<C>(pace: Pace, call: impl FnMut(u64) -> C) -> Summary
    where
        C: Future<Output = Outcome> + Send + 'static,
    {
        run(pace, &CancellationToken::new(), &Waiting::nothing(), call).await
    }

    #[tokio::test(start_paused = true)]
    async fn calls_begin_on_time_however_long_they_take() {
        let summary = load(PACE, async |_| {
            tokio::time::sleep(Duration::from_secs(60)).await;
            OK
        })
        .await;
        assert_eq!(summary.calls(), 100);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stall_is_in_the_latency_of_every_call_that_was_due_in_it() {
        const STALL: Duration = Duration::from_millis(500);
        let summary = load(PACE, async |number| {
            if number == 0 {
                tokio::time::advance(STALL).await;
            }
            OK
        })
        .await;
        let latencies = summary.latencies(|_| true);
        // Half of the calls were due in it, and waited for what was left of it.
        let waited = |percent| latencies.percentile(percent).expect("there are some");
        assert!(waited(100.0) >= STALL);
        let quarter = waited(75.0);
        assert!(
            quarter.abs_diff(STALL / 2) < Duration::from_millis(20),
            "{quarter:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_due_before_the_end_is_begun_even_after_it() {
        let summary = load(PACE, async |number| {
            if number == 50 {
                tokio::time::advance(Duration::from_secs(60)).await;
            }
            OK
        })
        .await;
        assert_eq!(summary.calls(), 100);
    }

    #[tokio::test(start_paused = true)]
    async fn what_would_be_too_many_in_flight_is_left_out_and_counted() {
        let pace = Pace {
            in_flight: 5,
            ..PACE
        };
        let summary = load(pace, async |_| {
            tokio::time::sleep(Duration::from_secs(60)).await;
            OK
        })
        .await;
        assert_eq!(summary.calls(), 5);
        assert_eq!(summary.to_json()["left_out"], 95);
    }

    #[tokio::test(start_paused = true)]
    async fn stopped_early_it_sums_up_what_there_is() {
        let stop = CancellationToken::new();
        let summary = run(PACE, &stop, &Waiting::nothing(), |number| {
            if number == 9 {
                stop.cancel();
            }
            std::future::ready(OK)
        })
        .await;
        assert_eq!(summary.calls(), 10);
    }
}
