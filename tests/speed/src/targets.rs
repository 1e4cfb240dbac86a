//! What is to be reached, and whether it was.

use std::fmt::Write;

use crate::body::Body;
use crate::case::{Path, Whose};
use crate::measure::{Figures, Rounds};
use crate::paths::{CLOCK, breaker, bulkhead, fault, rate_limit, stack, timeout};
use crate::statistics::{median, over, ratio};
use crate::table::{bare, best_peer, times};

/// A target and what was measured.
#[derive(Debug)]
pub struct Judged {
    what: String,
    wanted: String,
    measured: String,
    pub met: bool,
}

/// The table of the targets whose cases were measured.
#[must_use]
pub fn table(judged: &[Judged]) -> String {
    let mut text = "| path | target | measured | |\n|---|---|--:|---|\n".to_owned();
    for one in judged {
        let verdict = if one.met { "met" } else { "**MISSED**" };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {verdict} |",
            one.what, one.wanted, one.measured
        );
    }
    text
}

/// The unit of a bound.
#[derive(Clone, Copy)]
enum Unit {
    Ns,
    Times,
    Bytes,
}

impl Unit {
    fn shown(self, value: f64) -> String {
        match self {
            Self::Ns => format!("{value:.1} ns"),
            Self::Times => times(value),
            Self::Bytes => format!("{value:.0} B"),
        }
    }
}

struct Judge<'a> {
    all: &'a [Figures],
    judged: Vec<Judged>,
}

/// Judges each target whose cases were measured.
#[must_use]
pub fn judge(all: &[Figures]) -> Vec<Judged> {
    let mut judge = Judge {
        all,
        judged: Vec::new(),
    };
    judge.retry();
    judge.timeout();
    judge.closed();
    judge.open();
    judge.limits();
    judge.stack();
    judge.allocations();
    judge.fault();
    judge.judged
}

impl<'a> Judge<'a> {
    fn retry(&mut self) {
        for row in self.ours(Path::Retry, Body::Ready) {
            self.two_ns_over_bare(row);
        }
    }

    fn timeout(&mut self) {
        for row in self.ours(Path::Timeout, Body::Ready) {
            self.at_most(
                row,
                "over one clock read",
                5.0,
                Unit::Ns,
                self.to(row, Path::Floor, CLOCK, over),
            );
        }
        for row in self.ours(Path::Timeout, Body::Yields) {
            self.at_most(
                row,
                "of tokio's own",
                1.05,
                Unit::Times,
                self.to(row, Path::Timeout, timeout::TOKIO, ratio),
            );
        }
    }

    fn closed(&mut self) {
        for row in self.ours(Path::Closed, Body::Ready) {
            if row.name == breaker::TIME {
                self.at_most(
                    row,
                    "of the best peer",
                    0.35,
                    Unit::Times,
                    self.to_best(row),
                );
            } else {
                self.two_ns_over_bare(row);
            }
            self.scales(row, 1.8);
        }
        for row in self.ours(Path::Failing, Body::Fails) {
            self.at_most(row, "of the best peer", 0.5, Unit::Times, self.to_best(row));
        }
    }

    fn open(&mut self) {
        for row in self.ours(Path::Open, Body::Refused) {
            self.at_most(
                row,
                "of one clock read",
                1.25,
                Unit::Times,
                self.to(row, Path::Floor, CLOCK, ratio),
            );
        }
    }

    fn limits(&mut self) {
        for row in self.ours(Path::RateLimit, Body::Ready) {
            let governor = self.to(row, Path::RateLimit, rate_limit::CHECK, ratio);
            self.at_most(row, "of governor", 1.1, Unit::Times, governor);
        }
        for path in [Path::Keys64, Path::KeysMillion] {
            for row in self.ours(path, Body::Ready) {
                self.at_most(
                    row,
                    "of governor, keyed",
                    1.0,
                    Unit::Times,
                    self.to_best(row),
                );
            }
        }
        for row in self.ours(Path::Bulkhead, Body::Ready) {
            let tokio = self.to(row, Path::Bulkhead, bulkhead::TRY_ACQUIRE, ratio);
            self.at_most(
                row,
                "of `Semaphore::try_acquire` and release",
                0.65,
                Unit::Times,
                tokio,
            );
        }
        for row in self.ours(Path::Adaptive, Body::Ready) {
            self.at_most(row, "a call", 40.0, Unit::Ns, median(&row.call));
            self.scales(row, 1.0);
        }
    }

    /// With their defaults; what has another breaker is shown only.
    fn stack(&mut self) {
        let all = self.all.iter();
        for row in all.filter(|row| row.path == Path::Stack && row.name == stack::OURS) {
            let by_hand = self.to(row, Path::Stack, stack::BY_HAND, ratio);
            match row.body {
                Body::Ready => {
                    self.at_most(row, "of the stack by hand", 0.3, Unit::Times, by_hand);
                    let resilience = self.to(row, Path::Stack, stack::TOWER_RESILIENCE, ratio);
                    self.at_most(row, "of tower-resilience", 0.05, Unit::Times, resilience);
                    let other = self.find(Path::Stack, row.body, stack::BY_HAND);
                    let throughput = other.and_then(|other| ratio(&other.beside, &row.beside));
                    self.at_least(
                        row,
                        "two tasks, throughput of the stack by hand",
                        3.0,
                        throughput,
                    );
                }
                Body::Yields => {
                    self.at_most(row, "of the stack by hand", 0.75, Unit::Times, by_hand);
                }
                Body::Holds | Body::Fails | Body::Refused => {}
            }
            let added = bare(self.all, row).map(|bare| row.size as f64 - bare.size as f64);
            self.at_most(
                row,
                "future, over the bare one's",
                320.0,
                Unit::Bytes,
                added,
            );
        }
    }

