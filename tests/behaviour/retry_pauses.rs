//! `#[retry]`: how long the pauses are.

mod common;

use std::time::Duration;

use common::{Calls, Error, ms};
use resilient_runtime::{Backoff, Jitter, retry, testing};

/// Functions that always fail, each with a retry of its own.
macro_rules! failing {
    ($($name:ident: [$($knobs:tt)*];)*) => {$(
        #[retry($($knobs)*)]
        async fn $name(calls: &Calls) -> Result<(), Error> {
            calls.note();
            Err(Error::Transient)
        }
    )*};
}

/// The pauses of one call.
macro_rules! pauses {
    ($function:ident) => {{
        let calls = Calls::new();
        let _ = $function(&calls).await;
        calls.pauses()
    }};
}

#[tokio::test(start_paused = true)]
async fn each_backoff_grows_as_its_name_says() {
    failing! {
        constant: [count = 5, backoff = "constant", delay_ms = 100, jitter = "none"];
        linear: [count = 5, backoff = "linear", delay_ms = 100, jitter = "none"];
        exponential: [count = 5, backoff = "exponential", delay_ms = 100, jitter = "none"];
        tripled: [count = 5, factor = 3.0, delay_ms = 100, jitter = "none"];
        level: [count = 5, factor = 1, delay_ms = 100, jitter = "none"];
        fib: [count = 7, backoff = "fib", delay_ms = 100, jitter = "none"];
        squares: [count = 5, backoff = |retry| ms(u64::from(retry * retry)), jitter = "none"];
        by_value: [count = 4, backoff = Backoff::Linear, delay_ms = 7, jitter = "none"];
        by_path: [count = 4, backoff = tens, jitter = "none"];
    }
    fn tens(retry: u32) -> Duration {
        ms(10 * u64::from(retry))
    }

    assert_eq!(pauses!(constant), [100, 100, 100, 100]);
    assert_eq!(pauses!(linear), [100, 200, 300, 400]);
    assert_eq!(pauses!(exponential), [100, 200, 400, 800]);
    assert_eq!(pauses!(tripled), [100, 300, 900, 2700]);
    assert_eq!(pauses!(level), [100, 100, 100, 100]);
    assert_eq!(pauses!(fib), [100, 200, 300, 500, 800, 1300]);
    assert_eq!(pauses!(squares), [1, 4, 9, 16]);
    assert_eq!(pauses!(by_value), [7, 14, 21]);
    assert_eq!(pauses!(by_path), [10, 20, 30]);
}

