//! The queue.

use super::queue::GRACE;
use super::*;

fn bell() -> Arc<Bell> {
    Arc::default()
}

/// Ten a second, one at once, and that one is gone.
fn empty() -> Bench {
    let bench = Bench::new(10, SECOND, 1);
    assert_eq!(bench.take_all(), 1);
    bench
}

#[test]
fn waiters_go_in_order_at_the_pace_of_the_rate() {
    let mut bench = empty();
    let bells = [bell(), bell(), bell()];
    let mut places = bells.each_ref().map(|bell| bench.wait_long(1, bell));
    for (i, place) in places.iter_mut().enumerate() {
        assert_eq!(place.until, START + (i as u64 + 1) * 100 * MILLI);
        bench.now = place.until - 1;
        assert_eq!(bench.ask_again(place, &bells[i]), None);
        bench.now = place.until;
        assert_eq!(bench.ask_again(place, &bells[i]), Some(Answer::Admitted));
    }
    assert_eq!(bench.snapshot().waiting, 0);
    assert_eq!(bench.take(1), refused_for(100 * MILLI));
}

#[test]
fn nobody_overtakes_who_waits() {
    let mut bench = Bench::new(10, SECOND, 3);
    assert_eq!(bench.take(2), Answer::Admitted);
    let costly = bell();
    let mut place = bench.wait_long(3, &costly);
    assert_eq!(place.until, START + 200 * MILLI);
    // One would be there.
    assert_eq!(bench.take(1), refused_for(300 * MILLI));
    assert_eq!(
        bench.wait(1, 300 * MILLI - 1, &bell()),
        refused_for(300 * MILLI)
    );
    bench.now = place.until;
    // It is due, and was not polled yet.
    assert_eq!(bench.take(1), refused_for(100 * MILLI));
    assert!(costly.take(), "called");
    assert_eq!(bench.ask_again(&mut place, &costly), Some(Answer::Admitted));
}

#[test]
fn a_wait_as_long_as_is_allowed_is_allowed() {
    let bench = empty();
    assert_eq!(
        bench.wait(1, 100 * MILLI - 1, &bell()),
        refused_for(100 * MILLI)
    );
    let place = match bench.wait(1, 100 * MILLI, &bell()) {
        Answer::Waits(place) => place,
        other => panic!("{other:?}"),
    };
    assert_eq!(place.until, START + 100 * MILLI);
    assert_eq!(
        bench.wait(1, 200 * MILLI - 1, &bell()),
        refused_for(200 * MILLI)
    );
}

#[test]
fn those_behind_one_who_leaves_move_up() {
    for gone in 0..3 {
        let mut bench = empty();
        let bells = [bell(), bell(), bell()];
        let mut places: Vec<_> = bells.iter().map(|bell| bench.wait_long(1, bell)).collect();
        bench.now += 50 * MILLI;
        bench.leave(&places.remove(gone));
        let mut bells = bells.to_vec();
        bells.remove(gone);
        for (i, (mut place, bell)) in places.into_iter().zip(bells).enumerate() {
            let turn = START + (i as u64 + 1) * 100 * MILLI;
            if bell.take() {
                assert_eq!(bench.ask_again(&mut place, &bell), None);
            }
            assert_eq!(place.until, turn, "{gone} gone, then {i}");
            bench.now = turn;
            assert_eq!(bench.ask_again(&mut place, &bell), Some(Answer::Admitted));
        }
        assert_eq!(
            bench.take(1),
            refused_for(100 * MILLI),
            "what was given back is free"
        );
    }
}

#[test]
fn one_who_left_took_nothing() {
    let mut bench = empty();
    for _ in 0..100 {
        let places = [1, 1, 1].map(|cost| bench.wait_long(cost, &bell()));
        for place in places {
            bench.leave(&place);
        }
    }
    assert_eq!(bench.take(1), refused_for(100 * MILLI));
    bench.now += 100 * MILLI;
    assert_eq!(bench.take_all(), 1);
}

#[test]
fn the_next_in_line_is_woken_only_if_its_timer_is_too_late() {
    let mut bench = empty();
    let [first, second] = [bell(), bell()];
    let mut one = bench.wait_long(1, &first);
    let mut two = bench.wait_long(1, &second);
    bench.now = one.until;
    assert_eq!(bench.ask_again(&mut one, &first), Some(Answer::Admitted));
    assert!(!second.take());
    bench.now = two.until;
    assert_eq!(bench.ask_again(&mut two, &second), Some(Answer::Admitted));
}

#[test]
fn one_who_asks_again_early_goes_on_waiting_with_the_waker_of_then() {
    let mut bench = empty();
    let [first, second, moved] = [bell(), bell(), bell()];
    let one = bench.wait_long(1, &first);
    let mut two = bench.wait_long(1, &second);
    bench.now += 10 * MILLI;
    assert_eq!(bench.ask_again(&mut two, &moved), None);
    assert_eq!(two.until, START + 200 * MILLI);
    bench.leave(&one);
    assert!(moved.take());
    assert!(!second.take());
}

#[test]
fn one_who_is_late_costs_the_time_that_a_bucket_of_one_cannot_keep() {
    let mut bench = empty();
    let [first, second] = [bell(), bell()];
    let mut one = bench.wait_long(1, &first);
    let mut two = bench.wait_long(1, &second);
    bench.now = one.until + 40 * MILLI;
    assert_eq!(bench.ask_again(&mut one, &first), Some(Answer::Admitted));
    bench.now = two.until;
    assert_eq!(bench.ask_again(&mut two, &second), None);
    assert_eq!(two.until, START + 240 * MILLI);
}

