use super::*;

/// Feeds a rule the windows of a server with that many workers and more calls than it can take.
fn settled(rule: &mut impl LimitAlgorithm, mut limit: u32, workers: u32, windows: u32) -> u32 {
    for _ in 0..windows {
        let latency = 20 * MS * limit.max(workers) / workers;
        limit = next(rule, full(limit, latency)).max(1);
    }
    limit
}

#[test]
fn elasticity_never_grows_while_nobody_is_refused() {
    let mut rule = Elasticity::NEW;
    assert_eq!(next(&mut rule, busy(30, 10 * MS)), 30);
    // What is not used goes, down to where it began.
    assert_eq!(next(&mut rule, using(busy(100, 10 * MS), 30)), 60);
    assert_eq!(next(&mut rule, using(busy(60, 10 * MS), 1)), 20);
}

#[test]
fn elasticity_finds_the_knee_from_below_and_from_above() {
    for workers in [2, 4, 40, 300] {
        for from in [1, 20, 2 * workers, 5 * workers] {
            let limit = settled(&mut new::<Elasticity>(), from, workers, 60);
            let most = f64::from(workers) + 2.0 + 2.25 * f64::from(workers).sqrt();
            // A probe may be under way.
            assert!(
                f64::from(limit) >= 0.55 * f64::from(workers),
                "{workers} from {from}: {limit}"
            );
            assert!(
                f64::from(limit) <= 1.2 * most + 1.0,
                "{workers} from {from}: {limit}"
            );
        }
    }
}

#[test]
fn elasticity_follows_a_slower_dependency_upwards() {
    let mut rule = Elasticity::NEW;
    let mut limit = settled(&mut rule, 20, 40, 40);
    // No queue at any limit: every call takes ten times as long.
    for _ in 0..12 {
        limit = next(&mut rule, full(limit, 200 * MS));
    }
    assert!(limit >= 400, "{limit}");
}

#[test]
fn elasticity_takes_half_the_share_of_drops_off() {
    let window = busy(40, 20 * MS);
    let dropped = window.samples;
    assert_eq!(
        next(&mut new::<Elasticity>(), dropping(window, dropped)),
        30
    );
    let nothing_else = LimitWindow {
        samples: 0,
        ..dropping(window, 100)
    };
    assert_eq!(next(&mut new::<Elasticity>(), nothing_else), 20);
}

#[test]
fn elasticity_does_not_take_bursts_for_a_full_server() {
    let mut rule = Elasticity::NEW;
    let limit = settled(&mut rule, 20, 40, 30);
    let limit = if limit < 45 {
        settled(&mut rule, limit, 40, 1)
    } else {
        limit
    };
    // A hundred calls at once, and then nothing for the rest of the second.
    let burst = LimitWindow {
        samples: limit,
        refused: 100 - limit,
        ..busy(limit, 20 * MS)
    };
    let mut after = limit;
    for _ in 0..10 {
        after = next(
            &mut rule,
            LimitWindow {
                limit: after,
                ..burst
            },
        );
    }
    assert!(after >= limit, "{limit} -> {after}");
}

/// The same with more in flight, which have been there for long.
fn holding(window: LimitWindow, held: u32) -> LimitWindow {
    LimitWindow {
        limit: window.limit + held,
        max_in_flight: window.max_in_flight + held,
        held,
        ..window
    }
}

#[test]
fn elasticity_goes_on_probing_until_what_came_before_is_over_or_seems_never_to_be() {
    let mut rule = Elasticity::NEW;
    let probe = next(&mut rule, full(100, 50 * MS));
    assert_eq!(probe, 60);
    let not_yet = using(full(probe, 45 * MS), 80);
    assert_eq!(next(&mut rule, not_yet), probe);
    assert!(next(&mut rule, full(probe, 30 * MS)) > probe);

    let mut rule = Elasticity::NEW;
    next(&mut rule, full(100, 50 * MS));
    let probing = (0..100).take_while(|_| next(&mut rule, not_yet) == probe);
    assert_eq!(probing.count(), 7);
    // Nobody is let in, and so nothing is measured.
    let mut rule = Elasticity::NEW;
    next(&mut rule, full(100, 50 * MS));
    let stuck = LimitWindow {
        samples: 0,
        ..not_yet
    };
    assert_eq!(next(&mut rule, stuck), 100);
}

#[test]
fn elasticity_takes_what_is_held_for_long_on_top_of_what_it_finds() {
    for held in [0, 1, 30, 300] {
        let mut rules = [Elasticity::NEW, Elasticity::NEW];
        let mut limit = 20;
        for window in 0..60 {
            let latency = 20 * MS * limit.max(40) / 40;
            let seen = full(limit, latency);
            let [plain, above] = &mut rules;
            limit = next(plain, seen);
            assert_eq!(
                next(above, holding(seen, held)),
                limit + held,
                "{window}, {held}"
            );
        }
    }
}

#[test]
fn elasticity_makes_room_for_what_comes_to_be_held_and_takes_it_back() {
    let mut rule = Elasticity::NEW;
    assert_eq!(next(&mut rule, using(busy(20, 10 * MS), 15)), 20);
    let held = |limit, held| LimitWindow {
        held,
        ..using(busy(limit, 10 * MS), 15)
    };
    assert_eq!(next(&mut rule, held(20, 12)), 32);
    assert_eq!(next(&mut rule, held(32, 12)), 32);
    assert_eq!(next(&mut rule, held(32, 0)), 20);
}

#[test]
fn elasticity_leaves_one_place_at_the_least_to_those_who_come_and_go() {
    let hung = |limit: u32, held: u32| LimitWindow {
        samples: 0,
        held,
        ..full(limit, 10 * MS)
    };
    let mut rule = Elasticity::NEW;
    assert_eq!(next(&mut rule, hung(20, 20)), 21);
    assert_eq!(next(&mut rule, hung(21, 20)), 21);
    assert_eq!(next(&mut rule, hung(21, 21)), 22);
    // A probe goes no lower either.
    let tight = holding(full(1, 10 * MS), 21);
    assert_eq!(next(&mut rule, tight), 22);
    assert_eq!(next(&mut rule, hung(22, 21)), 22);
}
