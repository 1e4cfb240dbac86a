use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// A seed under which no three in a row of the first two hundred calls fail at a share of a third: three attempts win.
pub const SEED: u64 = 370;

/// What is wrong with the server at the moment. Nothing, until somebody turns a switch.
///
/// Which calls fail follows from the seed and the number of the call alone, so two runs fail alike.
#[derive(Debug)]
pub struct Trouble {
    /// Where the numbers begin that decide: the seed, scattered.
    base: u64,
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
            base: scatter(seed),
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
        share > 0 && {
            let number = self.calls.fetch_add(1, Relaxed);
            scatter(self.base.wrapping_add(number)) % 1_000_000 < share
        }
    }
}

/// SplitMix64's output function: numbers that follow each other end up far apart.
fn scatter(number: u64) -> u64 {
    let mut z = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strikes(share: f64, calls: usize) -> Vec<bool> {
        let trouble = Trouble::new(SEED);
        trouble.fail(share);
        (0..calls).map(|_| trouble.strikes()).collect()
    }

    #[test]
    fn nothing_fails_until_the_switch_is_turned() {
        let trouble = Trouble::new(SEED);
        assert!((0..100).all(|_| !trouble.strikes()));
        assert!(strikes(0.0, 100).iter().all(|fails| !fails));
        assert!(strikes(1.0, 100).iter().all(|&fails| fails));
    }

    #[test]
    fn about_the_share_fails_and_the_same_calls_each_time() {
        let strikes_once = strikes(0.25, 4000);
        let failed = strikes_once.iter().filter(|&&fails| fails).count();
        assert!((900..1100).contains(&failed), "{failed} of 4000");
        assert_eq!(strikes_once, strikes(0.25, 4000));
    }

    #[test]
    fn three_attempts_win_at_a_share_of_a_third() {
        let strikes = strikes(1.0 / 3.0, 200);
        assert!(strikes.windows(3).all(|run| run != [true; 3]));
        assert!(strikes.windows(2).any(|run| run == [true; 2]));
    }
}
