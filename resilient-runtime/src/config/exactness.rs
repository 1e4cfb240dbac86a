//! Which of two names of functions is more exact.

/// How exactly a name says which function is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Exactness {
    /// A pattern with so many characters that are meant as they are.
    Pattern(usize),
    /// A name in full.
    Name,
}

impl Exactness {
    pub(super) fn of(name: &str) -> Self {
        if name.contains('*') {
            Self::Pattern(name.chars().filter(|&c| c != '*').count())
        } else {
            Self::Name
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_more_exact_than_a_pattern_and_a_long_pattern_than_a_short_one() {
        let order = ["*", "**a", "shop*", "*shop::*", "a"];
        assert!(order.is_sorted_by(|a, b| Exactness::of(a) < Exactness::of(b)));
        assert_eq!(Exactness::of("*"), Exactness::of("**"));
    }
}
