//! The same with many threads: whoever asks notes what its clock showed, and no span of those
//! times may hold more than the bound.

use std::sync::Barrier;
use std::sync::atomic::AtomicU64;
use std::thread;

use super::*;

const THREADS: u64 = 8;

/// Whether no span of `log` holds more than burst + rate × t.
fn keeps_to(mut log: Vec<(Nanos, u32)>, permits: u32, per: Nanos, burst: u32) -> bool {
    log.sort_unstable();
    // Times are counted in ns/permits; the end of the fullest span so far.
    let (permits, per) = (u128::from(permits), u128::from(per));
    let mut end = 0;
    log.into_iter().all(|(at, cost)| {
        let at = u128::from(at) * permits;
        end = at.max(end) + u128::from(cost) * per;
        end <= at + u128::from(burst) * per
    })
}

/// Runs `work(thread, clock)` on all threads at once and gathers what they log.
fn gather(work: impl Fn(u64, &AtomicU64) -> Vec<(Nanos, u32)> + Sync) -> Vec<(Nanos, u32)> {
    let clock = AtomicU64::new(START);
    let start = Barrier::new(THREADS as usize);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (work, clock, start) = (&work, &clock, &start);
                scope.spawn(move || {
                    start.wait();
                    work(thread, clock)
                })
            })
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    })
}

#[test]
fn a_standing_clock_gives_a_burst_and_not_one_more() {
    for burst in [1, 7, 1_000] {
        let bench = Bench::new(3, SECOND, burst);
        let log = gather(|_, _| {
            (0..2_000)
                .filter(|_| bench.take(1) == Answer::Admitted)
                .map(|_| (START, 1))
                .collect()
        });
        assert_eq!(log.len(), burst as usize);
    }
}

#[test]
fn no_span_holds_more_while_the_clock_runs() {
    for (permits, per, burst) in [(3, SECOND, 5), (67_108_859, SECOND, 40), (17, 1_000, 1)] {
        let Bench { core, scale, .. } = Bench::new(permits, per, burst);
        let step = per / u64::from(permits) / 3 + 1;
        let log = gather(|thread, clock| {
            let mut log = Vec::new();
            for turn in 0..5_000 {
                let now = clock.fetch_add(step * (turn % 3), SeqCst);
                let cost = 1 + (thread + turn) as u32 % 2 * (burst / 2).min(1);
                if core.ask(&scale, cost, now, now, || None) == Answer::Admitted {
                    log.push((now, cost));
                }
            }
            log
        });
        assert!(log.len() > 1_000);
        assert!(
            keeps_to(log, permits, per, burst),
            "{permits}, {per}, {burst}"
        );
    }
}

#[test]
fn waiters_that_come_and_go_neither_lose_nor_gain_a_permit() {
    let (permits, per, burst) = (7, 2_000, 3);
    let bench = Bench::new(permits, per, burst);
    let (core, scale) = (&bench.core, &bench.scale);
    let log = gather(|thread, clock| {
        let mut log = Vec::new();
        for turn in 0..2_000 {
            let now = clock.fetch_add(100 * ((thread + turn) % 2), SeqCst);
            let cost = 1 + (turn % 3) as u32;
            let patience = 200 * (turn % 30);
            match core.ask(scale, cost, now, now + patience, || {
                Some(Waker::noop().clone())
            }) {
                Answer::Admitted => log.push((now, cost)),
                Answer::Refused { .. } => {}
                Answer::Waits(mut place) => {
                    let mut asked = 0;
                    loop {
                        let now = clock.fetch_add(50, SeqCst);
                        asked += 1;
                        if asked > 5 + turn % 40 {
                            core.leave(scale, &place, now);
                            break;
                        }
                        match core.ask_again(scale, &mut place, now, Waker::noop().clone()) {
                            None => thread::yield_now(),
                            Some(Answer::Admitted) => {
                                log.push((now, cost));
                                break;
                            }
                            Some(other) => panic!("{other:?}"),
                        }
                    }
                }
            }
        }
        log
    });
    let end = START + (1 << 40);
    assert_eq!(core.snapshot(scale, end).waiting, 0);
    assert!(core.is_idle(end), "nothing was left behind");
    assert!(log.len() > 100);
    assert!(keeps_to(log, permits, per, burst));
}

#[test]
fn a_change_of_settings_among_many_calls_gains_nothing() {
    // The clock stands, so the fullest bucket is all that there ever is.
    let scales = [(10, 40), (7, 30), (67_108_859, 20)]
        .map(|(permits, burst)| Scale::of(permits, SECOND, burst));
    for _ in 0..50 {
        let core = Core::new(&scales[0]);
        let log = gather(|thread, _| {
            (0..200)
                .filter(|turn| {
                    let scale = &scales[(turn + thread as usize) % 3];
                    core.ask(scale, 1, START, START, || None) == Answer::Admitted
                })
                .map(|_| (START, 1))
                .collect()
        });
        assert!(log.len() <= 40, "{}", log.len());
    }
}
