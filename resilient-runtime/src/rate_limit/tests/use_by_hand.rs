//! Everything but the queue.

use tokio::time::sleep;

use super::*;
use crate::{Origin, PolicyError, SettingError};

#[tokio::test(start_paused = true)]
async fn a_call_is_admitted_or_refused_and_not_polled_then() {
    let limiter = RateLimiter::per_second(2).named("search");
    let mut polled = 0;
    for _ in 0..3 {
        let body = async {
            polled += 1;
            Err::<(), _>("its own")
        };
        let outcome = limiter.call(body).await;
        match outcome {
            Err(Failure::Error(error)) => assert_eq!(error.into_error(), "its own"),
            Err(Failure::Policy(error)) => {
                assert_eq!(error, PolicyError::new(limited(ms(500)), "search"));
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(polled, 2);
}

#[tokio::test(start_paused = true)]
async fn it_asks_when_it_is_first_polled() {
    let limiter = RateLimiter::per_second(1);
    let call = limiter.call(body(Instant::now()));
    assert_eq!(limiter.available(), 1);
    drop(call);
    assert_eq!(limiter.available(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_burst_is_what_comes_in_one_period_unless_told_otherwise() {
    for (limiter, burst) in [
        (RateLimiter::per_second(7), 7),
        (RateLimiter::new(7, ms(60_000)), 7),
        (
            RateLimiter::with(RateLimiterSettings::per_second(7).burst(3)),
            3,
        ),
        (
            RateLimiter::with(RateLimiterSettings::per_second(0).burst(0)),
            1,
        ),
        (RateLimiter::new(1, Duration::ZERO), 1),
    ] {
        assert_eq!(limiter.available(), burst);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_pays_its_cost() {
    let limiter = RateLimiter::per_second(10);
    let start = Instant::now();
    limiter.call(body(start)).cost(4).await.unwrap();
    assert_eq!(limiter.available(), 6);
    limiter.try_acquire_many(5).unwrap();
    assert_eq!(limiter.available(), 1);
    assert_eq!(
        limiter.try_acquire_many(3).unwrap_err().kind(),
        limited(ms(200))
    );
    let too_much = limiter.call(body(start)).cost(11).max_wait(ms(9_000)).await;
    assert_eq!(told(too_much), Err(limited(Duration::MAX)));
    // Nothing costs as much as one.
    limiter.try_acquire_many(0).unwrap();
    assert_eq!(limiter.available(), 0);
    limiter
        .call(body(start))
        .cost(0)
        .max_wait(ms(100))
        .await
        .unwrap();
    assert_eq!(start.elapsed(), ms(100));
}

#[tokio::test(start_paused = true)]
async fn a_call_says_how_long_it_waits_in_place_of_the_settings() {
    let limiter = steady(ms(100));
    let start = Instant::now();
    limiter.try_acquire().unwrap();
    let hasty = limiter.call(body(start)).max_wait(ms(99)).await;
    assert_eq!(told(hasty), Err(limited(ms(100))));
    let [first, second] = [limiter.acquire(), limiter.acquire()];
    let longer = limiter.call(body(start)).max_wait(ms(200));
    let (first, second, longer) = tokio::join!(first, second, longer);
    first.unwrap();
    assert_eq!(second.unwrap_err().kind(), limited(ms(200)));
    assert_eq!(told(longer), Ok(ms(200)));
}

#[tokio::test(start_paused = true)]
async fn try_acquire_never_waits() {
    let limiter = steady(ms(1_000));
    limiter.try_acquire().unwrap();
    assert_eq!(limiter.try_acquire().unwrap_err().kind(), limited(ms(100)));
    assert_eq!(limiter.snapshot().waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn the_knobs_are_those_of_the_attribute() {
    let limiter = RateLimiter::with(RateLimiterSettings::new(600, ms(60_000)).max_wait(ms(5)));
    let list = |limiter: &RateLimiter| {
        let settings = limiter.settings().into_iter();
        settings
            .map(|setting| {
                let value = setting.value.map(|value| value.to_string());
                let mark = if setting.origin == Origin::Handle {
                    "!"
                } else {
                    ""
                };
                format!("{}{mark}={}", setting.knob, value.unwrap_or_default())
            })
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(
        list(&limiter),
        "per_second= permits=600 per=60s burst=600 max_wait=5ms"
    );
    limiter.set("per_second", 20_u32.into()).unwrap();
    assert_eq!(limiter.available(), 20);
    let contradiction = limiter.set("permits", 5_u32.into()).unwrap_err();
    assert!(matches!(contradiction, SettingError::Contradiction(_)));
    limiter.unset("per_second").unwrap();
    limiter.set("permits", 5_u32.into()).unwrap();
    limiter.set("per", ms(1_000).into()).unwrap();
    limiter.set("burst", 2_u32.into()).unwrap();
    limiter.set("max_wait", Duration::ZERO.into()).unwrap();
    assert_eq!(
        list(&limiter),
        "per_second= permits!=5 per!=1s burst!=2 max_wait!=0ns"
    );
    assert_eq!(limiter.available(), 2);
    limiter.try_acquire_many(2).unwrap();
    assert_eq!(
        limiter.acquire().await.unwrap_err().kind(),
        limited(ms(200))
    );
    assert!(limiter.set("burst", 0_u32.into()).is_err());
    assert!(limiter.set("per", Duration::ZERO.into()).is_err());
    assert!(limiter.set("rate", 1_u32.into()).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_lower_burst_takes_hold_at_once_and_locks_nobody_out() {
    let limiter = RateLimiter::per_second(100);
    limiter.try_acquire_many(100).unwrap();
    limiter.set("burst", 5_u32.into()).unwrap();
    assert_eq!(limiter.try_acquire().unwrap_err().kind(), limited(ms(10)));
    sleep(ms(1_000)).await;
    assert_eq!(limiter.available(), 5);
}

#[tokio::test(start_paused = true)]
async fn each_key_has_its_own_and_one_that_has_not_refilled_is_not_forgotten() {
    let tenants = Keyed::new(RateLimiter::per_second(2)).max_keys(2);
    let drained = tenants.get("drained");
    drained.try_acquire().unwrap();
    drained.try_acquire().unwrap();
    assert!(drained.try_acquire().is_err());
    assert_eq!(drained.snapshot().full_in, ms(1_000));
    drop(drained);
    for tenant in ["a", "b", "c", "d"] {
        assert_eq!(tenants.get(tenant).snapshot().available, 2);
    }
    assert!(tenants.get("drained").try_acquire().is_err());
    assert!(tenants.get("d").cost(2).try_acquire().is_ok());
    let start = Instant::now();
    let waited = tenants.get("drained").max_wait(ms(500)).acquire().await;
    assert_eq!((waited, start.elapsed()), (Ok(()), ms(500)));
}

#[cfg(feature = "testing")]
mod isolated {
    use super::*;
    use crate::testing;
    use crate::{Event, EventKind};

    #[tokio::test(start_paused = true)]
    async fn a_test_has_a_limiter_of_its_own() {
        static LIMITER: RateLimiter = RateLimiter::with(STEADY.max_wait(Duration::from_secs(1)));
        let start = Instant::now();
        let drain = async {
            LIMITER.try_acquire().unwrap();
            told(LIMITER.call(body(start)).await)
        };
        let two = tokio::join!(
            testing::isolated(drain),
            testing::isolated(async {
                LIMITER.try_acquire().unwrap();
                told(LIMITER.call(body(start)).await)
            })
        );
        assert_eq!(two, (Ok(ms(100)), Ok(ms(100))));
        assert_eq!(LIMITER.available(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_an_event_and_an_admission_is_none() {
        let limiter = RateLimiter::per_second(1).named("quota");
        let calls = async {
            limiter.try_acquire().unwrap();
            let _ = limiter.try_acquire();
            let _ = limiter.call(body(Instant::now())).await;
        };
        let ((), events) = testing::events(calls).await;
        let kinds: Vec<_> = events.iter().map(Event::kind).collect();
        let refused = EventKind::Refused(limited(ms(1_000)));
        assert_eq!(kinds, [&refused, &refused]);
        assert_eq!(events[0].site(), "quota");
    }
}
