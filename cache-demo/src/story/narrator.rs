//! Tells the story to a person.

use std::io::{self, IsTerminal, Write};
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressStyle};
use resilient_runtime::{EventKind, StateChange};
use tokio::time::sleep;

use super::report::Report;
use super::steps::{refused_at_once, steps};
use crate::latency::{Latencies, Short};
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
    bars: bool,
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
            bars: io::stdout().is_terminal(),
            alike: None,
        }
    }

    pub fn to(out: impl Write + 'static) -> Self {
        Narrator {
            out: Box::new(anstream::StripStream::new(Box::new(out) as Box<dyn Write>)),
            bars: false,
            alike: None,
        }
    }

    pub fn silent() -> Self {
        Narrator {
            out: Box::new(io::sink()),
            bars: false,
            alike: None,
        }
    }

    pub(super) fn say(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.out, "{line}")?;
        self.out.flush()
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
        for event in &call.events {
            if let EventKind::BreakerChanged(change) = event {
                self.end_of_run()?;
                self.breaker(change)?;
            }
        }
        Ok(())
    }

    fn one_call(&mut self, number: u32, call: &Watched<()>) -> io::Result<()> {
        let (style, who) = match (call.answer(), &call.result) {
            (Answer::Server { .. }, _) => (SERVER, "answered by the server".to_owned()),
            (Answer::Fallback, _) => (FALLBACK, "answered with the last value seen".to_owned()),
            (Answer::Nobody, Err(error)) => (BAD, format!("no answer: {}", error.message())),
            (Answer::Nobody, Ok(())) => (BAD, "no answer".to_owned()),
        };
        let mut line = format!("  call {number:<7} ");
        let indent = line.len();
        let mut column = indent;
        for step in steps(&call.events) {
            if column + step.len() + 2 > WIDTH {
                line.push_str(&format!("\n{:indent$}", ""));
                column = indent;
            }
            column += step.len() + 2;
            line.push_str(&format!("{step}, "));
        }
        let took = Short(call.took);
        if column + who.len() + 12 > WIDTH {
            line.push_str(&format!("\n{:indent$}", ""));
        }
        self.say(&format!(
            "{line}{style}{who}{style:#} {DIM}in {took}{DIM:#}"
        ))
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
        self.say(&format!(
            "  {calls:<12} {style}{who}{style:#} {DIM}in {took}{DIM:#}"
        ))
    }

    fn breaker(&mut self, change: &StateChange) -> io::Result<()> {
        let (from, to, why) = (change.from(), change.to(), change.cause());
        let until = match change.open_for() {
            Some(time) => format!("; it takes a probe in {}", Short(time)),
            None => String::new(),
        };
        self.say(&format!(
            "  {BREAKER}breaker      {from} -> {BOLD}{to}{BOLD:#}{BREAKER}: {why}{until}{BREAKER:#}"
        ))
    }

    /// Waits, and on a terminal shows for how long.
    pub(super) async fn pause(&mut self, time: Duration, what_for: &str) -> io::Result<()> {
        self.end_of_run()?;
        self.say(&format!("  {DIM}{:<12} {what_for}{DIM:#}", Short(time)))?;
        let bar = self.bar();
        bar.set_length(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        let began = Instant::now();
        while let Some(left) = time.checked_sub(began.elapsed()) {
            bar.set_position(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX));
            sleep(left.min(Duration::from_millis(50))).await;
        }
        bar.finish_and_clear();
        Ok(())
    }

    /// Shows on a terminal that something is awaited, until the bar is dropped.
    pub(super) fn spinner(&self, what_for: &str) -> Spinner {
        let bar = self.bar();
        bar.set_style(
            ProgressStyle::with_template("  {spinner} {msg} {elapsed:.dim}")
                .expect("the template is well-formed"),
        );
        bar.set_message(what_for.to_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        Spinner(bar)
    }

    fn bar(&self) -> ProgressBar {
        if !self.bars {
            return ProgressBar::hidden();
        }
        ProgressBar::no_length().with_style(
            ProgressStyle::with_template("  {bar:40.cyan/dim}")
                .expect("the template is well-formed"),
        )
    }

    pub(super) fn table(&mut self, report: &Report) -> io::Result<()> {
        const HEAD: [&str; 10] = [
            "act", "calls", "answered", "1st try", "retried", "fallback", "p50", "p99", "reached",
            "breaker",
        ];
        let mut rows = vec![HEAD.map(str::to_owned)];
        for (name, act) in report.acts.in_order() {
            let latency = |us: Option<f64>| match us {
                Some(us) => Short(Duration::from_secs_f64(us / 1e6)).to_string(),
                None => "-".to_owned(),
            };
            let mut states: Vec<_> = act.breaker.iter().map(|change| change.to).collect();
            if let Some(first) = act.breaker.first() {
                states.insert(0, first.from);
            }
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
                states.join(" -> "),
            ]);
        }
        self.say("")?;
        self.say(&format!(
            "{DIM}{:17}            answered by the server{DIM:#}",
            ""
        ))?;
        for (at, row) in rows.iter().enumerate() {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let width = rows.iter().map(|row| row[column].chars().count()).max();
                let width = width.unwrap_or_default();
                match column {
                    0 => line.push_str(&format!("{cell:<width$}")),
                    9 => line.push_str(&format!("  {cell}")),
                    _ => line.push_str(&format!("  {cell:>width$}")),
                }
            }
            match at {
                0 => self.say(&format!("{BOLD}{line}{BOLD:#}"))?,
                _ => self.say(&line)?,
            }
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
                "{style}{mark}{style:#}  {:<8} {} {DIM}({}){DIM:#}",
                claim.act, claim.says, claim.figures
            ))?;
        }
        Ok(())
    }
}

/// Gone from the terminal when it is dropped.
pub(super) struct Spinner(ProgressBar);

impl Drop for Spinner {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
