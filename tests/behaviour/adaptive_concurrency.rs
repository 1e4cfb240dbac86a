//! `#[adaptive_concurrency]`: whose rule, what limit, and what a call over it is told.

mod common;

use common::{Calls, Error, layer, ms, read};
use futures::FutureExt as _;
use futures::future::join_all;
use resilient_runtime::{
    AdaptiveConcurrency, AdaptiveConcurrencySettings, Aimd, Carry, Elasticity, Gradient2,
    LayerKind, PolicyErrorKind, Vegas, adaptive_concurrency,
};
use tokio::time::sleep;

fn is_limited(outcome: &Result<usize, Error>) -> bool {
    let kind = outcome.as_ref().err().and_then(Error::kind);
    kind == Some(PolicyErrorKind::ConcurrencyLimited)
}

async fn work(calls: &Calls) -> Result<usize, Error> {
    let call = calls.note();
    sleep(ms(10)).await;
    Ok(call)
}

fn is<T: 'static>(site: &str) -> bool {
    layer(site, LayerKind::AdaptiveConcurrency)
        .state::<T>()
        .is_some()
}

mod own {
    use resilient_runtime::{LimitAlgorithm, LimitUpdate, LimitWindow};

    /// Does not adapt.
    #[derive(Debug)]
    pub(crate) struct Fixed<const LIMIT: u32>;

    impl<const LIMIT: u32> LimitAlgorithm for Fixed<LIMIT> {
        const NEW: Self = Self;

        fn update(&mut self, _window: &LimitWindow) -> LimitUpdate {
            LimitUpdate::new(f64::from(LIMIT))
        }
    }

    /// Says by its limit how many places are held.
    #[derive(Debug)]
    pub(crate) struct Held;

    impl LimitAlgorithm for Held {
        const NEW: Self = Self;

