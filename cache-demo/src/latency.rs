use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;

const LONGEST: Duration = Duration::from_secs(60 * 60);

/// Latencies of up to an hour, kept to three significant digits. A longer one counts as an hour.
#[derive(Clone, Debug)]
pub struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Self {
        let histogram = Histogram::new_with_max(nanos(LONGEST), 3);
        Latencies(histogram.expect("an hour to three digits is within what a histogram can keep"))
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl Latencies {
    pub fn record(&mut self, latency: Duration) {
        self.0.saturating_record(nanos(latency));
    }

    pub fn len(&self) -> u64 {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes those of `other` in as well.
    pub fn add(&mut self, other: &Latencies) {
        let added = self.0.add(&other.0);
        added.expect("all have the same bounds");
    }

    /// The latency that this percentage of the calls stayed within; `None` if there was no call.
    pub fn percentile(&self, percent: f64) -> Option<Duration> {
        (!self.0.is_empty()).then(|| Duration::from_nanos(self.0.value_at_percentile(percent)))
    }

    /// How many latencies lie up to 1, 2, 5, 10, 20, 50 .. of a unit and above the step before, from the first step
    /// that has any to the last.
    pub fn bars(&self) -> Vec<(Duration, u64)> {
        let steps = (3..).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_u64.pow(power)));
        let mut bars = Vec::new();
        let mut counted = 0;
        for step in steps {
            if counted == self.0.len() {
                break;
            }
            let within = self.0.count_between(0, step).max(counted);
            if within > 0 {
                bars.push((Duration::from_nanos(step), within - counted));
            }
            counted = within;
        }
        bars
    }
}

impl FromIterator<Duration> for Latencies {
    fn from_iter<I: IntoIterator<Item = Duration>>(durations: I) -> Self {
        let mut latencies = Latencies::default();
        for duration in durations {
            latencies.record(duration);
        }
        latencies
    }
}

/// A duration as a person says it: three digits at most, and one unit.
#[derive(Clone, Copy, Debug)]
pub struct Short(pub Duration);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.as_secs_f64() * 1e6;
        let (number, unit) = match micros {
            ..999.5 => (micros, "µs"),
            ..999_500.0 => (micros / 1e3, "ms"),
            _ => (micros / 1e6, "s"),
        };
        let digits = usize::from(number < 99.95);
        let number = format!("{number:.digits$}");
        let number = number.strip_suffix(".0").unwrap_or(&number);
        f.pad(&format!("{number} {unit}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_a_person_says_them() {
        let shown = |nanos| Short(Duration::from_nanos(nanos)).to_string();
        assert_eq!(shown(0), "0 µs");
        assert_eq!(shown(860), "0.9 µs");
        assert_eq!(shown(12_340), "12.3 µs");
        assert_eq!(shown(999_900), "1 ms");
        assert_eq!(shown(400_000_000), "400 ms");
        assert_eq!(shown(1_250_000_000), "1.2 s");
    }

    #[test]
    fn percentiles_are_of_what_was_recorded() {
        assert_eq!(Latencies::default().percentile(50.0), None);
        let latencies: Latencies = (1..=100).map(Duration::from_millis).collect();
        let median = latencies.percentile(50.0).expect("there are some");
        assert!(median.abs_diff(Duration::from_millis(50)) < Duration::from_millis(1));
    }
}
