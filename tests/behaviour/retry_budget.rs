//! `#[retry(budget = ..)]`: how many retries there are, and for whom.

mod common;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use common::{Calls, Error, layer, ms};
use resilient_runtime::{
    EventKind, Keyed, LayerKind, RetryBudget, RetryBudgetSettings, StopReason, resilient, retry,
    testing, timeout,
};
use tokio::time::sleep;

/// Two retries, and nothing brings another.
const TWO: RetryBudgetSettings = RetryBudgetSettings::new()
    .capacity(2)
    .ratio(0.0)
    .per_second(0.0);

/// Counts its calls, and fails.
#[derive(Default)]
struct Service(AtomicU32);

impl Service {
    async fn fail(&self) -> Result<u32, Error> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Err(Error::Transient)
    }

    /// The attempts since this was asked last.
    fn attempts(&self) -> u32 {
        self.0.swap(0, Ordering::Relaxed)
    }
}

#[tokio::test(start_paused = true)]
async fn the_default_holds_a_hundred_and_earns_a_tenth_by_a_success_and_by_a_second() {
    #[retry(count = 2, delay_ms = 0, clone(outcome))]
    async fn ask(calls: &Calls, outcome: Result<u32, Error>) -> Result<u32, Error> {
        calls.note();
        outcome
    }

    let calls = Calls::new();
    for _ in 0..150 {
        let _ = ask(&calls, Err(Error::Transient)).await;
    }
    assert_eq!(calls.count(), 150 + 100);

    for _ in 0..10 {
        let _ = ask(&calls, Ok(1)).await;
    }
    let before = calls.count();
    for _ in 0..3 {
        let _ = ask(&calls, Err(Error::Transient)).await;
    }
    assert_eq!(calls.count() - before, 3 + 1, "ten successes are one retry");

    sleep(ms(20_000)).await;
    let before = calls.count();
    for _ in 0..4 {
        let _ = ask(&calls, Err(Error::Transient)).await;
    }
    assert_eq!(calls.count() - before, 4 + 2, "twenty seconds are two");
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_the_budget_refuses_returns_the_last_error_at_once_and_says_so() {
    #[retry(count = 9, delay = "1s", jitter = "none", budget = RetryBudget::with(TWO))]
    async fn ask(calls: &Calls) -> Result<u32, Error> {
        match calls.note() {
            3 => Err(Error::Overload(None)),
            _ => Err(Error::Transient),
        }
    }

    let calls = Calls::new();
    let (outcome, events) = testing::events(ask(&calls)).await;
    assert_eq!(outcome, Err(Error::Overload(None)));
    assert_eq!(calls.at(), [0, 1000, 3000]);
    assert_eq!(calls.elapsed(), 3000);
    let stopped = EventKind::RetryStopped {
        attempts: 3,
        why: StopReason::Budget,
    };
    assert!(
        events.iter().any(|event| *event.kind() == stopped),
        "{events:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn strict_holds_ten() {
    #[retry(count = 2, delay_ms = 0, budget = RetryBudget::strict())]
    async fn ask(service: &Service) -> Result<u32, Error> {
        service.fail().await
    }

    let service = Service::default();
    for _ in 0..20 {
        let _ = ask(&service).await;
    }
    assert_eq!(service.attempts(), 20 + 10);
}

#[retry(count = 9, delay_ms = 0, budget = RetryBudget::with(TWO))]
async fn one(service: &Service) -> Result<u32, Error> {
    service.fail().await
}

#[retry(count = 9, delay_ms = 0, budget = RetryBudget::with(TWO))]
async fn other(service: &Service) -> Result<u32, Error> {
    service.fail().await
}

#[tokio::test(start_paused = true)]
async fn each_function_has_a_budget_of_its_own_which_the_registry_shows() {
    let budget = |name: &str| {
        layer(&format!("retry_budget::{name}"), LayerKind::Retry)
            .state::<RetryBudget>()
            .expect("its budget")
    };
    let service = Service::default();
    let _ = one(&service).await;
    assert_eq!(service.attempts(), 3);
    assert_eq!(
        (budget("one").tokens(), budget("other").tokens()),
        (0.0, 2.0)
    );
    let _ = other(&service).await;
    assert_eq!(service.attempts(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_static_is_shared_by_all_that_name_it() {
    static SHARED: RetryBudget = RetryBudget::with(TWO);

    #[retry(count = 9, delay_ms = 0, budget = SHARED)]
    async fn one(service: &Service) -> Result<u32, Error> {
        service.fail().await
    }
    #[timeout("1m")]
    #[retry(count = 2, delay_ms = 0, budget = SHARED)]
    async fn other(service: &Service) -> Result<u32, Error> {
        service.fail().await
    }

    let service = Service::default();
    let _ = other(&service).await;
    assert_eq!(service.attempts(), 2);
    let _ = one(&service).await;
    assert_eq!(service.attempts(), 2, "one retry is left");
    let _ = other(&service).await;
    assert_eq!(service.attempts(), 1);
    assert!(!SHARED.try_withdraw());
}

#[tokio::test(start_paused = true)]
async fn an_argument_may_bring_it() {
    #[timeout("1m")]
    #[retry(count = 9, delay_ms = 0, budget = budget)]
    async fn borrowed(service: &Service, budget: &RetryBudget) -> Result<u32, Error> {
        service.fail().await
    }
    #[retry(count = 9, delay_ms = 0, budget = budget)]
    async fn owned(service: &Service, budget: Arc<RetryBudget>) -> Result<u32, Error> {
        service.fail().await
    }

    let (service, budget) = (Service::default(), Arc::new(RetryBudget::with(TWO)));
    let _ = borrowed(&service, &budget).await;
    assert_eq!(service.attempts(), 3);
    let _ = owned(&service, budget).await;
    assert_eq!(service.attempts(), 1);
}

struct Registry;

impl Registry {
    fn budget() -> &'static RetryBudget {
        static SHARED: RetryBudget = RetryBudget::with(TWO);
        &SHARED
    }

    fn global() -> &'static Self {
        &Self
    }

    fn of_all(&self) -> Arc<RetryBudget> {
        static SHARED: LazyLock<Arc<RetryBudget>> =
            LazyLock::new(|| Arc::new(RetryBudget::with(TWO)));
        Arc::clone(&SHARED)
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_function_leads_to_is_shared() {
    #[retry(count = 9, delay_ms = 0, budget = Registry::budget())]
    async fn by_a_function(service: &Service) -> Result<u32, Error> {
        service.fail().await
    }

    #[retry(count = 9, delay_ms = 0, budget = &Registry::global().of_all())]
    async fn by_several(service: &Service) -> Result<u32, Error> {
        service.fail().await
    }

    let service = Service::default();
    for attempts in [3, 1] {
        let _ = by_a_function(&service).await;
        assert_eq!(service.attempts(), attempts);
        let _ = by_several(&service).await;
        assert_eq!(service.attempts(), attempts);
    }
}

#[tokio::test(start_paused = true)]
async fn an_isolated_test_has_a_full_one() {
    #[retry(count = 9, delay_ms = 0, budget = RetryBudget::with(TWO))]
    async fn ask(service: &Service) -> Result<u32, Error> {
        service.fail().await
    }

    let service = Service::default();
    for attempts in [3, 1] {
        let _ = ask(&service).await;
        assert_eq!(service.attempts(), attempts);
    }
    let _ = testing::isolated(ask(&service)).await;
    assert_eq!(service.attempts(), 3);
}

struct Client {
    service: Service,
    budget: RetryBudget,
    shared: Arc<RetryBudget>,
    budgets: Keyed<RetryBudget>,
}

impl Client {
    fn new() -> Self {
        Self {
            service: Service::default(),
            budget: RetryBudget::with(TWO),
            shared: Arc::new(RetryBudget::with(TWO)),
            budgets: Keyed::new(RetryBudget::with(TWO)),
        }
    }

    #[retry(count = 9, delay_ms = 0, budget = self.budget)]
    async fn of_the_instance(&self) -> Result<u32, Error> {
        self.service.fail().await
    }

    #[retry(count = 9, delay_ms = 0, budget = self.shared.clone())]
    async fn of_all_of_it(&mut self) -> Result<u32, Error> {
        let all = &mut *self;
        all.service.fail().await
    }

    #[timeout("1m")]
    #[retry(count = 9, delay_ms = 0, budget = Arc::clone(&self.shared))]
    async fn by_a_call(&self) -> Result<u32, Error> {
        self.service.fail().await
    }

    #[retry(count = 9, delay_ms = 0, budget = self.budgets, key = host)]
    async fn of_a_key(&self, host: &str) -> Result<u32, Error> {
        let _ = host;
        self.service.fail().await
    }
}

#[async_trait]
trait Ask {
    async fn ask(&self, host: &str) -> Result<u32, Error>;
}

#[async_trait]
impl Ask for Client {
    #[retry(count = 9, delay_ms = 0, budget = self.budgets, key = (host, 1))]
    async fn ask(&self, host: &str) -> Result<u32, Error> {
        let _ = host;
        self.service.fail().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_budget_of_the_instance_is_no_other_instances() {
    let (one, other) = (Client::new(), Client::new());
    for client in [&one, &other] {
        let _ = client.of_the_instance().await;
        assert_eq!(client.service.attempts(), 3);
        let _ = client.of_the_instance().await;
        assert_eq!(client.service.attempts(), 1);
        assert_eq!(client.budget.tokens(), 0.0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_budget_that_a_call_brings_is_used_whatever_brings_it() {
    let mut client = Client::new();
    let _ = client.of_all_of_it().await;
    assert_eq!(client.service.attempts(), 3);
    let _ = client.by_a_call().await;
    assert_eq!(client.service.attempts(), 1, "the same one");
}

#[tokio::test(start_paused = true)]
async fn of_a_keyed_one_each_key_has_its_own() {
    let client = Client::new();
    for host in ["a", "b"] {
        let _ = client.of_a_key(host).await;
        assert_eq!(client.service.attempts(), 3, "{host}");
        let _ = client.of_a_key(host).await;
        assert_eq!(client.service.attempts(), 1, "{host}");
        let _ = client.ask(host).await;
        assert_eq!(client.service.attempts(), 3, "({host}, 1)");
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_gives_each_value_a_budget_at_most_so_many() {
    #[retry(count = 9, delay_ms = 0, key = host, budget = RetryBudget::with(TWO), max_keys = 2)]
    async fn ask(service: &Service, host: String) -> Result<u32, Error> {
        let _ = host;
        service.fail().await
    }
    #[retry(count = 2, delay_ms = 0, key = host)]
    async fn of_the_default(service: &Service, host: u32) -> Result<u32, Error> {
        let _ = host;
        service.fail().await
    }

    let service = Service::default();
    let (_, events) = testing::events(async {
        for (host, attempts) in [("a", 3), ("a", 1), ("b", 3), ("c", 3), ("d", 1), ("b", 1)] {
            let _ = ask(&service, host.to_owned()).await;
            assert_eq!(service.attempts(), attempts, "{host}");
        }
    })
    .await;
    let exhausted = EventKind::KeysExhausted { max_keys: 2 };
    assert!(
        events.iter().any(|event| *event.kind() == exhausted),
        "`c` and `d` share one, since neither of the others is full"
    );
    for host in [1, 2] {
        for _ in 0..150 {
            let _ = of_the_default(&service, host).await;
        }
        assert_eq!(service.attempts(), 150 + 100);
    }
}

struct Methods(Service);

#[resilient(retry(count = 9, delay_ms = 0, budget = RetryBudget::with(TWO)))]
impl Methods {
    async fn get(&self) -> Result<u32, Error> {
        self.0.fail().await
    }

    async fn put(&self) -> Result<u32, Error> {
        self.0.fail().await
    }
}

struct Together(Service);

#[resilient(retry(count = 9, delay_ms = 0, scope = "impl", budget = RetryBudget::with(TWO)))]
impl Together {
    async fn get(&self) -> Result<u32, Error> {
        self.0.fail().await
    }

    async fn put(&self) -> Result<u32, Error> {
        self.0.fail().await
    }
}

struct ByTenant(Service);

#[resilient(retry(count = 2, delay_ms = 0, scope = "impl", key = tenant, max_keys = 10))]
impl ByTenant {
    async fn get(&self, tenant: u32) -> Result<u32, Error> {
        let _ = tenant;
        self.0.fail().await
    }

    async fn put(&self, tenant: u32) -> Result<u32, Error> {
        let _ = tenant;
        self.0.fail().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_budget_is_one_for_each_method_and_by_its_scope_one_for_the_impl() {
    let each = Methods(Service::default());
    let _ = (each.get().await, each.put().await);
    assert_eq!(each.0.attempts(), 3 + 3);

    let together = Together(Service::default());
    let _ = (together.get().await, together.put().await);
    assert_eq!(together.0.attempts(), 3 + 1);

    let tenants = ByTenant(Service::default());
    for tenant in [1, 2] {
        for _ in 0..70 {
            let _ = (tenants.get(tenant).await, tenants.put(tenant).await);
        }
        assert_eq!(tenants.0.attempts(), 140 + 100);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_in_its_pause_gives_its_retry_back() {
    static SHARED: RetryBudget = RetryBudget::with(TWO);

    #[retry(count = 2, delay = "1s", jitter = "none", budget = SHARED)]
    async fn ask(service: &Service) -> Result<u32, Error> {
        service.fail().await
    }

    let service = Service::default();
    for _ in 0..5 {
        let dropped = tokio::time::timeout(ms(500), ask(&service)).await;
        assert!(dropped.is_err());
        assert_eq!(SHARED.tokens(), 2.0);
    }
    let _ = ask(&service).await;
    assert_eq!(SHARED.tokens(), 1.0);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_in_its_second_attempt_has_made_its_retry() {
    static SHARED: RetryBudget = RetryBudget::with(TWO);

    #[retry(count = 2, delay = "1s", jitter = "none", budget = SHARED)]
    async fn ask(service: &Service) -> Result<u32, Error> {
        match service.0.fetch_add(1, Ordering::Relaxed) {
            0 => Err(Error::Transient),
            _ => std::future::pending().await,
        }
    }

    let service = Service::default();
    let dropped = tokio::time::timeout(ms(1_500), ask(&service)).await;
    assert!(dropped.is_err());
    assert_eq!(service.attempts(), 2);
    assert_eq!(SHARED.tokens(), 1.0);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_retried_takes_nothing() {
    static SHARED: RetryBudget = RetryBudget::with(TWO);

    #[retry(count = 3, delay_ms = 0, budget = SHARED, clone(outcome))]
    async fn ask(outcome: Result<u32, Error>) -> Result<u32, Error> {
        outcome
    }

    for outcome in [Ok(1), Err(Error::CallerFault), Err(Error::ServerFault)] {
        assert_eq!(ask(outcome.clone()).await, outcome);
    }
    assert_eq!(SHARED.tokens(), 2.0);
}
