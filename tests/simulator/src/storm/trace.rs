//! What happened, by tenths of a second.

use crate::limiter::Nanos;

const BINS: f64 = 10.0;
const BIN: Nanos = 100_000_000;

#[derive(Clone, Copy, Debug, Default)]
struct Bin {
    /// Calls that began here, and how many of them ended well, whenever that was.
    asked: u32,
    well: u32,
    /// Attempts that were sent here.
    sent: u32,
}

/// A run.
#[derive(Clone, Debug)]
pub struct Trace {
    bins: Vec<Bin>,
    /// Of each process, when its budget first refused a retry.
    refused: Vec<Option<Nanos>>,
}

impl Trace {
    pub fn until(end: f64, processes: u32) -> Self {
        Self {
            bins: vec![Bin::default(); (end * BINS).ceil() as usize],
            refused: vec![None; processes as usize],
        }
    }

    fn bin(&mut self, time: Nanos) -> &mut Bin {
        &mut self.bins[(time / BIN) as usize]
    }

    pub fn asked(&mut self, now: Nanos) {
        self.bin(now).asked += 1;
    }

    pub fn sent(&mut self, now: Nanos) {
        self.bin(now).sent += 1;
    }

    pub fn well(&mut self, asked: Nanos) {
        self.bin(asked).well += 1;
    }

    pub fn refused(&mut self, process: u32, now: Nanos) {
        self.refused[process as usize].get_or_insert(now);
    }

    fn span(&self, from: f64, to: f64) -> Bin {
        let place = |time: f64| ((time * BINS).round() as usize).min(self.bins.len());
        let bins = &self.bins[place(from)..place(to)];
        bins.iter().fold(Bin::default(), |sum, bin| Bin {
            asked: sum.asked + bin.asked,
            well: sum.well + bin.well,
            sent: sum.sent + bin.sent,
        })
    }

    /// Attempts for each call.
    pub fn amplification(&self, from: f64, to: f64) -> f64 {
        let span = self.span(from, to);
        f64::from(span.sent) / f64::from(span.asked.max(1))
    }

    /// Of the calls that began there, the share that ended well.
    pub fn success(&self, from: f64, to: f64) -> f64 {
        let span = self.span(from, to);
        f64::from(span.well) / f64::from(span.asked.max(1))
    }

    /// Seconds after `from` until `length` seconds begin, of which `is` is true; endless if none do before `to`.
    fn first(&self, from: f64, to: f64, length: f64, is: impl Fn(f64, f64) -> bool) -> f64 {
        let steps = ((to - from - length) * BINS).round() as u32;
        (0..=steps)
            .map(|step| f64::from(step) / BINS)
            .find(|&after| is(from + after, from + after + length))
            .unwrap_or(f64::INFINITY)
    }

    /// Seconds after `from` until five seconds come in which 95 % of the calls end well.
    pub fn recovery(&self, from: f64, to: f64) -> f64 {
        self.first(from, to, 5.0, |from, to| self.success(from, to) >= 0.95)
    }

    /// Seconds after `from` until every budget has refused a retry; endless if one never does.
    pub fn spent(&self, from: f64) -> f64 {
        let last = self.refused.iter().try_fold(0, |last, first| {
            let first = (*first)?;
            Some(first.max(last))
        });
        last.map_or(f64::INFINITY, |last| last as f64 / 1e9 - from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Twenty seconds of ten calls a tenth, with so many attempts and good ends in each.
    fn trace(sent: impl Fn(f64) -> u32, well: impl Fn(f64) -> u32) -> Trace {
        let bin = |n: u32| Bin {
            asked: 10,
            sent: sent(f64::from(n) / BINS),
            well: well(f64::from(n) / BINS),
        };
        Trace {
            bins: (0..200).map(bin).collect(),
            refused: vec![None; 2],
        }
    }

    #[test]
    fn amplification_is_attempts_against_calls() {
        let early = trace(|at| if at < 3.0 { 20 } else { 10 }, |_| 0);
        assert_eq!(early.amplification(0.0, 6.0), 1.5);
        assert_eq!(early.amplification(3.0, 20.0), 1.0);
    }

    #[test]
    fn budgets_are_spent_when_the_last_of_them_has_refused_for_the_first_time() {
        let mut trace = trace(|_| 10, |_| 0);
        trace.refused(0, 9_000_000_000);
        assert_eq!(trace.spent(5.0), f64::INFINITY);
        trace.refused(1, 7_000_000_000);
        trace.refused(1, 12_000_000_000);
        assert_eq!(trace.spent(5.0), 4.0);
    }

    #[test]
    fn recovery_is_the_first_five_seconds_that_are_good_enough() {
        let dipped = trace(|_| 10, |at| if at < 4.0 { 0 } else { 10 });
        // A quarter of a second without success is the twentieth part of five.
        assert_eq!(dipped.recovery(1.0, 20.0), 2.8);
        let down = trace(|_| 10, |at| if at < 16.0 { 0 } else { 10 });
        assert_eq!(down.recovery(1.0, 20.0), f64::INFINITY);
    }
}
