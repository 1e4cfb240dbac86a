//! Any sequence of events, side by side with a breaker that keeps everything in plain lists.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;
use crate::circuit_breaker::buckets::Buckets;
use crate::circuit_breaker::change::BreakerMode;
use crate::circuit_breaker::core::time::{nanos, of};

#[derive(Clone, Copy, Debug)]
enum Event {
    Admit,
    /// One of the calls under way ends.
    Report(prop::sample::Index, Report, bool),
    /// A call at once and its end.
    Call(Report, bool),
    Advance(Step),
    Set(BreakerMode),
    Window(Window),
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Nanos(u64),
    Window(u32),
    OpenFor,
    NearlyOpenFor,
    OpenMax,
    Lease,
}

/// The breaker as one would write it without a thought for threads.
struct Model {
    settings: CircuitBreakerSettings,
    state: BreakerState,
    mode: BreakerMode,
    period: u64,
    shape: Option<(bool, u64)>,
    /// Slice, failed, slow.
    window: VecDeque<(u64, bool, bool)>,
    run: u32,
    until: u64,
    reopened: u32,
    probes: Vec<(u64, u64)>,
    last_probe: u64,
    succeeded: u32,
}

#[derive(Clone, Copy)]
struct Leave {
    period: u64,
    probe: Option<u64>,
}

impl Model {
    fn new(settings: CircuitBreakerSettings) -> Self {
        Model {
            settings,
            state: BreakerState::Closed,
            mode: BreakerMode::Automatic,
            period: 0,
            shape: None,
            window: VecDeque::new(),
            run: 0,
            until: 0,
            reopened: 0,
            probes: Vec::new(),
            last_probe: 0,
            succeeded: 0,
        }
    }

    fn wanted(&self) -> (bool, u64) {
        match self.settings.window {
            Window::Time(span) => (true, Buckets::slice(of(span))),
            Window::Calls(calls) => (false, calls.into()),
        }
    }

    fn begin(&mut self, state: BreakerState) {
        self.state = state;
        self.period += 1;
        self.window.clear();
        self.run = 0;
        self.probes.clear();
        self.succeeded = 0;
    }

    fn change(
        &mut self,
        to: BreakerState,
        cause: ChangeCause,
        open_for: Option<Duration>,
    ) -> Option<Transition> {
        let from = self.state;
        self.begin(to);
        Some(Transition {
            from,
            to,
            mode: self.mode,
            cause,
            open_for,
        })
    }

    fn open(&mut self, now: u64, cause: ChangeCause) -> Option<Transition> {
        let open_for = self.settings.open_period(self.reopened);
        self.until = now.saturating_add(of(open_for));
        self.change(BreakerState::Open, cause, Some(open_for))
    }

    fn admit(&mut self, now: u64) -> (Result<Leave, Duration>, Option<Transition>) {
        let observing = self.mode == BreakerMode::ObserveOnly;
        let leave = Leave {
            period: self.period,
            probe: None,
        };
        if self.state == BreakerState::Closed {
            return (Ok(leave), None);
        }
        if self.mode == BreakerMode::ForcedOpen {
            return (Err(Duration::MAX), None);
        }
        let mut transition = None;
        if self.state == BreakerState::Open {
            if now < self.until {
                let left = Duration::from_nanos(self.until - now);
                return (if observing { Ok(leave) } else { Err(left) }, None);
            }
            transition = self.change(BreakerState::HalfOpen, ChangeCause::OpenElapsed, None);
        }
        self.probes.retain(|&(_, lease)| now < lease);
        if self.probes.len() as u32 + self.succeeded >= self.settings.half_open_calls {
            return (
                if observing {
                    Ok(leave)
                } else {
                    Err(Duration::ZERO)
                },
                transition,
            );
        }
        self.last_probe += 1;
        let lease = now.saturating_add(of(self.settings.half_open_max));
        self.probes.push((self.last_probe, lease));
        let leave = Leave {
            period: self.period,
            probe: Some(self.last_probe),
        };
        (Ok(leave), transition)
    }

    fn record(&mut self, leave: Leave, report: Report, slow: bool, now: u64) -> Option<Transition> {
        let slow = slow && self.settings.slow_call.is_some();
        if leave.period != self.period {
            return None;
        }
        match self.state {
            BreakerState::Closed => self.record_closed(report, slow, now),
            BreakerState::Open => None,
            BreakerState::HalfOpen => {
                let at = self
                    .probes
                    .iter()
                    .position(|&(probe, _)| Some(probe) == leave.probe)?;
                let (_, lease) = self.probes.remove(at);
                if now >= lease {
                    return None;
                }
                if slow || matches!(report, Report::Failure | Report::Overload) {
                    self.reopened += 1;
                    return self.open(now, ChangeCause::ProbeFailed);
                }
                self.succeeded += u32::from(report == Report::Success);
                if self.succeeded < self.settings.half_open_calls {
                    return None;
                }
                self.reopened = 0;
                self.change(BreakerState::Closed, ChangeCause::ProbesSucceeded, None)
            }
        }
    }

