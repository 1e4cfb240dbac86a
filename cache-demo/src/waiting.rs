//! What a terminal shows while there is nothing to tell yet.

use std::io::{IsTerminal, stderr, stdout};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinHandle;
use tokio::time::{interval, sleep};

const TICK: Duration = Duration::from_millis(100);
const SOON: Duration = Duration::from_millis(300);

/// Something that moves on the terminal; gone when it is dropped.
#[derive(Debug)]
pub struct Waiting {
    bar: ProgressBar,
    moving: Option<JoinHandle<()>>,
}

/// Whether somebody is watching. What goes to a file gets no bars.
pub fn is_watched() -> bool {
    stdout().is_terminal() && stderr().is_terminal()
}

impl Waiting {
    pub fn nothing() -> Self {
        Waiting {
            bar: ProgressBar::hidden(),
            moving: None,
        }
    }

    /// A wait of unknown length; one that is soon over shows nothing.
    pub fn spinner(what_for: &'static str) -> Self {
        let bar = ProgressBar::no_length()
            .with_style(style("  {spinner} {msg} {elapsed}"))
            .with_message(what_for);
        let shown = bar.clone();
        let moving = tokio::spawn(async move {
            sleep(SOON).await;
            shown.enable_steady_tick(TICK);
        });
        Waiting {
            bar,
            moving: Some(moving),
        }
    }

    /// Whether there is anything to be seen.
    pub fn is_shown(&self) -> bool {
        !self.bar.is_hidden()
    }

    /// Says something beside the bar.
    pub fn say(&self, text: String) {
        self.bar.set_message(text);
    }

    /// A wait of this length.
    pub fn bar(time: Duration) -> Self {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let bar = ProgressBar::new(millis(time)).with_style(style("  {bar:40.cyan/dim} {msg}"));
        let began = Instant::now();
        let moved = bar.clone();
        let moving = tokio::spawn(async move {
            let mut ticks = interval(TICK);
            loop {
                ticks.tick().await;
                moved.set_position(millis(began.elapsed()));
            }
        });
        Waiting {
            bar,
            moving: Some(moving),
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(moving) = &self.moving {
            moving.abort();
        }
        self.bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is well-formed")
}
