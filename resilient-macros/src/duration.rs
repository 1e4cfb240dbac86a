//! `"250ms"`, `"2s"`, `"1m 30s"`.

use std::time::Duration;

use proc_macro2::{Literal, Span, TokenStream};
use quote::{ToTokens, quote_spanned};

use crate::tokens::moved;

const UNITS: &[(&str, u128)] = &[
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

/// Nanoseconds in a `u64`: more than five hundred years, and what arithmetic on it can hold.
const LONGEST: u128 = u64::MAX as u128;

/// Reads whole numbers with their units, added up.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(not_a_duration(text));
    }
    let mut nanos: u128 = 0;
    while !rest.is_empty() {
        let digits = prefix(rest, |c| c.is_ascii_digit());
        let after = rest.strip_prefix(digits).unwrap_or_default();
        if after.starts_with('.') {
            return Err(format!(
                "\"{text}\" has a fraction: write whole numbers, like \"1s 500ms\" or \"1500ms\""
            ));
        }
        let after = after.trim_start();
        let unit = prefix(after, char::is_alphabetic);
        let number: u128 = digits.parse().map_err(|_| not_a_duration(text))?;
        if unit.is_empty() {
            return Err(format!(
                "\"{text}\" lacks a unit: write \"{number}ms\" or \"{number}s\""
            ));
        }
        let factor = UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .map(|(_, factor)| *factor)
            .ok_or_else(|| {
                format!("`{unit}` is not a unit of time: use ns, us, ms, s, m, h or d")
            })?;
        nanos = number
            .checked_mul(factor)
            .and_then(|part| nanos.checked_add(part))
            .filter(|nanos| *nanos <= LONGEST)
            .ok_or_else(|| format!("\"{text}\" is longer than five hundred years"))?;
        rest = after.strip_prefix(unit).unwrap_or_default().trim_start();
    }
    u64::try_from(nanos)
        .map(Duration::from_nanos)
        .map_err(|_| not_a_duration(text))
}

fn not_a_duration(text: &str) -> String {
    format!(
        "\"{text}\" is not a duration: write numbers with their units, like \"250ms\", \"2s\" or \"1m 30s\""
    )
}

fn prefix(text: &str, belongs: impl Fn(char) -> bool) -> &str {
    let end = text.find(|c| !belongs(c)).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

/// Writes it in the largest unit that holds it exactly.
pub(crate) fn write(duration: Duration, at: Span, tokens: &mut TokenStream) {
    let nanos = duration.as_nanos();
    let (constructor, size) = [
        ("from_secs", 1_000_000_000),
        ("from_millis", 1_000_000),
        ("from_micros", 1_000),
    ]
    .into_iter()
    .find(|(_, size)| nanos.is_multiple_of(*size))
    .unwrap_or(("from_nanos", 1));
    let constructor = proc_macro2::Ident::new(constructor, at);
    let mut number = Literal::u128_unsuffixed(nanos / size);
    number.set_span(at);
    moved(quote_spanned!(at=> __resilient::Duration::#constructor(#number))).to_tokens(tokens);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str) -> Result<u128, String> {
        parse(text).map(|duration| duration.as_millis())
    }

    #[test]
    fn numbers_with_units_add_up() {
        assert_eq!(ms("250ms"), Ok(250));
        assert_eq!(ms("1m 30s"), Ok(90_000));
        assert_eq!(ms("1m30s"), Ok(90_000));
        assert_eq!(ms(" 2 s "), Ok(2_000));
        assert_eq!(ms("1d 1h"), Ok(90_000_000));
        assert_eq!(parse("7us"), Ok(Duration::from_micros(7)));
        assert_eq!(parse("7µs 3ns"), Ok(Duration::from_nanos(7_003)));
        assert_eq!(ms("0s"), Ok(0));
    }

    #[test]
    fn what_is_not_a_duration_says_what_to_write() {
        for (text, says) in [
            ("", "is not a duration"),
            ("fast", "is not a duration"),
            ("-1s", "is not a duration"),
            ("250", "lacks a unit: write \"250ms\""),
            ("5sec", "`sec` is not a unit of time"),
            ("1.5s", "has a fraction"),
            ("1s,2s", "is not a duration"),
            ("700000d", "longer than five hundred years"),
            (
                "99999999999999999999999999999999999999999s",
                "is not a duration",
            ),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.contains(says), "{text:?} gave {error:?}");
        }
    }

    #[test]
    fn the_largest_exact_unit_is_written() {
        let written = |text| {
            let mut tokens = TokenStream::new();
            write(parse(text).expect(text), Span::call_site(), &mut tokens);
            tokens.to_string().replace(' ', "")
        };
        assert_eq!(written("1m 30s"), "__resilient::Duration::from_secs(90)");
        assert_eq!(
            written("1500ms"),
            "__resilient::Duration::from_millis(1500)"
        );
        assert_eq!(written("3us"), "__resilient::Duration::from_micros(3)");
        assert_eq!(written("3ns"), "__resilient::Duration::from_nanos(3)");
    }
}