    fn record_closed(&mut self, report: Report, slow: bool, now: u64) -> Option<Transition> {
        let success = report == Report::Success;
        let failed = report == Report::Failure;
        if !(success || failed || slow) || self.mode == BreakerMode::Disabled {
            return None;
        }
        let (failures, slows) = (self.settings.failure_rule(), self.settings.slow_rule());
        let kept = failures.is_some() || slows.is_some();
        let wanted = Some(self.wanted());
        if kept && self.shape.replace(self.wanted()).or(wanted) != wanted {
            self.begin(BreakerState::Closed);
        }
        let mut cause = None;
        if let Some(limit) = self.settings.consecutive_failures {
            if failed {
                self.run += 1;
                let count = self.run;
                cause = (count >= limit).then_some(ChangeCause::ConsecutiveFailures { count });
            } else if success {
                self.run = 0;
            }
        }
        if kept {
            let (timed, size) = self.wanted();
            self.window
                .push_back((if timed { now / size } else { 0 }, failed, slow));
            self.slide(now);
        }
        let calls = self.window.len() as u32;
        if calls >= self.settings.least_calls() {
            let (_, failed_calls, slow_calls) = self.counted();
            let rate = f64::from(failed_calls) / f64::from(calls);
            if cause.is_none() && failed && failures.is_some_and(|limit| rate >= limit) {
                cause = Some(ChangeCause::FailureRate { rate, calls });
            }
            let rate = f64::from(slow_calls) / f64::from(calls);
            if cause.is_none() && slow && slows.is_some_and(|limit| rate >= limit) {
                cause = Some(ChangeCause::SlowCallRate { rate, calls });
            }
        }
        let cause = cause.filter(|_| self.mode != BreakerMode::ForcedClosed)?;
        self.reopened = 0;
        self.open(now, cause)
    }

    fn slide(&mut self, now: u64) {
        match self.wanted() {
            (true, slice) => self.window.retain(|&(at, ..)| at + 10 > now / slice),
            (false, calls) => {
                while self.window.len() as u64 > calls {
                    self.window.pop_front();
                }
            }
        }
    }

    fn counted(&self) -> (u32, u32, u32) {
        let failed = self.window.iter().filter(|call| call.1).count();
        let slow = self.window.iter().filter(|call| call.2).count();
        (self.window.len() as u32, failed as u32, slow as u32)
    }

    /// Failures are shown where a rule asks for their rate.
    fn shown(&self) -> (u32, u32, u32) {
        let (calls, failed, slow) = self.counted();
        (
            calls,
            self.settings.failure_rule().map_or(0, |_| failed),
            slow,
        )
    }

    fn set(&mut self, mode: BreakerMode) -> Option<Transition> {
        if self.mode == mode && mode != BreakerMode::Automatic {
            return None;
        }
        let before = std::mem::replace(&mut self.mode, mode);
        self.reopened = 0;
        let forced = mode == BreakerMode::ForcedOpen;
        let to = if forced {
            BreakerState::Open
        } else {
            BreakerState::Closed
        };
        let change = self.change(to, ChangeCause::ByHand, None)?;
        (change.from != change.to || before != mode).then_some(change)
    }

    fn snapshot(&mut self, now: u64) -> BreakerSnapshot {
        let fits = self.shape == Some(self.wanted());
        if fits {
            self.slide(now);
        }
        let (calls, failures, slow) = if fits { self.shown() } else { (0, 0, 0) };
        BreakerSnapshot {
            state: self.state,
            mode: self.mode,
            calls,
            failures,
            slow,
            consecutive: self.run,
            open_for_remaining: match (self.state, self.mode) {
                (_, BreakerMode::ForcedOpen) => Some(Duration::MAX),
                (BreakerState::Open, _) => {
                    Some(Duration::from_nanos(self.until.saturating_sub(now)))
                }
                _ => None,
            },
        }
    }
}

fn windows() -> impl Strategy<Value = Window> {
    prop_oneof![
        (1_u32..25).prop_map(Window::Calls),
        prop_oneof![
            1_u64..300,
            Just(1_000_000),
            Just(900_000_000),
            Just(10_000_000_000)
        ]
        .prop_map(|nanos| Window::Time(Duration::from_nanos(nanos))),
    ]
}

fn rates() -> impl Strategy<Value = f64> {
    prop_oneof![
        Just(0.0),
        Just(0.1),
        Just(0.5),
        Just(0.6),
        Just(1.0),
        0.0..=1.0
    ]
}

fn settings() -> impl Strategy<Value = CircuitBreakerSettings> {
    let times = || {
        prop_oneof![1_u64..1_000, Just(1_000_000), Just(5_000_000_000)]
            .prop_map(Duration::from_nanos)
    };
    let rules = (
        prop::option::of(rates()),
        prop::option::of(1_u32..8),
        prop::option::of(rates()),
    );
    let opening = (times(), 1.0..4.0, times());
    let probing = (1_u32..5, times());
    (windows(), 1_u32..25, rules, opening, probing).prop_map(
        |(window, min_calls, (rate, run, slow), (open_for, factor, longest), (places, lease))| {
            let mut settings = new()
                .window(window)
                .min_calls(min_calls)
                .open_for(open_for)
                .open_factor(factor)
                .open_max(longest)
                .half_open_calls(places)
                .half_open_max(lease);
            settings.failure_rate = rate;
            settings.consecutive_failures = run;
            match slow {
                Some(rate) => settings.slow_call(secs(1)).slow_call_rate(rate),
                None => settings,
            }
        },
    )
}

