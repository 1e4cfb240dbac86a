//! `#[circuit_breaker]`: whose breaker it is.

mod common;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use common::{Error, breaker, fail};
use resilient_runtime::{BreakerState, CircuitBreaker, CircuitBreakerSettings, circuit_breaker};

const QUICK: CircuitBreakerSettings = CircuitBreakerSettings::new()
    .consecutive_failures(1)
    .open_for(Duration::from_secs(1));

#[tokio::test(start_paused = true)]
async fn a_static_is_shared_by_all_that_name_it() {
    static CACHE: CircuitBreaker = CircuitBreaker::with(QUICK);

    #[circuit_breaker(state = CACHE)]
    async fn read() -> Result<(), Error> {
        Err(Error::Transient)
    }
    #[circuit_breaker(state = CACHE, name = "the writer")]
    async fn write() -> Result<(), Error> {
        Ok(())
    }

    assert_eq!(write().await, Ok(()));
    assert_eq!(read().await, Err(Error::Transient));
    let Err(Error::Policy(error)) = write().await else {
        panic!("it is open for both")
    };
    assert_eq!(error.site(), "the writer");
    assert_eq!(CACHE.state(), BreakerState::Open);
}

#[tokio::test(start_paused = true)]
async fn a_field_is_one_for_each_instance() {
    struct Client {
        breaker: CircuitBreaker,
    }
    impl Client {
        #[circuit_breaker(state = self.breaker)]
        async fn ask(&self) -> Result<(), Error> {
            Err(Error::Transient)
        }
    }

    let [one, other] = [(); 2].map(|()| Client {
        breaker: CircuitBreaker::with(QUICK),
    });
    assert_eq!(one.ask().await, Err(Error::Transient));
    assert!(one.ask().await.unwrap_err().is_open());
    assert_eq!(other.ask().await, Err(Error::Transient));
}

static LAZY: LazyLock<CircuitBreaker> = LazyLock::new(|| CircuitBreaker::with(QUICK));
static LAZY_ARC: LazyLock<Arc<CircuitBreaker>> =
    LazyLock::new(|| Arc::new(CircuitBreaker::with(QUICK)));

fn reference(of: &Arc<CircuitBreaker>) -> &CircuitBreaker {
    of
}

fn arc(of: &Arc<CircuitBreaker>) -> Arc<CircuitBreaker> {
    Arc::clone(of)
}

#[circuit_breaker(state = LAZY)]
async fn by_lazy() -> Result<(), Error> {
    Err(Error::Transient)
}

#[circuit_breaker(state = LAZY_ARC)]
async fn by_lazy_arc() -> Result<(), Error> {
    Err(Error::Transient)
}

#[circuit_breaker(state = *LAZY)]
async fn by_place() -> Result<(), Error> {
    Ok(())
}

#[circuit_breaker(state = breaker)]
async fn by_argument(breaker: &CircuitBreaker) -> Result<(), Error> {
    Err(Error::Transient)
}

#[circuit_breaker(state = breaker)]
async fn by_arc(breaker: Arc<CircuitBreaker>) -> Result<(), Error> {
    Err(Error::Transient)
}

#[circuit_breaker(state = reference(breaker))]
async fn by_function(breaker: &Arc<CircuitBreaker>) -> Result<(), Error> {
    Err(Error::Transient)
}

#[circuit_breaker(state = arc(breaker))]
async fn by_function_of_an_arc(breaker: &Arc<CircuitBreaker>) -> Result<(), Error> {
    Err(Error::Transient)
}

