//! The rule for servers: does more in flight buy more throughput?

mod base;

use std::time::Duration;

use self::base::Base;
use super::algorithm::{LimitAlgorithm, LimitUpdate, LimitWindow};

/// Does more in flight buy more throughput? The rule for a server that guards itself.
///
/// A server has a *knee*: fewer calls in flight leave it idle, more of them only wait for each other. The rule
/// finds the knee and holds the limit a little above it.
///
/// 1. In a **full** window calls are refused: the throughput is what this limit buys.
/// 2. In a **probe** the limit goes below the knee for a moment. Nobody waits in a queue
///    then, and the latency is that of the work alone.
/// 3. The throughput of the full windows times the latency of the probe is the knee, by
///    Little's law. It is the limit of the probe times what the full limit buys
///    more than it: if that is nothing, the knee lies at the probe or below.
/// 4. The limit is knee + 2 + 2.25·√knee. The number in flight varies by its root, and
///    every gap leaves a worker idle (the square-root staffing of Halfin and Whitt, 1981).
///    Where few are refused the load comes and goes, and the root counts up to twice.
///
/// A probe goes to 0.9 of the knee; to 0.6 now and then, and while it is not certain
/// that nobody waits there. It comes after eight times as long as the last one took, at last after
/// 48 times as long, and at once when the throughput has changed by more than chance
/// explains. If the latency at the limit is that of the probe, nobody waits: the
/// limit then grows without another probe, by as much as would refuse nobody, and
/// no more than twofold.
///
/// The limit never goes above twice what was in flight, and never grows in a window
/// without refusals. Half the share of the calls that were dropped in a window
/// (timeouts, overload) is taken off it. A window lasts 100 ms, two latencies and 30 calls at the least.
///
/// Places that are [held](LimitWindow::held) for long, by streams, by calls that wait for something else or hang, say nothing of
/// all this: they are left out of it, and the limit is what it would be without them, and they on top. A probe that
/// gets nowhere, because calls that came before it do not end, is given up after eight windows, or one in which nothing
/// is answered. Where every place is held there is one more, from which all the rest can be learned.
///
/// # Weaknesses
///
/// - What is held for long is limited by nothing but `max`. Give streams a bulkhead, and a timeout to what may hang.
/// - Such a call is known for what it is only after sixteen mean latencies, and 100 ms. Until then it takes the place of another, and
///   when very many come at once nobody else gets one: twice as many streams as workers cost the throughput of one to three seconds.
///   Where one call in a hundred takes ten seconds, 1 to 4 % of the others are refused for it.
/// - A probe refuses a tenth more than needful, which is 0.2 % of all in the long run, and while it gets its
///   bearings it takes deeper ones: with two workers, a few of them cost half the throughput for a third of a second each.
/// - It needs refusals to learn. A limit that was far too high shows as latency until the queue has filled it once.
/// - It takes latencies for those of one kind of call. A mix that changes within seconds makes it late,
///   and one of very unlike calls noisy; give those limits of their own, by `key`.
/// - Below some 30 calls a second a window takes a second, and finding the knee tens of them.
/// - Load that comes in bursts much shorter than a window never fills one: the limit then stays where it is.
/// - In a client it learns the capacity of the server and not the client's share: use [`Aimd`](crate::Aimd) there.
///
/// # Sources
///
/// The knee as throughput times unqueued latency, and the probe that measures the latter, are the bandwidth-delay product and the
/// ProbeRTT of TCP BBR (Cardwell et al., "BBR: Congestion-Based Congestion Control", 2016), taken from a link to a server.
#[derive(Debug)]
pub struct Elasticity {
    phase: Phase,
    /// Calls in flight that suffice for the whole throughput; zero before it is known.
    knee: f64,
    /// As in full windows: calls a second, smoothed, and as it was when the limit was last probed. Zero before.
    throughput: f64,
    throughput_at_probe: f64,
    /// As in probes.
    base: Option<Base>,
    /// Share of the calls that are refused, smoothed.
    short: f64,
    /// Seconds of full windows since the last probe; those with few refusals count for less.
    since: f64,
    /// Seconds that the last probe took, and after how many times that the next is due.
    took: f64,
    patience: f64,
    probes: u32,
    /// How deep probes go, and whether this one is deep.
    depth: f64,
    deep: bool,
    /// The limit before the probe and in it, and how many windows what came before was waited for.
    before: f64,
    probe: f64,
    waited: u32,
    /// Places that were held when the limit was set; it is on top of those.
    held: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Seeking,
    Probing,
}