fn events() -> impl Strategy<Value = Event> {
    let report = || {
        prop_oneof![
            4 => Just(Report::Failure),
            4 => Just(Report::Success),
            1 => Just(Report::Neutral),
            1 => Just(Report::Overload),
        ]
    };
    let slow = || prop::bool::weighted(0.3);
    let step = prop_oneof![
        (0_u64..500).prop_map(Step::Nanos),
        (1_u32..25).prop_map(Step::Window),
        Just(Step::OpenFor),
        Just(Step::NearlyOpenFor),
        Just(Step::OpenMax),
        Just(Step::Lease),
    ];
    let mode = prop_oneof![
        3 => Just(BreakerMode::Automatic),
        1 => Just(BreakerMode::ForcedOpen),
        1 => Just(BreakerMode::ForcedClosed),
        1 => Just(BreakerMode::Disabled),
        2 => Just(BreakerMode::ObserveOnly),
    ];
    prop_oneof![
        12 => Just(Event::Admit),
        12 => (any::<prop::sample::Index>(), report(), slow())
            .prop_map(|(call, report, slow)| Event::Report(call, report, slow)),
        40 => (report(), slow()).prop_map(|(report, slow)| Event::Call(report, slow)),
        12 => step.prop_map(Event::Advance),
        1 => mode.prop_map(Event::Set),
        1 => windows().prop_map(Event::Window),
    ]
}

/// Both breakers, and the calls under way in both.
struct Pair {
    bench: Bench,
    model: Model,
    calls: Vec<(Admitted, Leave)>,
}

impl Pair {
    fn now(&self) -> u64 {
        nanos(self.bench.now)
    }

    fn admit(&mut self) -> Result<bool, TestCaseError> {
        let now = self.bench.now;
        let (admission, transition) = self.bench.core.admit(&self.bench.settings, || now);
        let (expected, change) = self.model.admit(self.now());
        prop_assert_eq!(transition, change);
        prop_assert_eq!(
            admission
                .map(|admitted| admitted.probe.is_some())
                .map_err(|refused| refused.retry_after),
            expected.map(|leave| leave.probe.is_some())
        );
        self.calls.extend(admission.ok().zip(expected.ok()));
        Ok(admission.is_ok())
    }

    fn report(&mut self, call: usize, report: Report, slow: bool) -> Result<(), TestCaseError> {
        let (admitted, leave) = self.calls.swap_remove(call);
        let now = self.bench.now;
        let settings = &self.bench.settings;
        let transition = self
            .bench
            .core
            .record(settings, admitted, report, slow, || now);
        let change = self.model.record(leave, report, slow, self.now());
        prop_assert_eq!(transition, change);
        Ok(())
    }

    fn play(&mut self, event: Event) -> Result<(), TestCaseError> {
        match event {
            Event::Admit => drop(self.admit()?),
            Event::Report(call, report, slow) if !self.calls.is_empty() => {
                self.report(call.index(self.calls.len()), report, slow)?;
            }
            Event::Report(..) => {}
            Event::Call(report, slow) => {
                if self.admit()? {
                    self.report(self.calls.len() - 1, report, slow)?;
                }
            }
            Event::Advance(step) => {
                let settings = &self.bench.settings;
                let tenth = match settings.window {
                    Window::Time(span) => span / 10,
                    Window::Calls(_) => millis(1),
                };
                self.bench.now += match step {
                    Step::Nanos(nanos) => Duration::from_nanos(nanos),
                    Step::Window(tenths) => tenth * tenths,
                    Step::OpenFor => settings.open_for,
                    Step::NearlyOpenFor => settings.open_for - Duration::from_nanos(1),
                    Step::OpenMax => settings.open_max,
                    Step::Lease => settings.half_open_max,
                };
            }
            Event::Set(mode) => {
                let core = &self.bench.core;
                let transition = match mode {
                    BreakerMode::Automatic => core.reset(),
                    BreakerMode::ForcedOpen => core.force_open(),
                    BreakerMode::ForcedClosed => core.force_close(),
                    BreakerMode::Disabled => core.disable(),
                    BreakerMode::ObserveOnly => core.observe_only(),
                };
                prop_assert_eq!(transition, self.model.set(mode));
            }
            Event::Window(window) => {
                self.bench.settings = self.bench.settings.window(window);
                self.model.settings = self.bench.settings;
            }
        }
        let now = self.now();
        prop_assert_eq!(self.bench.snapshot(), self.model.snapshot(now));
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) })]

    #[test]
    fn does_what_the_plain_breaker_does(
        settings in settings(),
        events in prop::collection::vec(events(), 0..150),
    ) {
        let bench = Bench::new(settings);
        let mut pair = Pair { bench, model: Model::new(settings), calls: Vec::new() };
        for event in events {
            pair.play(event)?;
        }
    }
}
