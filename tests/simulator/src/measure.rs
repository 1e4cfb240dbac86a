//! What a run is worth.

use crate::limiter::Nanos;
use crate::scenario::{Scenario, Seconds};

/// Bins of a tenth of a second.
const BIN: Nanos = 100_000_000;
const BINS_A_SECOND: usize = 10;

#[derive(Clone, Copy, Debug, Default)]
pub struct Bin {
    pub asked: u32,
    pub attempts: u32,
    pub good: u32,
    pub answered: u32,
    pub refused: u32,
    pub gave_up: u32,
    pub latency: f64,
    pub limit: f64,
    pub admitted: u32,
    pub work: f64,
}

/// Everything that was seen in a run.
#[derive(Debug)]
pub struct Record {
    scenario: Scenario,
    pub bins: Vec<Bin>,
    latencies: Vec<(f32, f32)>,
    /// Good answers from `change` on.
    shares: Vec<u32>,
}

/// One run in figures.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// Good answers against what was possible, from ten seconds after the change to the end.
    pub goodput: f64,
    /// The same for the thirty seconds after the change.
    pub after: f64,
    /// The worst ten seconds in a row after the change.
    pub worst: f64,
    /// Milliseconds, from five seconds after the change to the end.
    pub p99: f64,
    /// Seconds after the change until five seconds come that are good.
    pub settled: f64,
    /// Share of the calls that were refused though there was room, from five seconds after the change.
    pub needless: f64,
    /// Jain's index over the clients.
    pub jain: f64,
    /// Last client's share to the first one's.
    pub last_to_first: f64,
    pub limit_max: f64,
}

impl Figures {
    /// The worse of two runs in each figure.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        let farther = |a: f64, b: f64| {
            if (a - 1.0).abs() > (b - 1.0).abs() {
                a
            } else {
                b
            }
        };
        Self {
            goodput: self.goodput.min(other.goodput),
            after: self.after.min(other.after),
            worst: self.worst.min(other.worst),
            p99: self.p99.max(other.p99),
            settled: self.settled.max(other.settled),
            needless: self.needless.max(other.needless),
            jain: self.jain.min(other.jain),
            last_to_first: farther(self.last_to_first, other.last_to_first),
            limit_max: self.limit_max.max(other.limit_max),
        }
    }
}

impl Record {
    pub fn new(scenario: &Scenario) -> Self {
        let bins = (scenario.end * BINS_A_SECOND as f64).ceil() as usize + 1;
        Self {
            scenario: scenario.clone(),
            bins: vec![Bin::default(); bins],
            latencies: Vec::new(),
            shares: vec![0; scenario.clients as usize],
        }
    }

    fn bin(&mut self, now: Nanos) -> &mut Bin {
        &mut self.bins[(now / BIN) as usize]
    }

    pub fn asked(&mut self, now: Nanos, _client: usize) {
        self.bin(now).asked += 1;
    }

    pub fn attempt(&mut self, now: Nanos) {
        self.bin(now).attempts += 1;
    }

    pub fn refused(&mut self, now: Nanos, _client: usize) {
        self.bin(now).refused += 1;
    }

    pub fn work(&mut self, now: Nanos, work: Nanos) {
        let bin = self.bin(now);
        bin.admitted += 1;
        bin.work += work as f64 / 1e9;
    }

    pub fn gave_up(&mut self, now: Nanos, _client: usize, _asked: Nanos) {
        self.bin(now).gave_up += 1;
    }

    pub fn answered(&mut self, now: Nanos, client: usize, asked: Nanos, began: Nanos) {
        let latency = (now - began) as f64 / 1e9;
        // Retries may take longer; what is late is the answer to an attempt.
        let good = latency <= self.scenario.deadline;
        let change = self.scenario.change;
        let bin = self.bin(now);
        bin.answered += 1;
        bin.good += u32::from(good);
        bin.latency += latency;
        let at = now as f64 / 1e9;
        self.latencies.push((at as f32, latency as f32));
        if good && at >= change {
            self.shares[client] += 1;
        }
        let _ = asked;
    }

    pub fn limit(&mut self, now: Nanos, limit: f64) {
        self.bin(now).limit = limit;
    }