/// Places above the knee: some, and some for each root of it.
const SPARE: f64 = 2.0;
const ROOTS: f64 = 2.25;
/// From this share of refusals upwards it is not that the load varies, there is too much of it.
const FEW_REFUSED: f64 = 0.2;
/// With fewer in flight on average than this part of the limit, it was reached now and then only.
const BURSTS: f64 = 0.5;
/// How far below the knee a probe goes: as a rule, now and then, and as long as it is not certain that nobody waits.
const SHALLOW: f64 = 0.9;
const DEEP: f64 = 0.6;
/// A deep probe has been below the knee if that is so far above it: half of what is to be expected.
const CLEAR: f64 = 1.33;
const DEEP_EVERY: u32 = 8;
/// How many windows a probe waits for what came before it.
const LONGEST_WAIT: u32 = 8;
const OFTEN: f64 = 8.0;
const SELDOM: f64 = 48.0;
/// The weight of what is new in smoothed figures.
const NEW: f64 = 0.3;
/// A change of this logarithm is one, unless chance explains it.
const CHANGE: f64 = 0.25;
/// Latencies closer than this (in powers of two) are the same.
const SAME_LATENCY: f64 = 0.15;

impl LimitAlgorithm for Elasticity {
    const NEW: Self = Self {
        phase: Phase::Seeking,
        knee: 0.0,
        throughput: 0.0,
        throughput_at_probe: 0.0,
        base: None,
        short: 0.0,
        since: 0.0,
        took: 0.0,
        patience: OFTEN,
        probes: 0,
        depth: DEEP,
        deep: true,
        before: 0.0,
        probe: 0.0,
        waited: 0,
        held: 0.0,
    };

    fn update(&mut self, window: &LimitWindow) -> LimitUpdate {
        let limit = f64::from(window.limit);
        let held = f64::from(window.held);
        let came = held - self.held;
        self.held = held;
        // All the rest is about the calls that come and go.
        let window = &LimitWindow {
            limit: window.limit.saturating_sub(window.held),
            max_in_flight: window.max_in_flight.saturating_sub(window.held),
            ..*window
        };
        let next = if window.samples == 0 {
            self.unanswered(window)
        } else if self.phase == Phase::Probing {
            self.probed(window)
        } else if window.refused == 0 {
            self.roomy(window, came)
        } else {
            self.full(window)
        };
        // One place at the least: without one nothing is learned.
        let next = (next * (1.0 - 0.5 * window.drop_rate())).round().max(1.0) + held;
        let next = next.clamp(f64::from(window.min_limit), f64::from(window.max_limit));

        let latency = window.latency.max(Duration::from_micros(100));
        let variation = self.base.map_or(1.0, |base| base.variation);
        let samples = match self.phase {
            Phase::Seeking => 30.0,
            Phase::Probing if self.deep => (15.0 * variation).clamp(15.0, 100.0),
            Phase::Probing => (100.0 * variation).clamp(30.0, 400.0),
        };
        // What is in flight has to be worked off before a lower limit shows.
        let backlog = match window.samples {
            0 => 0.0,
            _ => f64::from(window.max_in_flight) / window.throughput().max(1.0),
        };
        let settle = latency.max(Duration::from_secs_f64(backlog.min(10.0)));
        LimitUpdate::new(next)
            .after(if next == limit {
                Duration::ZERO
            } else {
                settle
            })
            .lasting(Duration::from_millis(100).max(latency.saturating_mul(2)))
            .of_samples(
                samples as u32,
                Duration::from_secs(1).max(latency.saturating_mul(10)),
            )
    }
}

impl Elasticity {
    /// No call has ended.
    fn unanswered(&mut self, window: &LimitWindow) -> f64 {
        match self.phase {
            Phase::Probing => self.give_up_probe(),
            Phase::Seeking => window.limit.into(),
        }
    }

    /// Nobody was refused. So many more are held than before.
    fn roomy(&mut self, window: &LimitWindow, came: f64) -> f64 {
        self.short *= 1.0 - NEW;
        let enough = growth_cap(window).max(f64::from(window.initial_limit));
        (f64::from(window.limit) + came).min(enough)
    }

