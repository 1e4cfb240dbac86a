//! The header `grpc-timeout`: at most eight digits and a unit.

use std::time::Duration;

use http::{HeaderName, HeaderValue};

pub(super) const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// The digits must make less than this.
const LIMIT: u128 = 100_000_000;

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

/// In the finest unit that holds it, rounded down: never more than `left`.
pub(super) fn write(left: Duration) -> HeaderValue {
    let most = HeaderValue::from_static("99999999H");
    NANOS
        .iter()
        .map(|&(letter, nanos)| (letter, left.as_nanos() / u128::from(nanos)))
        .find(|&(_, count)| count < LIMIT)
        .and_then(|(letter, count)| format!("{count}{}", char::from(letter)).try_into().ok())
        .unwrap_or(most)
}

#[cfg(test)]
mod tests {
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
    fn the_finest_unit_is_written_and_never_more_than_there_is() {
        for (left, sent) in [
            (Duration::from_nanos(1), "1n"),
            (Duration::from_nanos(99_999_999), "99999999n"),
            (Duration::from_nanos(100_000_999), "100000u"),
            (Duration::from_secs(100), "100000m"),
            (Duration::from_secs(100_000), "100000S"),
            (Duration::from_secs(100_000_000), "1666666M"),
            (Duration::from_secs(6_000_000_000), "1666666H"),
            (Duration::MAX, "99999999H"),
        ] {
            assert_eq!(write(left), sent);
            assert!(read(&write(left)).unwrap() <= left);
        }
    }
}
