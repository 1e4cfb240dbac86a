//! The pairs in rounds: what a noisy machine does to one, it does to the others too.

use std::error::Error;
use std::time::Duration;

use super::load::{Sample, load};
use super::pair::{Decisions, Pair};
use crate::measure::Rounds;

/// Callers at a time: one who waits for each answer, and many who share the connection.
const CALLERS: [usize; 2] = [1, 64];

/// How long a pair is asked before another one is, twice in each round.
const SAMPLE: Duration = Duration::from_millis(40);

const WARM: Duration = Duration::from_millis(400);

/// What was found out about a pair, round by round.
#[derive(Debug, Default)]
pub struct Series {
    pub per_second: Rounds,
    /// In microseconds.
    pub p99: Rounds,
    /// What the process spends on a request, in microseconds.
    pub cpu: Rounds,
}

impl Series {
    fn add(&mut self, mut sample: Sample) {
        let calls = sample.latencies.len() as f64;
        let p99 = sample.p99();
        self.per_second
            .push(Some(calls / sample.took.as_secs_f64()));
        self.p99.push(p99.map(|p99| p99.as_secs_f64() * 1e6));
        self.cpu.push(Some(sample.cpu.as_secs_f64() * 1e6 / calls));
    }
}

/// All pairs under the same load.
#[derive(Debug)]
pub struct Figures {
    pub callers: usize,
    pub bare: Series,
    /// A second pair that is bare too: how far off the machine lets a ratio be.
    pub control: Series,
    pub by_hand: Series,
    pub annotated: Series,
}

/// In which order the pairs come, there and back, round by round: each follows each.
const ORDERS: [[usize; 4]; 4] = [[0, 1, 3, 2], [1, 2, 0, 3], [2, 3, 1, 0], [3, 0, 2, 1]];

/// Measures, on the runtime on which it is called.
///
/// # Errors
///
/// A pair that could not be made, a call that failed, and anything that an attribute had to decide.
pub async fn measure(rounds: usize) -> Result<Vec<Figures>, Box<dyn Error>> {
    let decisions = Decisions::listen();
    let pairs = [
        Pair::bare()?,
        Pair::bare()?,
        Pair::by_hand()?,
        Pair::annotated()?,
    ];
    let mut all = Vec::new();
    for callers in CALLERS {
        for pair in &pairs {
            let _warm = load(pair, callers, WARM).await?;
        }
        let mut series = [(); 4].map(|()| Series::default());
        for round in 0..rounds {
            let order = ORDERS[round % ORDERS.len()];
            let mut samples = [(); 4].map(|()| Sample::default());
            for at in order.into_iter().chain(order.into_iter().rev()) {
                samples[at].add(load(&pairs[at], callers, SAMPLE).await?);
            }
            for (series, sample) in series.iter_mut().zip(samples) {
                series.add(sample);
            }
        }
        let [bare, control, by_hand, annotated] = series;
        all.push(Figures {
            callers,
            bare,
            control,
            by_hand,
            annotated,
        });
    }
    match decisions.first() {
        Some(event) => Err(format!("{}: {:?}", event.site(), event.kind()).into()),
        None => Ok(all),
    }
}
