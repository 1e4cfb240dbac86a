//! Those who wait.

use futures::FutureExt;
use tokio::time::{advance, sleep};

use super::*;
use crate::context;
use crate::{CircuitBreaker, CircuitBreakerSettings, Timeout};

#[tokio::test(start_paused = true)]
async fn calls_that_wait_begin_in_order_at_the_pace_of_the_rate() {
    let limiter = steady(ms(400));
    let start = Instant::now();
    let mut calls = Vec::new();
    for _ in 0..6 {
        calls.push(spawn(&limiter, start).await);
    }
    let refused = calls.pop().unwrap().await.unwrap();
    assert_eq!(refused, Err(limited(ms(500))));
    for (i, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.unwrap(), Ok(ms(100) * i as u32));
    }
}

#[tokio::test(start_paused = true)]
async fn a_rate_finer_than_the_timer_is_kept_if_a_burst_bridges_it() {
    let settings = RateLimiterSettings::per_second(3_000)
        .burst(4)
        .max_wait(ms(2_000));
    let limiter = RateLimiter::with(settings);
    let start = Instant::now();
    for _ in 0..3_004 {
        limiter.acquire().await.unwrap();
    }
    assert_eq!(start.elapsed(), ms(1_000));
}

#[tokio::test(start_paused = true)]
async fn no_span_holds_more_than_the_bound_whatever_the_timer_rounds() {
    for (permits, burst) in [(3, 1), (7, 2), (300, 1), (7_000, 3)] {
        let settings = RateLimiterSettings::per_second(permits).burst(burst);
        let limiter = RateLimiter::with(settings.max_wait(Duration::MAX));
        let start = Instant::now();
        let mut begun = Vec::new();
        for _ in 0..60 {
            limiter.acquire().await.unwrap();
            begun.push(start.elapsed().as_nanos());
        }
        for (i, from) in begun.iter().enumerate() {
            for (j, to) in begun.iter().enumerate().skip(i) {
                let over = (j - i + 1).saturating_sub(burst as usize) as u128;
                assert!(over * 1_000_000_000 <= (to - from) * u128::from(permits));
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn those_behind_one_that_is_dropped_begin_earlier() {
    for gone in 0..3 {
        let limiter = steady(ms(1_000));
        let start = Instant::now();
        limiter.try_acquire().unwrap();
        let mut calls = Vec::new();
        for _ in 0..3 {
            calls.push(spawn(&limiter, start).await);
        }
        sleep(ms(30)).await;
        calls.remove(gone).abort();
        for (i, call) in calls.into_iter().enumerate() {
            let turn = ms(100) * (i as u32 + 1);
            assert_eq!(call.await.unwrap(), Ok(turn), "{gone} gone, then {i}");
        }
        assert_eq!(limiter.snapshot().waiting, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn all_of_a_long_queue_may_be_dropped_and_nothing_is_left() {
    let limiter = steady(Duration::MAX);
    limiter.try_acquire().unwrap();
    let mut calls: Vec<_> = (0..1_000).map(|_| Box::pin(limiter.acquire())).collect();
    for call in &mut calls {
        assert!(call.now_or_never().is_none());
    }
    assert_eq!(limiter.snapshot().waiting, 1_000);
    drop(calls);
    assert_eq!(limiter.snapshot().waiting, 0);
    sleep(ms(100)).await;
    assert_eq!(limiter.available(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_does_not_wait_does_not_overtake() {
    let limiter = steady(ms(1_000));
    limiter.try_acquire().unwrap();
    let start = Instant::now();
    let waiting = spawn(&limiter, start).await;
    advance(ms(150)).await;
    let refusal = limiter.try_acquire().unwrap_err();
    assert!(refusal.retry_after().unwrap() <= ms(100));
    assert_eq!(waiting.await.unwrap(), Ok(ms(150)));
}

#[tokio::test(start_paused = true)]
async fn a_wait_as_long_as_max_wait_is_allowed_and_no_longer() {
    for (max_wait, allowed) in [(ms(100), true), (ms(100) - Duration::from_nanos(1), false)] {
        let limiter = steady(max_wait);
        limiter.try_acquire().unwrap();
        let outcome = limiter.acquire().now_or_never();
        match allowed {
            true => assert_eq!(outcome, None),
            false => assert_eq!(outcome.unwrap().unwrap_err().kind(), limited(ms(100))),
        }
        // Neither took anything.
        sleep(ms(100)).await;
        assert_eq!(limiter.available(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_begin_before_the_deadline_is_refused_at_once_and_takes_nothing() {
    let limiter = steady(ms(10_000));
    limiter.try_acquire().unwrap();
    let start = Instant::now();
    for after in [ms(99), ms(100)] {
        let outcome = Timeout::new(after).call(limiter.call(body(start))).await;
        assert_eq!(told(outcome), Err(limited(ms(100))));
    }
    let waits = Timeout::new(ms(101)).call(limiter.call(body(start)));
    assert!(waits.now_or_never().is_none());
    assert_eq!(start.elapsed(), ms(0));
    sleep(ms(100)).await;
    assert_eq!(limiter.available(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_that_drops_a_waiter_lets_the_next_move_up() {
    let limiter = steady(ms(10_000));
    limiter.try_acquire().unwrap();
    let start = Instant::now();
    let slow = async {
        sleep(ms(50)).await;
        told(limiter.call(body(start)).await)
    };
    // Not a deadline that the limiter could see when it was asked.
    let first = tokio::time::timeout(ms(60), limiter.acquire());
    let (first, second) = tokio::join!(first, slow);
    assert!(first.is_err());
    assert_eq!(second, Ok(ms(100)));
}

#[tokio::test(start_paused = true)]
async fn a_future_that_nobody_polls_holds_up_the_others_for_a_moment_only() {
    let limiter = steady(ms(10_000));
    limiter.try_acquire().unwrap();
    let mut forgotten = Box::pin(limiter.acquire());
    assert!(forgotten.as_mut().now_or_never().is_none());
    let start = Instant::now();
    limiter.acquire().await.unwrap();
    assert_eq!(start.elapsed(), ms(210));
    limiter.acquire().await.unwrap();
    assert_eq!(start.elapsed(), ms(310));
    forgotten.await.unwrap();
    assert_eq!(start.elapsed(), ms(410));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_panics_has_used_its_permit_and_harms_nobody() {
    let limiter = steady(ms(1_000));
    let start = Instant::now();
    let panics = {
        let limiter = Arc::clone(&limiter);
        tokio::spawn(async move {
            let body = async || -> Result<(), &str> { panic!("as the test wants") };
            let _ = limiter.call(body()).await;
        })
    };
    tokio::task::yield_now().await;
    let next = spawn(&limiter, start).await;
    assert!(panics.await.unwrap_err().is_panic());
    assert_eq!(next.await.unwrap(), Ok(ms(100)));
}

#[test]
fn a_wait_without_a_runtime_panics_and_leaves_nothing_behind() {
    let limiter = steady(ms(1_000));
    limiter.try_acquire().unwrap();
    let wait = || limiter.acquire().now_or_never();
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(wait)).is_err());
    assert_eq!(limiter.snapshot().waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_says_so_to_the_layers_around_it() {
    let limiter = steady(ms(1_000));
    limiter.try_acquire().unwrap();
    let mut call = Box::pin(limiter.acquire());
    let waits = context::waits();
    assert!(call.as_mut().now_or_never().is_none());
    assert_ne!(context::waits(), waits);

    // So a breaker above does not blame the service for it.
    let breaker = CircuitBreaker::with(CircuitBreakerSettings::new().consecutive_failures(1));
    let limited = breaker.call(limiter.call(body(Instant::now())));
    let outcome = tokio::time::timeout(ms(150), limited).await;
    assert!(outcome.is_err());
    assert_eq!(breaker.state(), crate::BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn new_settings_move_those_who_wait() {
    let limiter = steady(ms(10_000));
    limiter.try_acquire().unwrap();
    let start = Instant::now();
    let first = spawn(&limiter, start).await;
    let second = spawn(&limiter, start).await;
    limiter.set("per_second", 100_u32.into()).unwrap();
    assert_eq!(first.await.unwrap(), Ok(ms(10)));
    limiter.set("per_second", 1_u32.into()).unwrap();
    assert_eq!(second.await.unwrap(), Ok(ms(1_010)));

    let third = spawn(&limiter, start).await;
    limiter.set("per_second", 1_u32.into()).unwrap();
    limiter.unset("per_second").unwrap();
    assert_eq!(third.await.unwrap(), Ok(ms(1_110)));
}

#[tokio::test(start_paused = true)]
async fn new_settings_refuse_whom_they_make_too_late() {
    let limiter = steady(ms(100));
    limiter.try_acquire().unwrap();
    let call = spawn(&limiter, Instant::now()).await;
    limiter.set("per_second", 1_u32.into()).unwrap();
    assert_eq!(call.await.unwrap(), Err(limited(ms(1_000))));
}

#[tokio::test]
async fn many_tasks_that_wait_and_give_up_on_many_threads_leave_nothing_behind() {
    let settings = RateLimiterSettings::per_second(20_000).burst(50);
    let limiter = Arc::new(RateLimiter::with(settings.max_wait(Duration::MAX)));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_time()
        .build()
        .unwrap();
    let begun = Arc::new(Mutex::new(Vec::new()));
    let start = Instant::now();
    let calls: Vec<_> = (0..1_000_u32)
        .map(|i| {
            let (limiter, begun) = (Arc::clone(&limiter), Arc::clone(&begun));
            runtime.spawn(async move {
                let acquire = limiter.acquire();
                if i % 3 == 0 {
                    // Given up sooner or later.
                    let patience = Duration::from_micros(u64::from(i) * 20);
                    let _ = tokio::time::timeout(patience, acquire).await;
                } else {
                    acquire.await.unwrap();
                    begun.lock().unwrap().push(start.elapsed());
                }
            })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    assert_eq!(begun.lock().unwrap().len(), 666);
    assert_eq!(limiter.snapshot().waiting, 0);
    runtime.shutdown_background();
}

#[tokio::test(start_paused = true)]
async fn those_who_come_back_do_not_make_others_wait_beyond_their_max_wait() {
    let settings = RateLimiterSettings::per_second(10).burst(1);
    let limiter = RateLimiter::with(settings.max_wait(Duration::from_secs(10)));
    limiter.try_acquire().unwrap();
    let mut absent: Vec<_> = (0..20).map(|_| Box::pin(limiter.acquire())).collect();
    for waiter in &mut absent {
        assert!(waiter.as_mut().now_or_never().is_none());
    }
    // All of them are due, and as nobody polls them they are passed over one by one.
    advance(Duration::from_millis(2_500)).await;
    for _ in 0..40 {
        let _ = limiter.try_acquire();
        advance(Duration::from_millis(11)).await;
    }
    let max_wait = Duration::from_millis(150);
    let mut call = Box::pin(limiter.call(async { Ok::<_, &str>(()) }).max_wait(max_wait));
    assert!(call.as_mut().now_or_never().is_none());
    let start = Instant::now();
    let all = futures::future::join_all(absent);
    let (_, waited) = tokio::join!(all, call.map(|outcome| (outcome.is_ok(), start.elapsed())));
    assert!(!waited.0 && waited.1 <= max_wait, "{waited:?}");
}
