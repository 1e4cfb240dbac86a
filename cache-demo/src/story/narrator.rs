//! Tells the story to a person.

use std::io::{self, Write};
use std::ops::RangeInclusive;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use resilient_runtime::{BreakerState, EventKind, Layer};
use tokio::time::sleep;

use super::report::Report;
use super::steps::{refused_at_once, steps};
use super::table::aligned;
use crate::latency::{Latencies, Short};
use crate::waiting::{Waiting, is_watched};
use crate::watch::{Answer, Watched};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const SERVER: Style = AnsiColor::Green.on_default();
const FALLBACK: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const BREAKER: Style = AnsiColor::Cyan.on_default();

const WIDTH: usize = 96;

/// Writes what happens as it happens. Calls that went alike are told together, in one line.
#[expect(missing_debug_implementations, reason = "a writer of any kind")]
pub struct Narrator {
    out: Box<dyn Write>,
    watched: bool,
    alike: Option<Alike>,
}

/// A run of calls that went alike.
struct Alike {
    calls: RangeInclusive<u32>,
    how: How,
    latencies: Latencies,
}

#[derive(Clone, Copy, PartialEq)]
enum How {
    FirstTry,
    Refused,
}

impl Narrator {
    /// On stdout; with colour and progress bars only on a terminal.
    pub fn aloud() -> Self {
        Narrator {
            out: Box::new(anstream::stdout()),
            watched: is_watched(),
            alike: None,
        }
    }

    pub fn to(out: impl Write + 'static) -> Self {
        Narrator {
            out: Box::new(anstream::StripStream::new(Box::new(out) as Box<dyn Write>)),
            watched: false,
            alike: None,
        }
    }

    pub fn silent() -> Self {
        Narrator {
            out: Box::new(io::sink()),
            watched: false,
            alike: None,
        }
    }

