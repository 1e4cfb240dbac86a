//! What a gRPC status means to a policy, and how it tells of one.

use std::error::Error;
use std::iter;
use std::sync::Arc;
use std::time::Duration;

use tonic::metadata::{Ascii, MetadataValue};
use tonic::{Code, Status, TimeoutExpired};
use tonic_types::{ErrorDetails, StatusExt};

use crate::classify::{Classify, ErrorClass, in_chain};
use crate::error::{PolicyError, PolicyErrorKind};

/// Milliseconds until another attempt is welcome. Anything but a number, a negative
/// one, and several of them ask for no other attempt (gRPC proposal A6). It is the word of
/// whoever answered, so it goes before `RetryInfo`, which may come from further away.
const PUSHBACK: &str = "grpc-retry-pushback-ms";

impl Classify for Status {
    fn class(&self) -> ErrorClass {
        match self.code() {
            Code::Unavailable | Code::DeadlineExceeded | Code::Aborted => ErrorClass::Transient,
            Code::Internal | Code::Unknown | Code::DataLoss => ErrorClass::ServerFault,
            Code::ResourceExhausted => ErrorClass::Overload,
            // tonic says so of a call that its own client timed out.
            Code::Cancelled if self.source().is_some_and(timed_out_locally) => {
                ErrorClass::Transient
            }
            _ => ErrorClass::CallerFault,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        let mut sent = self.metadata().get_all(PUSHBACK).iter();
        match (sent.next(), sent.next()) {
            (None, _) => self.get_details_retry_info()?.retry_delay,
            (Some(pushback), None) => Some(read(pushback)),
            (Some(_), Some(_)) => Some(Duration::MAX),
        }
    }

    fn policy_error(&self) -> Option<&PolicyError> {
        self.source().and_then(in_chain)
    }
}

/// By the timer of tonic's own channel.
pub(super) fn timed_out_locally(error: &(dyn Error + 'static)) -> bool {
    iter::successors(Some(error), |&error| error.source()).any(|error| error.is::<TimeoutExpired>())
}

impl From<PolicyError> for Status {
    fn from(error: PolicyError) -> Self {
        let code = match error.kind() {
            PolicyErrorKind::TimedOut { .. } => Code::DeadlineExceeded,
            PolicyErrorKind::CircuitOpen { .. } | PolicyErrorKind::FaultInjected => {
                Code::Unavailable
            }
            PolicyErrorKind::RateLimited { .. }
            | PolicyErrorKind::BulkheadFull
            | PolicyErrorKind::ConcurrencyLimited => Code::ResourceExhausted,
        };
        let message = error.to_string();
        let mut status = match error.retry_after() {
            Some(wait) => refusal(code, message, wait),
            None => Status::new(code, message),
        };
        status.set_source(Arc::new(error));
        status
    }
}

/// Says when to come back, in both ways that there are. `RetryInfo` has no word for never.
fn refusal(code: Code, message: String, wait: Duration) -> Status {
    let mut status = if wait == Duration::MAX {
        Status::new(code, message)
    } else {
        let details = ErrorDetails::with_retry_info(Some(wait));
        Status::with_error_details(code, message, details)
    };
    status.metadata_mut().insert(PUSHBACK, pushback(wait));
    status
}

/// Rounded up, so that whoever obeys it does not come too early.
fn pushback(wait: Duration) -> MetadataValue<Ascii> {
    if wait == Duration::MAX {
        return MetadataValue::from_static("-1");
    }
    let millis = wait.as_nanos().div_ceil(1_000_000);
    MetadataValue::from(u64::try_from(millis).unwrap_or(u64::MAX))
}

fn read(pushback: &MetadataValue<Ascii>) -> Duration {
    pushback
        .to_str()
        .ok()
        // `parse` would take a sign, too.
        .filter(|millis| millis.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|millis| millis.parse().ok())
        .map_or(Duration::MAX, Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roundtrip(kind: PolicyErrorKind) -> Status {
        PolicyError::new(kind, "shop::stock").into()
    }

    #[test]
    fn each_policy_error_becomes_its_status_and_stays_recognisable() {
        let wait = Duration::from_micros(1500);
        let rows = [
            (
                PolicyErrorKind::TimedOut { after: wait },
                Code::DeadlineExceeded,
                None,
            ),
            (
                PolicyErrorKind::CircuitOpen { retry_after: wait },
                Code::Unavailable,
                Some("2"),
            ),
            (
                PolicyErrorKind::RateLimited { retry_after: wait },
                Code::ResourceExhausted,
                Some("2"),
            ),
            (PolicyErrorKind::BulkheadFull, Code::ResourceExhausted, None),
            (
                PolicyErrorKind::ConcurrencyLimited,
                Code::ResourceExhausted,
                None,
            ),
            (PolicyErrorKind::FaultInjected, Code::Unavailable, None),
        ];
        for (kind, code, pushback) in rows {
            let status = roundtrip(kind);
            assert_eq!(status.code(), code);
            assert_eq!(
                status.message(),
                PolicyError::new(kind, "shop::stock").to_string()
            );
            let sent = status
                .metadata()
                .get(PUSHBACK)
                .map(|sent| sent.to_str().unwrap());
            assert_eq!(sent, pushback, "{kind:?}");
            let info = status.get_details_retry_info();
            let told = info.and_then(|info| info.retry_delay);
            assert_eq!(told, kind.retry_after(), "{kind:?}");
            assert_eq!(status.policy_error().map(PolicyError::kind), Some(kind));
        }
    }

    #[test]
    fn a_breaker_held_open_by_hand_asks_for_no_other_attempt() {
        let status = roundtrip(PolicyErrorKind::CircuitOpen {
            retry_after: Duration::MAX,
        });
        assert_eq!(status.metadata().get(PUSHBACK).unwrap(), "-1");
        assert!(status.details().is_empty());
        assert_eq!(status.retry_after(), Some(Duration::MAX));
    }

    #[test]
    fn each_code_has_its_class() {
        use ErrorClass::{CallerFault, Overload, ServerFault, Transient};
        for code in (0..17).map(Code::from_i32) {
            let expected = match code {
                Code::Unavailable | Code::DeadlineExceeded | Code::Aborted => Transient,
                Code::Internal | Code::Unknown | Code::DataLoss => ServerFault,
                Code::ResourceExhausted => Overload,
                _ => CallerFault,
            };
            assert_eq!(Status::new(code, "").class(), expected, "{code:?}");
        }
    }

    #[test]
    fn cancelled_by_the_clients_own_limit_is_a_timeout() {
        let local = Status::from_error(Box::new(TimeoutExpired(())));
        assert_eq!(local.code(), Code::Cancelled);
        assert_eq!(local.class(), ErrorClass::Transient);
        assert_eq!(
            Status::cancelled("by the caller").class(),
            ErrorClass::CallerFault
        );
    }

    #[test]
    fn pushback_is_read_and_a_negative_or_garbled_one_means_never() {
        for (sent, wait) in [
            ("250", Duration::from_millis(250)),
            ("0", Duration::ZERO),
            ("18446744073709551615", Duration::from_millis(u64::MAX)),
            ("18446744073709551616", Duration::MAX),
            ("2.5", Duration::MAX),
            ("", Duration::MAX),
            ("-1", Duration::MAX),
            ("+5", Duration::MAX),
            ("soon", Duration::MAX),
        ] {
            let mut status = Status::unavailable("");
            status
                .metadata_mut()
                .insert(PUSHBACK, sent.parse().unwrap());
            assert_eq!(status.retry_after(), Some(wait), "{sent}");
        }
        assert_eq!(Status::unavailable("").retry_after(), None);
        let mut twice = Status::unavailable("");
        for sent in ["250", "250"] {
            twice.metadata_mut().append(PUSHBACK, sent.parse().unwrap());
        }
        assert_eq!(twice.retry_after(), Some(Duration::MAX));
    }

    #[test]
    fn retry_info_is_read_where_there_is_no_pushback() {
        let wait = Duration::from_millis(1250);
        let details = tonic_types::ErrorDetails::with_retry_info(Some(wait));
        let mut status = Status::with_error_details(Code::ResourceExhausted, "", details);
        assert_eq!(status.retry_after(), Some(wait));
        for (pushback, wait) in [("7", Duration::from_millis(7)), ("-1", Duration::MAX)] {
            let pushback = pushback.parse().unwrap();
            status.metadata_mut().insert(PUSHBACK, pushback);
            assert_eq!(status.retry_after(), Some(wait));
        }
    }

    #[test]
    fn details_that_are_garbled_say_nothing() {
        let details = b"\xff\xff".as_slice().into();
        let status = Status::with_details(Code::ResourceExhausted, "", details);
        assert_eq!(status.retry_after(), None);
    }

    #[test]
    fn a_wait_survives_the_wire() {
        let wait = Duration::from_micros(1500);
        let refused = roundtrip(PolicyErrorKind::RateLimited { retry_after: wait });
        let mut headers = http::HeaderMap::new();
        refused.add_header(&mut headers).unwrap();
        let mut read = Status::from_header_map(&headers).unwrap();
        assert_eq!(read.retry_after(), Some(Duration::from_millis(2)));
        // For who knows only the other.
        read.metadata_mut().remove(PUSHBACK);
        assert_eq!(read.retry_after(), Some(wait));
    }
}
