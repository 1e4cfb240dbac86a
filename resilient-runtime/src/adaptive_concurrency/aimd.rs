//! The rule for clients.

use std::time::Duration;

use super::algorithm::{LimitAlgorithm, LimitUpdate, LimitWindow};

/// Additive increase, multiplicative decrease: the rule for a client that shares a server with others.
///
/// A window is one round trip. If a call was dropped in it (the server refused as overloaded, or a timeout of this crate
/// ended it) the limit falls by a tenth, once, however many were dropped, and one more round trip passes before anything counts again. Else
/// it grows by one, if at least half of it was used.
///
/// Clients that do so come to equal shares, whoever came first: all grow by the same, and who has more gives more back
/// (Chiu and Jain, "Analysis of the Increase and Decrease Algorithms for Congestion Avoidance", 1989; it is what TCP does).
///
/// # Weaknesses
///
/// - It goes by refusals and timeouts and by nothing else. Before a server that neither refuses nor
///   is too slow for the timeout it grows to the maximum, and the queue with it; so it is not for a server's own limit.
/// - With timeouts alone to go by, a round trip is as long as the timeout, and shares become equal over minutes.
/// - A server that grows is followed by one call a round trip.
///
/// Netflix's AIMD, from which the numbers come (0.9, used by half), decreases for every single drop and by a latency of
/// 5 s; one full queue is dozens of decreases then.
#[derive(Debug)]
pub struct Aimd {
    /// The limit, with its fraction.
    exact: f64,
}

const DECREASE: f64 = 0.9;

impl LimitAlgorithm for Aimd {
    const NEW: Self = Self { exact: 0.0 };

    fn update(&mut self, window: &LimitWindow) -> LimitUpdate {
        let limit = f64::from(window.limit);
        if self.exact.round() != limit {
            self.exact = limit;
        }
        let used = f64::from(window.max_in_flight);
        if window.dropped > 0 {
            self.exact *= DECREASE;
        } else if 2.0 * used >= limit {
            self.exact += 1.0;
        }
        self.exact = self
            .exact
            .clamp(f64::from(window.min_limit), f64::from(window.max_limit));
        let round_trip = window.latency.max(Duration::from_millis(1));
        let settle = if window.dropped > 0 {
            round_trip
        } else {
            Duration::ZERO
        };
        LimitUpdate::new(self.exact)
            .after(settle)
            .lasting(round_trip)
            .of_samples(1, Duration::from_secs(1))
    }
}
