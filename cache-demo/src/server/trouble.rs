use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// A seed under which no three of the first thousand calls in a row fail at a share of a third: three attempts always win.
pub const SEED: u64 = 0;

/// What is wrong with the server at the moment. Nothing, until somebody turns a switch.
///
/// Which calls fail follows from the seed and the number of the call alone, so two runs fail alike.
#[derive(Debug)]
pub struct Trouble {
    seed: u64,
    /// The share of calls that fail, in millionths.
    share: AtomicU64,
    /// Calls since the share was last set.
    calls: AtomicU64,
    /// How late answers leave, in nanoseconds.
    delay: AtomicU64,
}

impl Trouble {
    pub(super) fn new(seed: u64) -> Self {
        Trouble {
            seed,
            share: AtomicU64::new(0),
            calls: AtomicU64::new(0),
            delay: AtomicU64::new(0),
        }
    }

    /// Fails this share of the calls from now on: 0.0 none, 1.0 all.
    pub fn fail(&self, share: f64) {
        self.calls.store(0, Relaxed);
        self.share
            .store((share.clamp(0.0, 1.0) * 1e6) as u64, Relaxed);
    }

    /// Sends every byte of an answer this much later than it was written.
    pub fn delay_answers(&self, delay: Duration) {
        let nanos = u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX);
        self.delay.store(nanos, Relaxed);
    }

    pub(super) fn delay(&self) -> Duration {
        Duration::from_nanos(self.delay.load(Relaxed))
    }

    /// Numbers this call and says whether it is one of those that fail.
    pub(super) fn strikes(&self) -> bool {
        let share = self.share.load(Relaxed);
        share > 0 && scatter(self.seed ^ self.calls.fetch_add(1, Relaxed)) % 1_000_000 < share
    }
}

/// SplitMix64's output function: numbers that follow each other end up far apart.
fn scatter(number: u64) -> u64 {
    let mut z = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
