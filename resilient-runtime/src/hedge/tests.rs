#[cfg(feature = "testing")]
mod breakers;
#[cfg(feature = "testing")]
mod calls;
mod core;
mod drops;
mod latency;
#[cfg(feature = "testing")]
mod layer;
#[cfg(feature = "testing")]
mod polls;
mod settings;
#[cfg(feature = "testing")]
mod told;

use std::cell::Cell;
use std::io;
use std::time::Duration;

use tokio::time::sleep;

#[cfg(feature = "testing")]
use self::told::{kinds, started, timed, withheld, won};
use super::{Hedge, HedgeAfter, Hedger};
#[cfg(feature = "testing")]
use crate::event::{Event, EventKind, Withheld};

const MS: Duration = Duration::from_millis(1);

/// What is hedged after this many milliseconds.
const fn after(ms: u64) -> Hedge {
    Hedge::new().after(HedgeAfter::Fixed(Duration::from_millis(ms)))
}

/// What is hedged by the 95th percentile, from the first sample on.
const MEASURED: Hedge = Hedge::new().min_samples(1);

/// Attempts that take so many milliseconds each and then end so.
struct Script<'a> {
    attempts: &'a [(u64, Result<&'static str, io::ErrorKind>)],
    made: Cell<usize>,
}

impl<'a> Script<'a> {
    fn new(attempts: &'a [(u64, Result<&'static str, io::ErrorKind>)]) -> Self {
        Self {
            attempts,
            made: Cell::new(0),
        }
    }

    async fn run(&self, hedger: &Hedger) -> Result<&'static str, io::ErrorKind> {
        let call = hedger.run(|| {
            let (ms, outcome) = self.attempts[self.made.get()];
            self.made.set(self.made.get() + 1);
            async move {
                if ms > 0 {
                    sleep(Duration::from_millis(ms)).await;
                }
                outcome.map_err(io::Error::from)
            }
        });
        call.await.map_err(|error| error.kind())
    }
}
