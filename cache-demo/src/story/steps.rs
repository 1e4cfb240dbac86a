//! One call in words, from the events of the runtime.

use resilient_runtime::{Cause, ErrorClass, EventKind, PolicyErrorKind, StopReason};

use crate::latency::Short;

/// What happened before the answer came, a phrase each.
pub(super) fn steps(events: &[EventKind]) -> Vec<String> {
    let mut steps = Vec::new();
    let mut attempt = 1;
    // A limit that passed is told together with what it ended: an attempt, or else the whole call.
    let mut passed = None;
    for event in events {
        match event {
            EventKind::TimedOut { after } => passed = Some(*after),
            EventKind::AttemptFailed { cause, .. } => {
                passed = None;
                steps.push(format!("attempt {attempt} {}", failed(*cause)));
            }
            EventKind::RetryScheduled {
                attempt: next,
                delay,
            } => {
                attempt = *next;
                steps.push(format!("waited {}", Short(*delay)));
            }
            EventKind::RetryStopped {
                why: StopReason::Deadline,
                ..
            } => steps.push("no time left for another".to_owned()),
            _ => {}
        }
    }
    if let Some(after) = passed {
        let when = Short(after);
        steps.push(format!("attempt {attempt} cut off when {when} were up"));
    }
    steps
}

/// Whether the open breaker kept the whole call from the server.
pub(super) fn refused_at_once(events: &[EventKind]) -> bool {
    let refused = |event: &EventKind| {
        matches!(
            event,
            EventKind::Refused(PolicyErrorKind::CircuitOpen { .. })
        )
    };
    events.iter().any(refused)
        && !events
            .iter()
            .any(|event| matches!(event, EventKind::RetryScheduled { .. }))
}

fn failed(cause: Option<Cause>) -> String {
    match cause {
        Some(Cause::Policy(PolicyErrorKind::TimedOut { after })) => {
            format!("timed out after {}", Short(after))
        }
        Some(Cause::Policy(PolicyErrorKind::CircuitOpen { .. })) => {
            "was refused by the breaker".to_owned()
        }
        Some(Cause::Error(ErrorClass::ServerFault)) => "failed (server fault)".to_owned(),
        _ => "failed".to_owned(),
    }
}
