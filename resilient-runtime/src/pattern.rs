//! Names of functions with a `*` in them.

/// Whether `name` is what `pattern` means, where `*` is any text, none included.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
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
}
