use std::time::Duration;

/// How long each act goes on, in calls.
#[derive(Clone, Debug)]
pub struct Script {
    pub healthy: u32,
    pub flaky: u32,
    /// The slow act ends this many calls after the breaker has opened ..
    pub slow_once_open: u32,
    /// .. or with this one, should it never open.
    pub slow_at_most: u32,
    pub dead: u32,
    pub back: u32,
    /// The pause between two calls, so that a person can follow.
    pub pace: Duration,
    /// The acts about a server of which too much is asked, if they are played.
    pub crowd: Option<CrowdScript>,
    /// How long calls go on after the outage of the last act, if it is played.
    pub storm: Option<Duration>,
}

#[derive(Clone, Debug)]
pub struct CrowdScript {
    /// How long more is asked of the server than it can do before it is measured what its limits make of that.
    pub learning: Duration,
    /// How long that is measured, and how long as much is asked without the limits.
    pub overload: Duration,
    /// How long values are asked for: alone, beside dumps without their limit, and with it.
    pub dump: Duration,
}

/// The share of calls that the flaky server fails.
pub(super) const FLAKY: f64 = 1.0 / 3.0;

/// How late the slow server's answers leave: later than any limit of the client.
pub(super) const SLOW: Duration = Duration::from_secs(3);

/// Twice what the server takes to be well again.
const STORM: Duration = Duration::from_millis(2500);

/// How many of the last calls have to be answered by the server for it to be truly back.
pub(super) const LAST: usize = 10;

impl Default for Script {
    fn default() -> Self {
        Script {
            healthy: 30,
            flaky: 30,
            slow_once_open: 10,
            slow_at_most: 12,
            dead: 40,
            back: 20,
            pace: Duration::from_millis(25),
            crowd: Some(CrowdScript {
                learning: Duration::from_secs(4),
                overload: Duration::from_secs(3),
                dump: Duration::from_millis(1500),
            }),
            storm: Some(STORM),
        }
    }
}

impl Script {
    /// As short as it can be for every claim to hold, and without pauses: for tests.
    pub fn short() -> Self {
        Script {
            healthy: 10,
            flaky: 12,
            slow_once_open: 2,
            slow_at_most: 8,
            dead: 10,
            back: 12,
            pace: Duration::ZERO,
            crowd: Some(CrowdScript::short()),
            storm: Some(STORM),
        }
    }
}

impl CrowdScript {
    pub fn short() -> Self {
        CrowdScript {
            learning: Duration::from_secs(4),
            overload: Duration::from_secs(2),
            dump: Duration::from_secs(1),
        }
    }
}