    pub(super) fn say(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.out, "{line}")?;
        self.out.flush()
    }

    /// What stands above the function, outermost first, with its settings.
    pub(super) fn layers(&mut self, layers: &[&dyn Layer]) -> io::Result<()> {
        let width = layers.iter().map(|layer| layer.kind().name().len()).max();
        let width = width.unwrap_or_default();
        for layer in layers {
            let settings = layer.settings().into_iter();
            let mut settings: Vec<_> = settings
                .filter_map(|setting| Some(format!("{} {}", setting.knob, setting.value?)))
                .collect();
            let last = settings.pop();
            let phrases = settings.into_iter().map(|setting| setting + ", ");
            let phrases = phrases.chain(last).map(|text| (text.len(), text)).collect();
            let name = layer.kind().name();
            self.say(&wrapped(&format!("{name:<width$}"), phrases))?;
        }
        Ok(())
    }

    pub(super) fn act(&mut self, name: &str, what_happens: &str) -> io::Result<()> {
        self.say("")?;
        self.say(&format!("{BOLD}{name}{BOLD:#}  {what_happens}"))
    }

    pub(super) fn call(&mut self, number: u32, call: &Watched<()>) -> io::Result<()> {
        let how = match call.answer() {
            Answer::Server { attempts: 1 } if call.events.is_empty() => Some(How::FirstTry),
            Answer::Fallback if refused_at_once(&call.events) => Some(How::Refused),
            _ => None,
        };
        self.breaker(call, |state| state == BreakerState::HalfOpen)?;
        match (&mut self.alike, how) {
            (Some(alike), Some(how)) if alike.how == how => {
                alike.calls = *alike.calls.start()..=number;
                alike.latencies.record(call.took);
            }
            (_, Some(how)) => {
                self.end_of_run()?;
                self.alike = Some(Alike {
                    calls: number..=number,
                    how,
                    latencies: [call.took].into_iter().collect(),
                });
            }
            (_, None) => {
                self.end_of_run()?;
                self.one_call(number, call)?;
            }
        }
        self.breaker(call, |state| state != BreakerState::HalfOpen)
    }

    /// Tells of the changes of the breaker during this call: it becomes half-open before, everything else after it.
    fn breaker(&mut self, call: &Watched<()>, told: fn(BreakerState) -> bool) -> io::Result<()> {
        for event in &call.events {
            let EventKind::BreakerChanged(change) = event else {
                continue;
            };
            if !told(change.to()) {
                continue;
            }
            self.end_of_run()?;
            let (from, to, why) = (change.from(), change.to(), change.cause());
            let until = match change.open_for() {
                Some(time) => format!("; it takes a probe in {}", Short(time)),
                None => String::new(),
            };
            self.say(&format!(
                "  {BREAKER}breaker         {from} -> {to}: {why}{until}{BREAKER:#}"
            ))?;
        }
        Ok(())
    }

    fn one_call(&mut self, number: u32, call: &Watched<()>) -> io::Result<()> {
        let (style, who) = match (call.answer(), &call.result) {
            (Answer::Server { attempts: 1 }, _) => (SERVER, "answered by the server".to_owned()),
            (Answer::Server { attempts }, _) => {
                (SERVER, format!("attempt {attempts} answered by the server"))
            }
            (Answer::Fallback, _) => (FALLBACK, "answered with the last value seen".to_owned()),
            (Answer::Nobody, Err(error)) => (BAD, format!("no answer: {}", error.message())),
            (Answer::Nobody, Ok(())) => (BAD, "no answer".to_owned()),
        };
        let mut phrases: Vec<_> = steps(&call.events)
            .into_iter()
            .map(|step| (step.len() + 2, format!("{step}, ")))
            .collect();
        let took = format!("in {}", Short(call.took));
        phrases.push((
            who.len() + 1 + took.len(),
            format!("{style}{who}{style:#} {DIM}{took}{DIM:#}"),
        ));

        self.say(&wrapped(&format!("call {number}"), phrases))
    }

    /// Tells the run of like calls, if one is still to be told.
    pub(super) fn end_of_run(&mut self) -> io::Result<()> {
        let Some(alike) = self.alike.take() else {
            return Ok(());
        };
        let (first, last) = (alike.calls.start(), alike.calls.end());
        let calls = if first == last {
            format!("call {first}")
        } else {
            format!("calls {first}-{last}")
        };
        let (style, who) = match alike.how {
            How::FirstTry => (SERVER, "answered by the server at the first try"),
            How::Refused => (
                FALLBACK,
                "refused by the open breaker, answered with the last value seen",
            ),
        };
        let took = Short(alike.latencies.percentile(50.0).unwrap_or_default());
        let half = if first == last { "" } else { " (p50)" };
        self.say(&format!(
            "  {calls:<15} {style}{who}{style:#} {DIM}in {took}{half}{DIM:#}"
        ))
    }

    /// Waits, and on a terminal shows for how long.
    pub(super) async fn pause(&mut self, time: Duration, what_for: &str) -> io::Result<()> {
        self.end_of_run()?;
        self.say(&format!(
            "  {DIM}{:<15} {what_for}{DIM:#}",
            Short(time).to_string()
        ))?;
        let _bar = self.bar(time);
        sleep(time).await;
        Ok(())
    }

    /// Shows on a terminal how much of this time has passed.
    pub(super) fn bar(&self, time: Duration) -> Waiting {
        if self.watched {
            Waiting::bar(time)
        } else {
            Waiting::nothing()
        }
    }

    /// Shows on a terminal that something is awaited, until it is dropped.
    pub(super) fn spinner(&self, what_for: &'static str) -> Waiting {
        if self.watched {
            Waiting::spinner(what_for)
        } else {
            Waiting::nothing()
        }
    }

    pub(super) fn table(&mut self, report: &Report) -> io::Result<()> {
        const HEAD: [[&str; 10]; 2] = [
            [
                "", "", "", "server,", "server,", "last", "", "", "reached", "",
            ],
            [
                "act", "calls", "answered", "1st try", "retried", "value", "p50", "p99", "server",
                "breaker",
            ],
        ];
        let mut rows: Vec<_> = HEAD.map(|row| row.map(str::to_owned)).into();
        for (name, act) in report.acts.in_order() {
            let latency = |us: Option<f64>| match us {
                Some(us) => Short(Duration::from_secs_f64(us / 1e6)).to_string(),
                None => "-".to_owned(),
            };
            rows.push([
                name.to_owned(),
                act.calls.to_string(),
                act.answered.to_string(),
                act.by_server_at_first_try.to_string(),
                act.by_server_after_retries.to_string(),
                act.by_fallback.to_string(),
                latency(act.p50_us),
                latency(act.p99_us),
                act.reached_server.to_string(),
                act.breaker_path(),
            ]);
        }
        self.say("")?;
        self.rows(&rows, HEAD.len())
    }

    /// Columns under each other; the first rows are the head.
    pub(super) fn rows<const N: usize>(
        &mut self,
        rows: &[[String; N]],
        head: usize,
    ) -> io::Result<()> {
        for (at, line) in aligned(rows).iter().enumerate() {
            let style = if at < head { BOLD } else { Style::new() };
            self.say(&format!("{style}{line}{style:#}"))?;
        }
        Ok(())
    }

    pub(super) fn claims(&mut self, report: &Report) -> io::Result<()> {
        self.say("")?;
        for claim in &report.claims {
            let (style, mark) = if claim.held {
                (SERVER, "held  ")
            } else {
                (BAD, "FAILED")
            };
            self.say(&format!(
                "{style}{mark}{style:#}  {:<8}  {} {DIM}({}){DIM:#}",
                claim.act, claim.says, claim.figures
            ))?;
        }
        let held = report.claims.iter().filter(|claim| claim.held).count();
        let (all, seconds) = (report.claims.len(), report.seconds);
        self.say("")?;
        self.say(&format!("{held} of {all} claims held, in {seconds:.1} s."))
    }
}

/// A line of phrases, each with the width that it takes, behind a heading; too long a line goes on below.
fn wrapped(heading: &str, phrases: Vec<(usize, String)>) -> String {
    let mut line = format!("  {heading:<15} ");
    let indent = line.len();
    let mut column = indent;
    for (width, phrase) in phrases {
        if column > indent && column + width > WIDTH {
            line.truncate(line.trim_end().len());
            line.push_str(&format!("\n{:indent$}", ""));
            column = indent;
        }
        column += width;
        line.push_str(&phrase);
    }
    line.truncate(line.trim_end().len());
    line
}