    fn allocations(&mut self) {
        let ours = self.all.iter().filter(|row| row.whose == Whose::Ours);
        let (none, some): (Vec<_>, Vec<_>) = ours.partition(|row| row.allocated.times == 0.0);
        if none.len() + some.len() > 0 {
            self.judged.push(Judged {
                what: "every path, refusals included".to_owned(),
                wanted: "allocations a call: 0".to_owned(),
                measured: format!("0 on {} of {}", none.len(), none.len() + some.len()),
                met: some.is_empty(),
            });
        }
    }

    fn fault(&mut self) {
        for row in self.ours(Path::Fault, Body::Ready) {
            let added = match row.name {
                fault::ALONE => self.over_bare(row),
                fault::WITH => self.to(row, Path::Fault, fault::WITHOUT, over),
                _ => continue,
            };
            self.at_most(row, "over the same without", 2.0, Unit::Ns, added);
        }
    }

    fn two_ns_over_bare(&mut self, row: &Figures) {
        let over = self.over_bare(row);
        self.at_most(row, "over the bare call", 2.0, Unit::Ns, over);
    }

    fn scales(&mut self, row: &Figures, bound: f64) {
        let gain = ratio(&row.alone, &row.beside);
        self.at_least(row, "two tasks over one", bound, gain);
    }

    fn at_most(&mut self, row: &Figures, of: &str, bound: f64, unit: Unit, value: Option<f64>) {
        let wanted = format!("{of}: <= {}", unit.shown(bound));
        self.push(
            row,
            wanted,
            value.map(|v| unit.shown(v)),
            value.is_some_and(|v| v <= bound),
        );
    }

    fn at_least(&mut self, row: &Figures, of: &str, bound: f64, value: Option<f64>) {
        let wanted = format!("{of}: >= {}", times(bound));
        self.push(
            row,
            wanted,
            value.map(times),
            value.is_some_and(|v| v >= bound),
        );
    }

    fn push(&mut self, row: &Figures, wanted: String, measured: Option<String>, met: bool) {
        let name = row.name;
        self.judged.push(Judged {
            what: format!("{}: {name}, {}", row.path.name(), row.body.name()),
            wanted,
            measured: measured.unwrap_or_else(|| "not measured".to_owned()),
            met,
        });
    }

    fn ours(&self, path: Path, body: Body) -> Vec<&'a Figures> {
        let ours =
            |row: &&Figures| row.path == path && row.body == body && row.whose == Whose::Ours;
        self.all.iter().filter(ours).collect()
    }

    /// The case of that name, of this body or of the only one that there is.
    fn find(&self, path: Path, body: Body, name: &str) -> Option<&'a Figures> {
        let named = || {
            self.all
                .iter()
                .filter(move |row| row.path == path && row.name == name)
        };
        named()
            .find(|row| row.body == body)
            .or_else(|| named().next())
    }

    fn to(
        &self,
        row: &Figures,
        path: Path,
        name: &str,
        by: fn(&Rounds, &Rounds) -> Option<f64>,
    ) -> Option<f64> {
        by(&row.call, &self.find(path, row.body, name)?.call)
    }

    fn to_best(&self, row: &Figures) -> Option<f64> {
        ratio(&row.call, &best_peer(self.all, row.path, row.body)?.call)
    }

    fn over_bare(&self, row: &Figures) -> Option<f64> {
        over(&row.call, &bare(self.all, row)?.call)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::allocations::Allocated;

    fn row(path: Path, whose: Whose, name: &'static str, ns: &[Option<f64>]) -> Figures {
        Figures {
            path,
            body: Body::Ready,
            whose,
            name,
            size: 0,
            allocated: Allocated::default(),
            call: ns.to_vec(),
            alone: Vec::new(),
            beside: Vec::new(),
        }
    }

    fn retried(ns: &[Option<f64>]) -> Vec<bool> {
        let bare = row(Path::Bare, Whose::Nobodys, "bare", &[Some(1.0), Some(2.0)]);
        let ours = row(Path::Retry, Whose::Ours, "ours", ns);
        let judged = judge(&[bare, ours]);
        let retry = judged.iter().filter(|one| one.what.starts_with("retry"));
        retry.map(|one| one.met).collect()
    }

    #[test]
    fn a_target_is_met_up_to_its_bound() {
        assert_eq!(retried(&[Some(3.0), Some(4.0)]), [true]);
        assert_eq!(retried(&[Some(3.1), Some(4.1)]), [false]);
    }

    #[test]
    fn what_has_no_figure_is_missed() {
        assert_eq!(retried(&[None, None]), [false]);
    }
}