    fn span(&self, from: Seconds, to: Seconds) -> &[Bin] {
        let at = |seconds: Seconds| {
            ((seconds * BINS_A_SECOND as f64).round() as usize).min(self.bins.len() - 1)
        };
        &self.bins[at(from)..at(to)]
    }

    /// Good answers that were possible in a span: what was asked for, or what the workers could do of the work as it was drawn.
    pub fn ideal(&self, from: Seconds, to: Seconds) -> f64 {
        let (mut admitted, mut work) = (0_u32, 0.0);
        for bin in self.span(self.scenario.change, self.scenario.end) {
            admitted += bin.admitted;
            work += bin.work;
        }
        let mut ideal = 0.0;
        // Second by second, since the truth may change in between.
        let mut second = from;
        while second < to - 1e-9 {
            let until = (second + 1.0).min(to);
            let truth = self.scenario.truth(second);
            let drawn = if admitted > 1000 {
                work / f64::from(admitted)
            } else {
                truth.service
            };
            let capacity = f64::from(truth.workers) / drawn * (until - second);
            if truth.rate < truth.capacity() {
                ideal += f64::from(
                    self.span(second, until)
                        .iter()
                        .map(|bin| bin.asked)
                        .sum::<u32>(),
                );
            } else {
                ideal += capacity;
            }
            second = until;
        }
        ideal
    }

    pub fn goodput(&self, from: Seconds, to: Seconds) -> f64 {
        let good: u32 = self.span(from, to).iter().map(|bin| bin.good).sum();
        f64::from(good) / self.ideal(from, to)
    }

    fn p99(&self, from: Seconds) -> f64 {
        let mut latencies: Vec<f32> = self
            .latencies
            .iter()
            .filter(|(at, _)| f64::from(*at) >= from)
            .map(|&(_, latency)| latency)
            .collect();
        if latencies.is_empty() {
            return 0.0;
        }
        let at = ((latencies.len() as f64 * 0.99) as usize).min(latencies.len() - 1);
        let (_, &mut p99, _) = latencies.select_nth_unstable_by(at, f32::total_cmp);
        f64::from(p99) * 1e3
    }

    fn settled(&self) -> f64 {
        let change = self.scenario.change;
        let mut second = change;
        while second + 5.0 <= self.scenario.end {
            if self.goodput(second, second + 5.0) >= 0.93 {
                return second - change;
            }
            second += 0.5;
        }
        f64::INFINITY
    }

    fn needless(&self) -> f64 {
        let from = self.scenario.change + 5.0;
        let (mut asked, mut lost) = (0_u32, 0_u32);
        for bin in self.span(from, self.scenario.end) {
            asked += bin.attempts;
            lost += bin.refused;
        }
        let beyond = (f64::from(asked) - self.ideal(from, self.scenario.end)).max(0.0);
        ((f64::from(lost) - beyond) / f64::from(asked)).max(0.0)
    }

    fn worst(&self, length: Seconds) -> f64 {
        let mut worst = f64::INFINITY;
        let mut second = self.scenario.change;
        while second + length <= self.scenario.end {
            worst = f64::min(worst, self.goodput(second, second + length));
            second += 1.0;
        }
        worst
    }

    pub fn figures(&self) -> Figures {
        let change = self.scenario.change;
        let end = self.scenario.end;
        let shares = || self.shares.iter().map(|&share| f64::from(share));
        let (sum, squares) = shares().fold((0.0, 0.0), |(s, q), x| (s + x, q + x * x));
        let count = self.shares.len() as f64;
        Figures {
            goodput: self.goodput(change + 10.0, end),
            after: self.goodput(change, change + 30.0),
            worst: self.worst(10.0),
            p99: self.p99(change + 5.0),
            settled: self.settled(),
            needless: self.needless(),
            jain: if squares > 0.0 {
                sum * sum / (count * squares)
            } else {
                0.0
            },
            last_to_first: f64::from(*self.shares.last().unwrap_or(&0))
                / f64::from(self.shares[0].max(1)),
            limit_max: self
                .span(change, end)
                .iter()
                .map(|bin| bin.limit)
                .filter(|limit| limit.is_finite())
                .fold(0.0, f64::max),
        }
    }
}