    /// Some were refused: the throughput is what the limit buys.
    fn full(&mut self, window: &LimitWindow) -> f64 {
        let limit = f64::from(window.limit);
        let short = window.refusal_rate();
        if window.concurrency() < BURSTS * limit {
            // They came in bursts, with idle time in between: the throughput is that of the load.
            let unqueued = self
                .base
                .is_some_and(|base| window.log_latency - base.log < SAME_LATENCY);
            let growth = if unqueued { growth(short) } else { 1.0 };
            return (growth * limit).min(growth_cap(window));
        }
        self.short += NEW * (short - self.short);
        self.since += window.duration.as_secs_f64() * (short * 10.0).min(1.0);
        let changed = self.follow_throughput(window) && short > 0.05;

        let Some(base) = self.base else {
            return self.probe(limit);
        };
        if window.log_latency - base.log < SAME_LATENCY {
            self.knee = window.concurrency();
            return self
                .above_knee()
                .max(growth(short) * limit)
                .min(growth_cap(window));
        }
        if changed || self.since >= self.patience * self.took {
            return self.probe(limit);
        }
        self.knee = self.throughput * base.latency;
        self.above_knee().min(growth_cap(window))
    }

    /// Says whether the throughput is another than it was, for all that chance can do.
    fn follow_throughput(&mut self, window: &LimitWindow) -> bool {
        // Even a regular service has irregular arrivals.
        let variation = self.base.map_or(1.0, |base| base.variation).max(0.5);
        let chance = (variation / f64::from(window.samples)).sqrt();
        let seen = window.throughput();
        let jumped = differs(seen, self.throughput, 4.0 * chance);
        if jumped {
            self.throughput = seen;
        } else {
            self.throughput += NEW * (seen - self.throughput);
        }
        // Smoothing leaves less to chance.
        jumped || differs(self.throughput, self.throughput_at_probe, 2.4 * chance)
    }

    fn probe(&mut self, limit: f64) -> f64 {
        self.phase = Phase::Probing;
        self.before = limit;
        self.waited = 0;
        self.took = 0.0;
        self.probes = self.probes.wrapping_add(1);
        // A shallow one cannot tell a knee from a queue.
        self.deep = self.depth == DEEP || self.probes.is_multiple_of(DEEP_EVERY);
        let depth = if self.deep { DEEP } else { SHALLOW };
        let from = if self.knee > 0.0 {
            self.knee.min(limit)
        } else {
            limit
        };
        self.probe = from * depth;
        self.probe
    }

    /// It cannot be told what the work alone takes. That limits nobody any longer.
    fn give_up_probe(&mut self) -> f64 {
        self.phase = Phase::Seeking;
        self.since = 0.0;
        self.throughput_at_probe = self.throughput;
        self.patience = (self.patience * 2.0).clamp(OFTEN, SELDOM);
        self.before
    }

    fn probed(&mut self, window: &LimitWindow) -> f64 {
        self.took += window.duration.as_secs_f64();
        if window.max_in_flight > window.limit {
            // What was let in before is not over yet.
            self.waited += 1;
            return if self.waited < LONGEST_WAIT {
                self.probe
            } else {
                self.give_up_probe()
            };
        }
        self.phase = Phase::Seeking;
        self.since = 0.0;
        let seen = Base::of(window);
        let chance = (seen.variation.max(0.25) / f64::from(window.samples)).sqrt();
        let known = self
            .base
            .filter(|base| !differs(seen.latency, base.latency, 4.0 * chance));
        let base = known.map_or(seen, |base| base.toward(seen));
        self.base = Some(base);
        self.throughput_at_probe = self.throughput;
        self.knee = self.throughput * base.latency;

        let clear = self.knee >= CLEAR * f64::from(window.limit);
        if known.is_some() && (clear || self.depth == SHALLOW) {
            self.depth = SHALLOW;
            self.patience = (self.patience * 2.0).clamp(OFTEN, SELDOM);
        } else if clear {
            self.depth = SHALLOW;
            self.patience = OFTEN;
        } else {
            // The full limit bought hardly more: they may have waited even here.
            self.depth = DEEP;
            self.patience = 1.0;
        }
        self.above_knee().min(2.0 * self.before)
    }

    fn above_knee(&self) -> f64 {
        let roots = ROOTS * (2.0 - (self.short / FEW_REFUSED).min(1.0));
        self.knee + SPARE + roots * self.knee.max(1.0).sqrt()
    }
}

/// What would refuse nobody.
fn growth(short: f64) -> f64 {
    (1.0 / (1.0 - short)).clamp(1.1, 2.0)
}

fn growth_cap(window: &LimitWindow) -> f64 {
    2.0 * f64::from(window.max_in_flight)
}

/// Whether two figures differ by more than the least change that counts and than chance allows.
fn differs(one: f64, other: f64, chance: f64) -> bool {
    one <= 0.0 || other <= 0.0 || (one / other).ln().abs() > CHANGE.max(chance)
}
