//! Settings that are replaced while the limiter runs.

use super::*;

fn bell() -> Arc<Bell> {
    Arc::default()
}

#[test]
fn the_bucket_stays_as_full_as_it_was_in_proportion() {
    for ((permits, burst), left, then) in [
        ((100, 10), 5, 5),
        ((1, 10), 5, 5),
        ((10, 100), 5, 50),
        ((10, 2), 5, 1),
        ((7, 20), 5, 10),
        ((10, 100), 0, 0),
        ((10, 1), 0, 0),
    ] {
        let mut bench = Bench::new(10, SECOND, 10);
        assert_eq!(bench.take(10 - left), Answer::Admitted);
        bench.scale = Scale::of(permits, SECOND, burst);
        assert_eq!(bench.snapshot().available, then, "{permits}, {burst}");
        assert_eq!(bench.take_all(), then, "{permits}, {burst}");
        bench.now += SECOND;
        assert_eq!(bench.take_all(), permits.min(burst));
    }
}

#[test]
fn a_change_there_and_back_gains_nothing() {
    let slow = Scale::of(7, 60 * SECOND, 3);
    let fast = Scale::of(1_000, SECOND, 11);
    let mut bench = Bench::new(7, 60 * SECOND, 3);
    assert_eq!(bench.take_all(), 3);
    for _ in 0..1_000 {
        bench.scale = fast;
        assert_ne!(bench.take(1), Answer::Admitted);
        bench.scale = slow;
        assert_ne!(bench.take(1), Answer::Admitted);
    }
    // Each change may round up by a tick.
    bench.now += 9 * SECOND;
    assert_eq!(bench.take_all(), 1);
}

#[test]
fn what_came_before_the_change_came_at_the_old_rate() {
    let mut bench = Bench::new(10, SECOND, 10);
    assert_eq!(bench.take_all(), 10);
    bench.now += 500 * MILLI;
    bench.scale = Scale::of(1, SECOND, 10);
    bench.core.follow(&bench.scale, bench.now);
    assert_eq!(bench.take_all(), 5);
    assert_eq!(bench.take(1), refused_for(SECOND));
}

#[test]
fn who_waits_is_called_and_told_its_new_time() {
    let mut bench = Bench::new(10, SECOND, 1);
    assert_eq!(bench.take_all(), 1);
    let bells = [bell(), bell()];
    let mut places = bells.each_ref().map(|bell| bench.wait_long(1, bell));
    for (permits, period) in [(100, 10 * MILLI), (1, SECOND)] {
        bench.scale = Scale::of(permits, SECOND, 1);
        bench.core.follow(&bench.scale, bench.now);
        for (i, place) in places.iter_mut().enumerate() {
            assert!(bells[i].take());
            assert_eq!(bench.ask_again(place, &bells[i]), None);
            assert_eq!(place.until, bench.now + (i as u64 + 1) * period);
        }
    }
}

#[test]
fn who_can_no_longer_be_served_in_time_is_refused() {
    let mut bench = Bench::new(10, SECOND, 2);
    assert_eq!(bench.take_all(), 2);
    let (patient, hasty) = (bell(), bell());
    let mut hasty_place = match bench.wait(1, 150 * MILLI, &hasty) {
        Answer::Waits(place) => place,
        other => panic!("{other:?}"),
    };
    let mut place = bench.wait_long(2, &patient);
    bench.scale = Scale::of(1, SECOND, 2);
    bench.core.follow(&bench.scale, bench.now);
    assert_eq!(
        bench.ask_again(&mut hasty_place, &hasty),
        Some(refused_for(SECOND))
    );
    assert_eq!(bench.ask_again(&mut place, &patient), None);
    assert_eq!(place.until, bench.now + 2 * SECOND);

    bench.scale = Scale::of(1, SECOND, 1);
    let never = Answer::Refused {
        retry_after: Duration::MAX,
    };
    assert_eq!(bench.ask_again(&mut place, &patient), Some(never));
    assert_eq!(bench.snapshot().waiting, 0);
}

#[test]
fn only_a_change_of_settings_makes_anybody_be_refused_later() {
    let mut bench = Bench::new(10, SECOND, 1);
    assert_eq!(bench.take_all(), 1);
    let bell = bell();
    let [mut one, mut two] = [100, 200].map(|wait| match bench.wait(1, wait * MILLI, &bell) {
        Answer::Waits(place) => place,
        other => panic!("{other:?}"),
    });
    bench.now = one.until + MILLI;
    assert_eq!(bench.ask_again(&mut one, &bell), Some(Answer::Admitted));
    bench.now = two.until;
    assert_eq!(bench.ask_again(&mut two, &bell), None);
    bench.now = two.until;
    assert_eq!(bench.ask_again(&mut two, &bell), Some(Answer::Admitted));
}

#[test]
fn each_change_is_a_generation_so_that_no_exchange_mistakes_one_for_another() {
    let mut bench = Bench::new(10, SECOND, 10);
    let scales = [bench.scale, Scale::of(20, SECOND, 10)];
    for change in 1..20 {
        bench.scale = scales[change % 2];
        bench.core.follow(&bench.scale, bench.now);
        let word = bench.core.word.load(SeqCst);
        assert_eq!((word & GENERATION) >> 1, change as u64 % 8);
        assert_eq!(bench.snapshot().available, 10);
        assert_eq!(bench.core.word.load(SeqCst) & GENERATION, word & GENERATION);
    }
}

#[test]
fn who_is_served_in_time_by_the_last_instant_stays() {
    for (max_wait, stays) in [(SECOND, true), (SECOND - 1, false)] {
        let mut bench = Bench::new(10, SECOND, 1);
        assert_eq!(bench.take_all(), 1);
        let bell = bell();
        let mut place = match bench.wait(1, max_wait, &bell) {
            Answer::Waits(place) => place,
            other => panic!("{other:?}"),
        };
        bench.scale = Scale::of(1, SECOND, 1);
        let answer = bench.ask_again(&mut place, &bell);
        assert_eq!(answer, (!stays).then(|| refused_for(SECOND)));
    }
}