#[tokio::test(start_paused = true)]
async fn a_state_is_named_in_whatever_form_it_is_held() {
    assert_eq!(by_lazy().await, Err(Error::Transient));
    assert!(by_lazy().await.unwrap_err().is_open());
    assert!(by_place().await.unwrap_err().is_open());
    assert_eq!(by_lazy_arc().await, Err(Error::Transient));
    assert!(by_lazy_arc().await.unwrap_err().is_open());

    let shared = Arc::new(CircuitBreaker::with(QUICK));
    for form in 0..4 {
        shared.reset();
        let ask = || async {
            match form {
                0 => by_argument(&shared).await,
                1 => by_arc(Arc::clone(&shared)).await,
                2 => by_function(&shared).await,
                _ => by_function_of_an_arc(&shared).await,
            }
        };
        assert_eq!(ask().await, Err(Error::Transient), "form {form}");
        assert!(ask().await.unwrap_err().is_open(), "form {form}");
    }
    assert_eq!(Arc::strong_count(&shared), 1);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_uses_all_of_a_mut_self_takes_a_clone_of_an_arc() {
    struct Client {
        breaker: Arc<CircuitBreaker>,
        asked: u32,
    }
    impl Client {
        fn note(&mut self) {
            self.asked += 1;
        }
        #[circuit_breaker(state = self.breaker.clone())]
        async fn ask(&mut self) -> Result<(), Error> {
            self.note();
            Err(Error::Transient)
        }
    }

    let mut client = Client {
        breaker: Arc::new(CircuitBreaker::with(QUICK)),
        asked: 0,
    };
    assert_eq!(client.ask().await, Err(Error::Transient));
    assert!(client.ask().await.unwrap_err().is_open());
    assert_eq!(client.asked, 1);
}

#[tokio::test(start_paused = true)]
async fn the_rules_of_what_counts_may_stand_beside_a_state() {
    static STRICT: CircuitBreaker = CircuitBreaker::with(QUICK);
    #[circuit_breaker(
        state = STRICT,
        name = "strict",
        when = |error| *error == Error::CallerFault,
        when_ok = |value| *value == 0,
        ignore = |error| *error == Error::ServerFault
    )]
    async fn ask(outcome: Result<u32, Error>) -> Result<u32, Error> {
        outcome
    }

    for (outcome, state) in [
        (Ok(1), BreakerState::Closed),
        (Err(Error::Transient), BreakerState::Closed),
        (Err(Error::ServerFault), BreakerState::Closed),
        (Err(Error::CallerFault), BreakerState::Open),
        (Ok(0), BreakerState::Open),
    ] {
        STRICT.reset();
        assert_eq!(ask(outcome.clone()).await, outcome);
        assert_eq!(STRICT.state(), state, "{outcome:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_more_words_each_function_has_its_own() {
    #[circuit_breaker(name = "mine", policy = QUICK)]
    async fn mine() -> Result<(), Error> {
        Ok(())
    }
    #[circuit_breaker(name = "yours", policy = QUICK)]
    async fn yours() -> Result<(), Error> {
        Ok(())
    }

    fail(breaker("mine"), 1);
    assert!(mine().await.unwrap_err().is_open());
    assert_eq!(yours().await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn all_instantiations_of_a_generic_share_one() {
    #[circuit_breaker(policy = QUICK)]
    async fn ask<T: Send, const N: usize>(_of: [T; N]) -> Result<(), Error> {
        Err(Error::Transient)
    }

    assert_eq!(ask([0_u8; 3]).await, Err(Error::Transient));
    assert!(ask([String::new()]).await.unwrap_err().is_open());
}

trait Get {
    fn outcome(&self) -> Result<(), Error>;

    #[circuit_breaker(policy = QUICK)]
    #[allow(async_fn_in_trait)]
    async fn get(&self) -> Result<(), Error> {
        self.outcome()
    }
}

struct Bad;
struct Good;

impl Get for Bad {
    fn outcome(&self) -> Result<(), Error> {
        Err(Error::Transient)
    }
}

impl Get for Good {
    fn outcome(&self) -> Result<(), Error> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn all_implementors_of_a_default_method_share_one() {
    assert_eq!(Good.get().await, Ok(()));
    assert_eq!(Bad.get().await, Err(Error::Transient));
    assert!(Good.get().await.unwrap_err().is_open());
}

trait Put {
    async fn put(&self) -> Result<(), Error>;
}

impl Put for Bad {
    #[circuit_breaker(policy = QUICK)]
    async fn put(&self) -> Result<(), Error> {
        Err(Error::Transient)
    }
}

impl Put for Good {
    #[circuit_breaker(policy = QUICK)]
    async fn put(&self) -> Result<(), Error> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn methods_of_different_impls_have_their_own() {
    assert_eq!(Bad.put().await, Err(Error::Transient));
    assert!(Bad.put().await.unwrap_err().is_open());
    assert_eq!(Good.put().await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn two_breakers_on_one_function_keep_their_own_books() {
    static OUTER: CircuitBreaker = CircuitBreaker::with(QUICK);
    static INNER: CircuitBreaker = CircuitBreaker::with(QUICK);
    #[circuit_breaker(state = OUTER)]
    #[circuit_breaker(state = INNER, ignore = |_| true)]
    async fn ask() -> Result<(), Error> {
        Err(Error::Transient)
    }

    assert_eq!(ask().await, Err(Error::Transient));
    assert_eq!(
        [OUTER.state(), INNER.state()],
        [BreakerState::Open, BreakerState::Closed]
    );
}
