//! One call in words, from the events of the runtime.

use resilient_runtime::{Cause, ErrorClass, EventKind, PolicyErrorKind, StopReason};

use crate::latency::Short;

/// What happened before the answer came, a phrase each.
pub(super) fn steps(events: &[EventKind]) -> Vec<String> {
    let mut steps = Vec::new();
    // A limit that passed is told together with what it ended: an attempt, or else the whole call.
    let mut passed = None;
    for event in events {
        match event {
            EventKind::TimedOut { after } => passed = Some(*after),
            EventKind::AttemptFailed { attempt, cause } => {
                passed = None;
                steps.push(format!("attempt {attempt} {}", failed(*cause)));
            }
            EventKind::RetryScheduled { delay, .. } => {
                steps.push(format!("waited {}", Short(*delay)));
            }
            EventKind::RetryStopped {
                why: StopReason::Deadline,
                ..
            } => steps.push("no time left for another".to_owned()),
            EventKind::RetrySucceeded { attempt } => {
                steps.push(format!("attempt {attempt} succeeded"));
            }
            _ => {}
        }
    }
    if let Some(after) = passed {
        steps.push(format!("cut off when {} were up", Short(after)));
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
        Some(Cause::Error(ErrorClass::Transient)) => "failed (transient)".to_owned(),
        Some(Cause::Error(ErrorClass::ServerFault)) => "failed (server fault)".to_owned(),
        _ => "failed".to_owned(),
    }
}
