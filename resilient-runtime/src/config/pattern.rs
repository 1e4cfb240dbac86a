//! Names with a `*` in them, and which of two is more exact.

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

/// Whether `name` is what `pattern` means, where `*` is any text, none included.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let Some((first, others)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let (middle, last) = others.rsplit_once('*').unwrap_or(("", others));
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    // The earliest place for each part leaves most to those after it.
    for part in middle.split('*') {
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        rest = after;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_text() {
        for (pattern, name) in [
            ("*", ""),
            ("*", "shop::stock::get"),
            ("shop::*", "shop::stock::get"),
            ("*::get", "shop::stock::get"),
            ("shop::*::get", "shop::stock::get"),
            ("*stock*", "shop::stock::get"),
            ("shop::stock::get*", "shop::stock::get"),
            ("s*s*t", "shop::stock::get"),
            ("a*a", "aaa"),
            ("**", "a"),
            ("*ab*ab", "abab"),
            ("<* as *>::get", "<shop::Stock as shop::Get>::get"),
            ("é*ü", "éaü"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("shop", "shop::stock"),
            ("shop::*", "shop:"),
            ("*::get", "shop::stock::get_all"),
            ("a*a", "a"),
            ("a*b*a", "aba_"),
            ("*ab*ab", "ab"),
            ("", "a"),
        ] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn a_name_is_more_exact_than_a_pattern_and_a_long_pattern_than_a_short_one() {
        let order = ["*", "**a", "shop*", "*shop::*", "a"];
        assert!(order.is_sorted_by(|a, b| Exactness::of(a) < Exactness::of(b)));
        assert_eq!(Exactness::of("*"), Exactness::of("**"));
    }
}