        fn update(&mut self, window: &LimitWindow) -> LimitUpdate {
            LimitUpdate::new(f64::from(100 + window.held))
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_side_or_a_name_chooses_the_algorithm() {
    #[adaptive_concurrency(side = "server", name = "server")]
    async fn server() -> Result<usize, Error> {
        Ok(0)
    }
    #[adaptive_concurrency(side = "client", name = "client")]
    async fn client() -> Result<usize, Error> {
        Ok(0)
    }
    #[adaptive_concurrency(algorithm = "elasticity", name = "elasticity")]
    async fn elasticity() -> Result<usize, Error> {
        Ok(0)
    }
    #[adaptive_concurrency(algorithm = "aimd", name = "aimd")]
    async fn aimd() -> Result<usize, Error> {
        Ok(0)
    }
    #[adaptive_concurrency(algorithm = "gradient2", name = "gradient2")]
    async fn gradient2() -> Result<usize, Error> {
        Ok(0)
    }
    #[adaptive_concurrency(algorithm = "vegas", name = "vegas")]
    async fn vegas() -> Result<usize, Error> {
        Ok(0)
    }
    #[adaptive_concurrency(algorithm = Aimd, name = "a type")]
    async fn a_type() -> Result<usize, Error> {
        Ok(0)
    }
    #[adaptive_concurrency(algorithm = own::Fixed::<3>, name = "an own type")]
    async fn an_own_type() -> Result<usize, Error> {
        Ok(0)
    }

    assert!(is::<AdaptiveConcurrency<Elasticity>>("server"));
    assert!(is::<AdaptiveConcurrency<Aimd>>("client"));
    assert!(is::<AdaptiveConcurrency<Elasticity>>("elasticity"));
    assert!(is::<AdaptiveConcurrency<Aimd>>("aimd"));
    assert!(is::<AdaptiveConcurrency<Gradient2>>("gradient2"));
    assert!(is::<AdaptiveConcurrency<Vegas>>("vegas"));
    assert!(is::<AdaptiveConcurrency<Aimd>>("a type"));
    assert!(is::<AdaptiveConcurrency<own::Fixed<3>>>("an own type"));
    for outcome in [
        server().await,
        client().await,
        elasticity().await,
        aimd().await,
        gradient2().await,
        vegas().await,
        a_type().await,
        an_own_type().await,
    ] {
        assert_eq!(outcome, Ok(0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_over_the_limit_is_refused_and_does_not_begin() {
    #[adaptive_concurrency(side = "server", initial = 3)]
    async fn ask(calls: &Calls) -> Result<usize, Error> {
        work(calls).await
    }

    let calls = Calls::new();
    let outcomes = join_all((0..4).map(|_| ask(&calls))).await;
    assert_eq!(outcomes[..3], [Ok(1), Ok(2), Ok(3)]);
    assert!(is_limited(&outcomes[3]));
    assert_eq!(calls.count(), 3);
    assert_eq!(ask(&calls).await, Ok(4));
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_is_not_said_lies_between_the_bounds() {
    #[adaptive_concurrency(side = "server", max = 2)]
    async fn few(calls: &Calls) -> Result<usize, Error> {
        work(calls).await
    }
    #[adaptive_concurrency(side = "server", min = 30)]
    async fn many(calls: &Calls) -> Result<usize, Error> {
        work(calls).await
    }

    let calls = Calls::new();
    let outcomes = join_all((0..3).map(|_| few(&calls))).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 2);
    let outcomes = join_all((0..31).map(|_| many(&calls))).await;
    assert_eq!(
        outcomes.iter().filter(|outcome| outcome.is_ok()).count(),
        30
    );
}

#[tokio::test(start_paused = true)]
async fn a_queue_holds_so_many_for_so_long() {
    #[adaptive_concurrency(
        side = "server",
        initial = 1,
        max = 1,
        max_queue = 2,
        max_wait = "15ms"
    )]
    async fn ask(calls: &Calls) -> Result<usize, Error> {
        work(calls).await
    }

    let calls = Calls::new();
    let outcomes = join_all((0..4).map(|_| ask(&calls))).await;
    assert_eq!(outcomes[..2], [Ok(1), Ok(2)]);
    assert!(is_limited(&outcomes[2]), "it has waited too long");
    assert!(is_limited(&outcomes[3]), "the queue was full");
    assert_eq!(calls.at(), [0, 10]);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_gives_its_place_back() {
    #[adaptive_concurrency(side = "client", initial = 1)]
    async fn ask(calls: &Calls) -> Result<usize, Error> {
        work(calls).await
    }

    let calls = Calls::new();
    let mut held = Box::pin(ask(&calls));
    assert_eq!((&mut held).now_or_never(), None);
    assert!(is_limited(&ask(&calls).await));
    drop(held);
    assert_eq!(ask(&calls).await, Ok(2));
}

#[tokio::test(start_paused = true)]
async fn a_limit_is_one_for_each_key() {
    #[adaptive_concurrency(side = "client", initial = 1, key = host)]
    async fn ask(calls: &Calls, host: String) -> Result<usize, Error> {
        drop(host);
        work(calls).await
    }

    let calls = Calls::new();
    let outcomes = join_all(["one", "two", "one"].map(|host| ask(&calls, host.to_owned()))).await;
    assert_eq!(outcomes[..2], [Ok(1), Ok(2)]);
    assert!(is_limited(&outcomes[2]));
}

#[tokio::test(start_paused = true)]
async fn a_state_may_be_shared_or_of_the_instance() {
    const ONE: AdaptiveConcurrencySettings = AdaptiveConcurrencySettings::new().initial(1).max(1);
    static SHARED: AdaptiveConcurrency<Vegas> = AdaptiveConcurrency::with(ONE);
    struct Client {
        limiter: std::sync::Arc<AdaptiveConcurrency<Aimd>>,
    }

    #[adaptive_concurrency(state = SHARED)]
    async fn ask(calls: &Calls) -> Result<usize, Error> {
        work(calls).await
    }
    #[adaptive_concurrency(state = SHARED)]
    async fn too(calls: &Calls) -> Result<usize, Error> {
        work(calls).await
    }
    impl Client {
        #[adaptive_concurrency(state = self.limiter)]
        async fn ask(&self, calls: &Calls) -> Result<usize, Error> {
            work(calls).await
        }
    }

    let calls = Calls::new();
    let client = Client {
        limiter: std::sync::Arc::new(AdaptiveConcurrency::with(ONE)),
    };
    let (first, second) = tokio::join!(ask(&calls), too(&calls));
    assert_eq!(first, Ok(1));
    assert!(is_limited(&second));
    let (first, second) = tokio::join!(client.ask(&calls), client.ask(&calls));
    assert_eq!(first, Ok(2));
    assert!(is_limited(&second));
}

#[tokio::test(start_paused = true)]
async fn a_policy_gives_what_no_knob_says() {
    const LIMITS: AdaptiveConcurrencySettings =
        AdaptiveConcurrencySettings::new().initial(5).min(2).max(50);

    #[adaptive_concurrency(side = "server", policy = LIMITS, max = 40, name = "limits")]
    async fn limits() -> Result<usize, Error> {
        Ok(0)
    }

    assert_eq!(limits().await, Ok(0));
    let settings = read(layer("limits", LayerKind::AdaptiveConcurrency));
    assert!(settings.contains("initial 5, min 2, max 40"), "{settings}");
}

#[tokio::test(start_paused = true)]
async fn a_place_that_is_carried_on_is_told_apart_from_those_of_calls() {
    #[adaptive_concurrency(algorithm = own::Held, name = "carried on")]
    async fn ask(carries: bool) -> Result<Option<Carry>, Error> {
        sleep(ms(10)).await;
        Ok(carries.then(Carry::new))
    }
    async fn held() -> u32 {
        for _ in 0..30 {
            ask(false).await.unwrap();
        }
        let layer = layer("carried on", LayerKind::AdaptiveConcurrency);
        let limit = layer.state::<AdaptiveConcurrency<own::Held>>().unwrap();
        limit.limit() - 100
    }

    assert_eq!(held().await, 0);
    let streams = [ask(true).await.unwrap(), ask(true).await.unwrap()];
    assert_eq!(held().await, 2);
    drop(streams);
    assert_eq!(held().await, 0);
}