#[tokio::test(start_paused = true)]
async fn by_default_exponential_from_200_ms_to_30_s_with_full_jitter() {
    failing! {
        plain: [count = 12, jitter = "none"];
        jittered: [count = 12];
    }

    let grown = [
        200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000, 30_000,
    ];
    assert_eq!(pauses!(plain), grown);
    let pauses = pauses!(jittered);
    assert!(
        pauses.iter().zip(grown).all(|(&pause, most)| pause <= most),
        "{pauses:?}"
    );
    assert!(
        pauses
            .iter()
            .zip(grown)
            .any(|(&pause, most)| pause < most / 2),
        "{pauses:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_delay_is_a_string_a_number_of_milliseconds_or_a_duration() {
    const PAUSE: Duration = Duration::from_millis(350);
    failing! {
        text: [count = 2, delay = "250ms", jitter = "none"];
        compound: [count = 2, delay = "1s 5ms", jitter = "none"];
        number: [count = 2, delay_ms = 250, jitter = "none"];
        constant: [count = 2, delay = PAUSE, jitter = "none"];
        expression: [count = 2, delay = PAUSE / 5 + ms(1), jitter = "none"];
        minutes: [count = 2, delay = "1m 30s", max_delay = "2m", jitter = "none"];
    }

    assert_eq!(pauses!(text), [250]);
    assert_eq!(pauses!(compound), [1005]);
    assert_eq!(pauses!(number), [250]);
    assert_eq!(pauses!(constant), [350]);
    assert_eq!(pauses!(expression), [71]);
    assert_eq!(pauses!(minutes), [90_000]);
}

#[tokio::test(start_paused = true)]
async fn max_delay_caps_the_growth() {
    failing! {
        exponential: [count = 5, delay_ms = 100, max_delay_ms = 250, jitter = "none"];
        custom: [count = 3, backoff = |_| Duration::MAX, max_delay = "3s", jitter = "none"];
        endless: [count = 3, factor = 1e300, delay_ms = 1, max_delay = "1h", jitter = "none"];
    }

    assert_eq!(pauses!(exponential), [100, 200, 250, 250]);
    assert_eq!(pauses!(custom), [3000, 3000]);
    assert_eq!(pauses!(endless), [1, 3_600_000]);
}

#[tokio::test(start_paused = true)]
async fn max_delay_caps_the_jitter_too() {
    failing! {
        spread: [count = 200, backoff = "constant", delay_ms = 1000, max_delay_ms = 1000, jitter = 1.0];
    }

    let pauses = pauses!(spread);
    assert!(pauses.iter().all(|&pause| pause <= 1000));
    let at_the_cap = pauses.iter().filter(|&&pause| pause == 1000).count();
    assert!(at_the_cap < 20, "{at_the_cap} of 200 meet at the cap");
    assert!(pauses.iter().any(|&pause| pause > 900));
}

/// The least and the most of many pauses.
fn span(pauses: &[u64]) -> (u64, u64) {
    (*pauses.iter().min().unwrap(), *pauses.iter().max().unwrap())
}

#[tokio::test(start_paused = true)]
async fn each_jitter_keeps_to_its_range_and_uses_it() {
    failing! {
        full: [count = 400, backoff = "constant", delay_ms = 1000, jitter = "full"];
        equal: [count = 400, backoff = "constant", delay_ms = 1000, jitter = "equal"];
        rate: [count = 400, backoff = "constant", delay_ms = 1000, jitter = 0.2];
        by_value: [count = 400, backoff = "constant", delay_ms = 1000, jitter = Jitter::Equal];
        zero: [count = 4, backoff = "constant", delay_ms = 1000, jitter = 0.0];
        decorrelated: [count = 400, backoff = "decorrelated", delay_ms = 100, max_delay_ms = 2000];
    }

    let spans = testing::isolated(async {
        [
            span(&pauses!(full)),
            span(&pauses!(equal)),
            span(&pauses!(rate)),
            span(&pauses!(by_value)),
            span(&pauses!(zero)),
            span(&pauses!(decorrelated)),
        ]
    })
    .await;
    // The clock ticks in milliseconds and never early.
    let ranges = [
        (0, 1001),
        (500, 1001),
        (800, 1201),
        (500, 1001),
        (1000, 1000),
        (100, 2000),
    ];
    for ((least, most), (low, high)) in spans.into_iter().zip(ranges) {
        assert!(
            low <= least && most <= high,
            "{least}..={most} is not in {low}..={high}"
        );
        let tenth = (high - low) / 10;
        assert!(
            least <= low + tenth && high <= most + tenth,
            "{least}..={most}, {low}..={high}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn decorrelated_grows_to_at_most_three_times_the_pause_before() {
    failing! {
        ask: [count = 300, backoff = "decorrelated", delay_ms = 100, max_delay = "1h"];
    }

    let pauses = pauses!(ask);
    assert!((100..=301).contains(&pauses[0]));
    for pair in pauses.windows(2) {
        assert!(
            pair[1] >= 100 && pair[1] <= (3 * pair[0] + 1).min(3_600_000),
            "{pair:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn values_worked_out_per_call_are_taken_into_range() {
    #[retry(count = 3, delay_ms = 100, factor = factor, jitter = "none")]
    async fn grown(calls: &Calls, factor: f64) -> Result<(), Error> {
        calls.note();
        Err(Error::Transient)
    }
    #[retry(count = 40, backoff = "constant", delay_ms = 1000, jitter = rate)]
    async fn spread(calls: &Calls, rate: f64) -> Result<(), Error> {
        calls.note();
        Err(Error::Transient)
    }
    #[retry(count = 3, delay = delay, max_delay = max_delay, jitter = "none")]
    async fn capped(calls: &Calls, delay: Duration, max_delay: Duration) -> Result<(), Error> {
        calls.note();
        Err(Error::Transient)
    }

    for (factor, expected) in [
        (3.0, [100, 300]),
        (0.5, [100, 100]),
        (-4.0, [100, 100]),
        (f64::NAN, [100, 100]),
        (f64::INFINITY, [100, 30_000]),
    ] {
        let calls = Calls::new();
        let _ = grown(&calls, factor).await;
        assert_eq!(calls.pauses(), expected, "factor {factor}");
    }
    for (rate, low, high) in [(7.0, 0, 2001), (-1.0, 1000, 1000), (f64::NAN, 1000, 1000)] {
        let calls = Calls::new();
        let _ = spread(&calls, rate).await;
        let (least, most) = span(&calls.pauses());
        assert!(
            low <= least && most <= high,
            "rate {rate}: {least}..={most}"
        );
    }
    for (delay, max_delay, expected) in [
        (Duration::ZERO, Duration::MAX, [0, 0]),
        (ms(500), ms(100), [100, 100]),
        (Duration::MAX, ms(100), [100, 100]),
        (ms(500), Duration::ZERO, [0, 0]),
    ] {
        let calls = Calls::new();
        let _ = capped(&calls, delay, max_delay).await;
        assert_eq!(calls.pauses(), expected, "{delay:?}, {max_delay:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_delay_stays_none_however_it_grows() {
    #[retry(count = 3, delay_ms = 0, factor = factor, jitter = "none")]
    async fn at_once(calls: &Calls, factor: f64) -> Result<(), Error> {
        calls.note();
        Err(Error::Transient)
    }
    failing! {
        often: [count = 1100, delay_ms = 0, jitter = "none"];
    }

    let calls = Calls::new();
    let _ = at_once(&calls, f64::INFINITY).await;
    assert_eq!(calls.at(), [0, 0, 0]);
    assert!(pauses!(often).iter().all(|&pause| pause == 0));
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_obeyed_where_it_is_longer_than_the_backoff() {
    #[retry(
        count = 2,
        backoff = "constant",
        delay_ms = 100,
        max_delay = "2s",
        jitter = "none"
    )]
    async fn ask(calls: &Calls, wait: Option<Duration>) -> Result<(), Error> {
        calls.note();
        Err(Error::Overload(wait))
    }

    for (wait, pauses) in [
        (None, &[100][..]),
        (Some(Duration::ZERO), &[100]),
        (Some(ms(50)), &[100]),
        (Some(ms(1500)), &[1500]),
        (Some(ms(2000)), &[2000]),
        // Longer than `max_delay`, or for ever: no retry.
        (Some(ms(2001)), &[]),
        (Some(Duration::MAX), &[]),
    ] {
        let calls = Calls::new();
        assert_eq!(ask(&calls, wait).await, Err(Error::Overload(wait)));
        assert_eq!(calls.pauses(), pauses, "{wait:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_obeyed_for_every_error_that_is_retried() {
    struct Busy(u64);
    impl resilient_runtime::Classify for Busy {
        fn class(&self) -> resilient_runtime::ErrorClass {
            resilient_runtime::ErrorClass::Transient
        }
        fn retry_after(&self) -> Option<Duration> {
            Some(ms(self.0))
        }
    }
    #[retry(count = 2, delay_ms = 1)]
    async fn by_class(calls: &Calls) -> Result<(), Busy> {
        calls.note();
        Err(Busy(700))
    }
    #[retry(count = 2, delay_ms = 1, when = |_| true)]
    async fn by_rule(calls: &Calls) -> Result<(), Busy> {
        calls.note();
        Err(Busy(800))
    }
    // Without a limit on pauses, for ever still means never.
    #[retry(count = 2, delay_ms = 1, max_delay = Duration::MAX)]
    async fn never(calls: &Calls) -> Result<(), Error> {
        calls.note();
        Err(Error::Overload(Some(Duration::MAX)))
    }

    assert_eq!(pauses!(by_class), [700]);
    assert_eq!(pauses!(by_rule), [800]);
    assert!(pauses!(never).is_empty());
}
