//! Whether a user feels the attributes.

use super::measure::Figures;
use crate::statistics::ratio;

/// What they may cost of the requests a second, and add to the p99.
const FELT: f64 = 0.01;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Met,
    Missed,
    /// The control is off by more than the target asks for, and than was measured.
    Unknown,
}

impl Verdict {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missed => "**MISSED**",
            Self::Unknown => "**UNKNOWN**: the machine is too noisy",
        }
    }
}

/// Requests a second, and p99.
#[must_use]
pub fn judge(figures: &Figures) -> [Verdict; 2] {
    let Figures {
        bare,
        control,
        annotated,
        ..
    } = figures;
    [
        verdict(
            ratio(&annotated.per_second, &bare.per_second).map(|share| 1.0 - share),
            ratio(&control.per_second, &bare.per_second),
        ),
        verdict(
            ratio(&annotated.p99, &bare.p99).map(|share| share - 1.0),
            ratio(&control.p99, &bare.p99),
        ),
    ]
}

/// `worse` by which share, and the ratio of two that are the same.
fn verdict(worse: Option<f64>, control: Option<f64>) -> Verdict {
    let (Some(worse), Some(control)) = (worse, control) else {
        return Verdict::Unknown;
    };
    let noise = (control - 1.0).abs();
    if worse > FELT.max(noise) {
        Verdict::Missed
    } else if noise > FELT {
        Verdict::Unknown
    } else {
        Verdict::Met
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_better_than_bare_meets_the_target_too() {
        assert_eq!(verdict(Some(0.009), Some(1.0)), Verdict::Met);
        assert_eq!(verdict(Some(-0.05), Some(1.0)), Verdict::Met);
        assert_eq!(verdict(Some(0.011), Some(1.0)), Verdict::Missed);
    }

    #[test]
    fn less_than_the_control_is_off_by_is_not_known() {
        assert_eq!(verdict(Some(0.02), Some(0.97)), Verdict::Unknown);
        assert_eq!(verdict(Some(0.0), Some(1.02)), Verdict::Unknown);
        assert_eq!(verdict(Some(0.05), Some(1.02)), Verdict::Missed);
        assert_eq!(verdict(None, Some(1.0)), Verdict::Unknown);
    }
}
