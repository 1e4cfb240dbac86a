//! What the settings of a queue have to do with each other.

use std::time::Duration;

use crate::site::IsLaid;

/// As part of [`Settings::check_use`](crate::site::Settings::check_use).
pub(crate) fn check_queue(
    max_queue: u32,
    max_wait: Option<Duration>,
    is_laid: IsLaid<'_>,
) -> Result<(), &'static str> {
    let Some(max_wait) = max_wait else {
        return Ok(());
    };
    if is_laid("max_wait") && max_queue == 0 && !max_wait.is_zero() {
        return Err(
            "nobody waits in a queue without places, so `max_wait` has nothing to say: say `max_queue` too, or drop it",
        );
    }
    let any = is_laid("max_wait") || is_laid("max_queue");
    if any && max_queue > 0 && max_wait.is_zero() {
        return Err(
            "a `max_wait` of no time at all leaves the queue unused: say more than zero, or drop `max_queue`",
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_has_places_and_time_or_neither_is_said() {
        let check = |places, wait: Option<u64>, laid: &[&str]| {
            let wait = wait.map(Duration::from_secs);
            check_queue(places, wait, &|knob| laid.contains(&knob))
        };
        let both: &[_] = &["max_queue", "max_wait"];
        for (places, wait, laid) in [
            (5, Some(1), both),
            (5, None, both),
            (0, Some(0), both),
            (0, Some(1), &["max_queue"]),
            (5, Some(0), &[]),
        ] {
            assert_eq!(check(places, wait, laid), Ok(()), "{places} {wait:?}");
        }
        for laid in [both, &["max_wait"]] {
            let idle = check(0, Some(1), laid).unwrap_err();
            assert!(idle.contains("`max_wait` has nothing to say"), "{idle}");
        }
        for laid in [both, &["max_wait"], &["max_queue"]] {
            let unused = check(5, Some(0), laid).unwrap_err();
            assert!(unused.contains("leaves the queue unused"), "{unused}");
        }
    }
}