#[test]
fn there_is_no_order_to_keep_where_there_is_enough_for_all() {
    let mut bench = Bench::new(10, SECOND, 5);
    assert_eq!(bench.take_all(), 5);
    let [first, second] = [bell(), bell()];
    let mut one = bench.wait_long(1, &first);
    let mut two = bench.wait_long(1, &second);
    bench.now += 300 * MILLI;
    assert_eq!(bench.ask_again(&mut two, &second), Some(Answer::Admitted));
    // The third, too.
    assert_eq!(bench.take(1), Answer::Admitted);
    assert_eq!(bench.take(1), refused_for(100 * MILLI));
    assert_eq!(bench.ask_again(&mut one, &first), Some(Answer::Admitted));
}

#[test]
fn one_whom_nobody_polls_holds_up_nobody_for_long() {
    let mut bench = empty();
    let [first, second] = [bell(), bell()];
    let mut one = bench.wait_long(1, &first);
    let mut two = bench.wait_long(1, &second);
    bench.now = two.until;
    assert_eq!(bench.ask_again(&mut two, &second), None);
    assert!(first.take(), "called");
    assert_eq!(two.until, bench.now + GRACE);
    bench.now = two.until - 1;
    assert_eq!(bench.ask_again(&mut two, &second), None);
    bench.now += 1;
    assert_eq!(bench.ask_again(&mut two, &second), Some(Answer::Admitted));
    assert_eq!(bench.snapshot().waiting, 0);

    // And is first again when it comes.
    let mut three = bench.wait_long(1, &second);
    let turn = three.until;
    bench.now += 50 * MILLI;
    assert_eq!(bench.ask_again(&mut one, &first), None);
    assert_eq!(one.until, turn);
    assert_eq!(bench.ask_again(&mut three, &second), None);
    assert_eq!(three.until, turn + 100 * MILLI);
    bench.leave(&one);
    assert!(second.take());
    assert_eq!(bench.ask_again(&mut three, &second), None);
    assert_eq!(three.until, turn);
}

#[test]
fn a_call_that_does_not_wait_passes_over_it_too() {
    let mut bench = empty();
    let dead = bell();
    let place = bench.wait_long(1, &dead);
    bench.now += SECOND;
    // However late it is, it has the time that a call takes to be heard.
    assert_eq!(bench.take(1), refused_for(100 * MILLI));
    bench.now += GRACE - 1;
    assert_eq!(bench.take(1), refused_for(100 * MILLI));
    bench.now += 1;
    assert_eq!(bench.take(1), Answer::Admitted);
    assert_eq!(bench.snapshot().waiting, 0);
    bench.leave(&place);
    assert_eq!(bench.take(1), refused_for(100 * MILLI));
}

#[test]
fn a_waker_may_ask_the_limiter_itself() {
    struct Asks(Core, Scale, AtomicBool);
    impl Wake for Asks {
        fn wake(self: Arc<Self>) {
            self.2.store(true, SeqCst);
            assert_eq!(self.0.snapshot(&self.1, START).waiting, 1);
        }
    }
    let Bench { core, scale, .. } = empty();
    let limiter = Arc::new(Asks(core, scale, AtomicBool::new(false)));
    let late = START + SECOND;
    let wait = |waker: Waker| match limiter.0.ask(&scale, 1, START, late, || Some(waker)) {
        Answer::Waits(place) => place,
        other => panic!("{other:?}"),
    };
    let first = wait(Waker::noop().clone());
    let second = wait(Waker::from(Arc::clone(&limiter)));
    limiter.0.leave(&scale, &first, START);
    assert!(limiter.2.load(SeqCst));
    limiter.0.leave(&scale, &second, START);
}

#[test]
fn a_waker_that_is_dropped_may_ask_the_limiter_too() {
    struct Asks(Arc<Core>, Scale, Arc<AtomicBool>);
    impl Wake for Asks {
        fn wake(self: Arc<Self>) {}
    }
    impl Drop for Asks {
        fn drop(&mut self) {
            let _ = self.0.snapshot(&self.1, START);
            self.2.store(true, SeqCst);
        }
    }
    let Bench { core, scale, .. } = empty();
    let core = Arc::new(core);
    let late = START + 10 * SECOND;
    let dropped = Arc::new(AtomicBool::new(false));
    for end in 0..3 {
        let waker = Waker::from(Arc::new(Asks(
            Arc::clone(&core),
            scale,
            Arc::clone(&dropped),
        )));
        let mut place = match core.ask(&scale, 1, START, late, || Some(waker)) {
            Answer::Waits(place) => place,
            other => panic!("{other:?}"),
        };
        let noop = || Waker::noop().clone();
        match end {
            0 => core.leave(&scale, &place, START),
            1 => {
                assert_eq!(core.ask_again(&scale, &mut place, START, noop()), None);
                core.leave(&scale, &place, START);
            }
            _ => {
                let turn = place.until;
                let answer = core.ask_again(&scale, &mut place, turn, noop());
                assert_eq!(answer, Some(Answer::Admitted));
            }
        }
        assert!(dropped.swap(false, SeqCst), "{end}");
    }
}
