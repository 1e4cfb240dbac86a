//! Medians, and ratios of the same rounds.

use crate::measure::Rounds;

/// The value below which that share of the rounds lies.
#[must_use]
pub fn quantile(rounds: &[Option<f64>], share: f64) -> Option<f64> {
    let mut values: Vec<f64> = rounds.iter().flatten().copied().collect();
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    Some(values[(share * last as f64).round() as usize])
}

#[must_use]
pub fn median(rounds: &[Option<f64>]) -> Option<f64> {
    quantile(rounds, 0.5)
}

/// What each round makes of both.
pub fn paired(a: &Rounds, b: &Rounds, each: impl Fn(f64, f64) -> f64) -> Rounds {
    a.iter()
        .zip(b)
        .map(|(a, b)| a.zip(*b).map(|(a, b)| each(a, b)))
        .collect()
}

/// Where the median of endlessly many such rounds lies, in 95 cases of 100: between two of the values, by their ranks.
#[must_use]
pub fn interval(rounds: &[Option<f64>]) -> Option<(f64, f64)> {
    let values = rounds.iter().flatten().count() as f64;
    // A rank is off by half of the root at each standard deviation.
    let off = 1.96 * 0.5 / values.sqrt();
    let low = quantile(rounds, (0.5 - off).max(0.0))?;
    let high = quantile(rounds, (0.5 + off).min(1.0))?;
    Some((low, high))
}

/// How many times `b` it is.
#[must_use]
pub fn ratio(a: &Rounds, b: &Rounds) -> Option<f64> {
    median(&paired(a, b, |a, b| a / b))
}

/// How much more than `b` it is.
#[must_use]
pub fn over(a: &Rounds, b: &Rounds) -> Option<f64> {
    median(&paired(a, b, |a, b| a - b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_of_the_same_rounds_and_leaves_out_those_that_one_lacks() {
        let a = vec![Some(2.0), Some(30.0), None, Some(6.0)];
        let b = vec![Some(1.0), Some(10.0), Some(9.0), None];
        assert_eq!(ratio(&a, &b), Some(3.0));
        assert_eq!(ratio(&vec![None], &vec![Some(1.0)]), None);
    }

    #[test]
    fn the_more_rounds_the_closer_the_median() {
        let rounds: Rounds = (0..=100).map(|i| Some(f64::from(i))).collect();
        assert_eq!(interval(&rounds), Some((40.0, 60.0)));
        assert_eq!(interval(&rounds[..2]), Some((0.0, 1.0)));
        assert_eq!(interval(&[None]), None);
    }

    #[test]
    fn quantiles_of_eleven() {
        let rounds: Rounds = (0..=10).rev().map(|i| Some(f64::from(i))).collect();
        assert_eq!(quantile(&rounds, 0.1), Some(1.0));
        assert_eq!(median(&rounds), Some(5.0));
        assert_eq!(quantile(&rounds, 0.9), Some(9.0));
    }
}
