//! The header `grpc-timeout`: at most eight digits and a unit.

use std::time::Duration;

use http::{HeaderName, HeaderValue};

use crate::clock::nanos_of;

pub(super) const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

const NANOS: [(u8, u64); 6] = [
    (b'n', 1),
    (b'u', 1_000),
    (b'm', 1_000_000),
    (b'S', 1_000_000_000),
    (b'M', 60_000_000_000),
    (b'H', 3_600_000_000_000),
];

/// `None` if it is malformed.
pub(super) fn read(value: &HeaderValue) -> Option<Duration> {
    let (unit, digits) = value.as_bytes().split_last()?;
    let (_, nanos) = NANOS.iter().find(|(letter, _)| letter == unit)?;
    // `parse` would take a sign, too.
    if !(1..=8).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let count: u32 = str::from_utf8(digits).ok()?.parse().ok()?;
    Some(Duration::from_nanos(*nanos).saturating_mul(count))
}

/// The header, and the time that it says: `left` in three digits, so never longer than that and at most 1 % shorter.
///
/// So calls send the same value again, which HPACK's table has. One that differs in each call is looked for among all
/// before it, and pushes out of the table what the calls share: 9k instructions a call over h2. Not to index it
/// (`set_sensitive`) costs 3k in any case.
pub(super) fn write(left: Duration) -> (HeaderValue, Duration) {
    let left = nanos_of(left);
    let coarse = NANOS.iter().rev().find(|(_, nanos)| left / nanos >= 100);
    let &(letter, nanos) = coarse.unwrap_or(&NANOS[0]);
    let count = left / nanos;
    let digits = count.checked_ilog10().unwrap_or(0) + 1;
    let count = count - count % 10_u64.pow(digits.saturating_sub(3));
    let value = format!("{count}{}", char::from(letter)).try_into();
    (
        value.unwrap_or(HeaderValue::from_static("0n")),
        Duration::from_nanos(count * nanos),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read_str(sent: &str) -> Option<Duration> {
        read(&HeaderValue::from_str(sent).unwrap())
    }

    #[test]
    fn each_unit_is_read() {
        for (sent, wait) in [
            ("82n", Duration::from_nanos(82)),
            ("2u", Duration::from_micros(2)),
            ("13m", Duration::from_millis(13)),
            ("0m", Duration::ZERO),
            ("00000042S", Duration::from_secs(42)),
            ("1M", Duration::from_secs(60)),
            ("99999999H", Duration::from_secs(99_999_999 * 3_600)),
        ] {
            assert_eq!(read_str(sent), Some(wait), "{sent}");
        }
    }

    #[test]
    fn what_the_specification_does_not_allow_is_malformed() {
        for sent in [
            "",
            "S",
            "1",
            "123456789m",
            "1f",
            "1s",
            "+1S",
            "-1S",
            "1.5S",
            " 1S",
            "1 S",
            "oneS",
            "1SS",
        ] {
            assert_eq!(read_str(sent), None, "{sent}");
        }
        assert_eq!(read(&HeaderValue::from_bytes(b"\xff1S").unwrap()), None);
    }

    #[test]
    fn three_digits_are_written_and_never_more_than_there_is() {
        for (left, sent) in [
            (Duration::ZERO, "0n"),
            (Duration::from_nanos(1), "1n"),
            (Duration::from_nanos(99_999), "99900n"),
            (Duration::from_nanos(100_000), "100u"),
            (Duration::from_micros(99_949), "99900u"),
            (Duration::from_millis(475), "475m"),
            (Duration::from_micros(1_999_999), "1990m"),
            (Duration::from_secs(100), "100S"),
            (Duration::from_secs(6_000), "100M"),
            (Duration::from_secs(359_999), "5990M"),
            (Duration::from_secs(100_000 * 3_600), "100000H"),
            // Further than a count of nanoseconds reaches.
            (Duration::MAX, "5120000H"),
        ] {
            let (header, says) = write(left);
            assert_eq!(header, sent);
            assert_eq!(read(&header), Some(says));
        }
    }

    proptest! {
        #[test]
        fn at_most_a_hundredth_is_lost(nanos in any::<u64>(), shift in 0..64_u32) {
            let left = Duration::from_nanos(nanos >> shift);
            let (header, says) = write(left);
            prop_assert_eq!(read(&header), Some(says));
            prop_assert!(says <= left && left - says <= left / 100);
        }
    }
}
