//! Methods of every receiver, of inherent impls, traits and default bodies, with and without
//! `#[async_trait]`.

mod kinds;

use std::pin::Pin;
use std::sync::Arc;

use kinds::{Down, Flaky};
use resilient_runtime::{CircuitBreaker, circuit_breaker, fallback, retry, timeout};

struct Client {
    service: Flaky,
    seen: Vec<u32>,
    breaker: CircuitBreaker,
    shared: Arc<CircuitBreaker>,
    attempts: u32,
    name: String,
}

impl Client {
    fn failing(failures: u32) -> Self {
        Self {
            service: Flaky::failing(failures),
            seen: Vec::new(),
            breaker: CircuitBreaker::new(),
            shared: Arc::new(CircuitBreaker::new()),
            attempts: 4,
            name: "client".to_owned(),
        }
    }

    #[fallback(with = Self::stale)]
    #[retry]
    #[timeout]
    #[circuit_breaker]
    async fn shared(&self, key: &str) -> Result<String, Down> {
        self.service.call().await?;
        Ok(key.to_owned())
    }

    async fn stale(&self, key: &str, _error: Down) -> Result<String, Down> {
        Ok(format!("stale {key}"))
    }

    #[retry]
    #[timeout]
    async fn borrowing(&self) -> Result<&str, Down> {
        self.service.call().await?;
        Ok(&self.name)
    }

    #[retry]
    #[timeout]
    #[circuit_breaker]
    async fn exclusive(&mut self) -> Result<u32, Down> {
        self.seen.push(1);
        self.service.call().await
    }

    #[fallback(with = Self::exclusive_stale)]
    #[retry]
    async fn exclusive_with_fallback(&mut self) -> Result<u32, Down> {
        self.seen.push(1);
        self.service.call().await
    }

    fn exclusive_stale(&mut self, _error: Down) -> Result<u32, Down> {
        self.seen.clear();
        Ok(0)
    }

    #[timeout]
    #[circuit_breaker]
    async fn owned(self) -> Result<Vec<u32>, Down> {
        self.service.call().await?;
        Ok(self.seen)
    }

    #[retry]
    async fn owned_again(self) -> Result<u32, Down> {
        self.service.call().await
    }

    #[retry]
    #[timeout]
    async fn in_an_arc(self: Arc<Self>) -> Result<u32, Down> {
        self.service.call().await
    }

    #[circuit_breaker(state = self.breaker)]
    async fn in_an_arc_with_its_breaker(self: Arc<Self>) -> Result<u32, Down> {
        self.service.call().await
    }

    #[retry]
    async fn pinned(self: Pin<&Self>) -> Result<u32, Down> {
        self.service.call().await
    }

    #[retry(count = self.attempts)]
    #[circuit_breaker(state = self.breaker)]
    async fn of_the_instance(&self) -> Result<u32, Down> {
        self.service.call().await
    }

    #[circuit_breaker(state = self.breaker)]
    async fn fields_apart(&mut self) -> Result<u32, Down> {
        self.seen.push(1);
        self.service.call().await
    }

    #[timeout]
    #[circuit_breaker(state = self.shared.clone())]
    async fn all_of_it(&mut self) -> Result<u32, Down> {
        self.touch();
        self.service.call().await
    }

    fn touch(&mut self) {
        self.seen.push(1);
    }

    #[retry]
    async fn without_self(service: &Flaky) -> Result<Self, Down> {
        service.call().await?;
        Ok(Self::failing(0))
    }
}

#[tokio::test(start_paused = true)]
async fn every_receiver_works() {
    assert_eq!(Client::failing(1).shared("k").await, Ok("k".to_owned()));
    assert_eq!(
        Client::failing(9).shared("k").await,
        Ok("stale k".to_owned())
    );
    assert_eq!(Client::failing(1).borrowing().await, Ok("client"));

    let mut client = Client::failing(2);
    assert_eq!(client.exclusive().await, Ok(3));
    assert_eq!(client.seen, [1, 1, 1]);
    let mut client = Client::failing(9);
    assert_eq!(client.exclusive_with_fallback().await, Ok(0));
    assert!(client.seen.is_empty());

    assert_eq!(Client::failing(0).owned().await, Ok(Vec::new()));
    assert_eq!(Client::failing(2).owned_again().await, Ok(3));
    let client = Arc::new(Client::failing(2));
    assert_eq!(Arc::clone(&client).in_an_arc().await, Ok(3));
    assert_eq!(client.service.calls(), 3);
    assert_eq!(Arc::new(Client::failing(2)).in_an_arc().await, Ok(3));
    let client = Arc::new(Client::failing(1));
    assert_eq!(client.in_an_arc_with_its_breaker().await, Err(Down::Own));
    assert_eq!(Pin::new(&Client::failing(2)).pinned().await, Ok(3));
    assert_eq!(Client::failing(3).of_the_instance().await, Ok(4));
    assert_eq!(Client::failing(0).fields_apart().await, Ok(1));
    assert_eq!(Client::failing(0).all_of_it().await, Ok(1));
    assert!(Client::without_self(&Flaky::failing(2)).await.is_ok());
}

trait Get {
    fn service(&self) -> &Flaky;

    async fn get(&self, key: &str) -> Result<String, Down>;

    #[retry]
    #[timeout]
    async fn by_default(&self, key: &str) -> Result<String, Down> {
        self.service().call().await?;
        Ok(format!("default {key}"))
    }
}

impl Get for Client {
    fn service(&self) -> &Flaky {
        &self.service
    }

    #[retry]
    #[circuit_breaker]
    async fn get(&self, key: &str) -> Result<String, Down> {
        self.service.call().await?;
        Ok(key.to_owned())
    }
}

struct Generic<T>(T);

impl<T: AsRef<Flaky>> Generic<T> {
    #[retry]
    #[timeout]
    #[circuit_breaker]
    async fn call<'a, U>(&'a self, other: &'a U) -> Result<(&'a U, u32), Down>
    where
        U: Send,
    {
        let answer = self.0.as_ref().call().await?;
        Ok((other, answer))
    }
}

impl AsRef<Flaky> for Client {
    fn as_ref(&self) -> &Flaky {
        &self.service
    }
}

#[tokio::test(start_paused = true)]
async fn methods_of_traits_and_of_generic_types_work() {
    assert_eq!(Get::get(&Client::failing(1), "k").await, Ok("k".to_owned()));
    let answer = Get::by_default(&Client::failing(1), "k").await;
    assert_eq!(answer, Ok("default k".to_owned()));
    let generic = Generic(Client::failing(2));
    assert_eq!(generic.call(&7).await, Ok((&7, 3)));
}

#[async_trait::async_trait]
trait Boxed: Sync {
    fn service(&self) -> &Flaky;

    async fn get(&self, key: &str) -> Result<String, Down>;

    #[retry]
    #[timeout]
    async fn by_default(&self) -> Result<u32, Down> {
        self.service().call().await
    }
}

#[async_trait::async_trait]
impl Boxed for Client {
    fn service(&self) -> &Flaky {
        &self.service
    }

    #[fallback(with = Self::stale)]
    #[timeout("2s")]
    #[retry(count = self.attempts)]
    #[timeout]
    #[circuit_breaker(state = self.breaker)]
    async fn get(&self, key: &str) -> Result<String, Down> {
        self.service.call().await?;
        Ok(key.to_owned())
    }
}

#[async_trait::async_trait]
trait Kinds {
    async fn exclusive_twice(&mut self, seen: &mut Vec<u32>) -> Result<u32, Down>;
    async fn taken(self, key: String) -> Result<String, Down>;
    async fn consumed(&self, key: String) -> Result<Vec<u8>, Down>;
    async fn mutable(&self, n: u32) -> Result<u32, Down>;
    async fn patterns(&self, pair: (u32, u32), unused: u32) -> Result<u32, Down>;
    async fn generic<T: Send + Sync + Clone>(&self, value: T) -> Result<T, Down>;
    async fn early(&self, n: u32) -> Result<u32, Down>;
    async fn arc(self: Arc<Self>) -> Result<u32, Down>;
    async fn nothing() -> Result<(), Down>;
}

#[async_trait::async_trait]
impl Kinds for Client {
    #[retry]
    async fn exclusive_twice(&mut self, seen: &mut Vec<u32>) -> Result<u32, Down> {
        seen.push(1);
        self.seen.push(1);
        self.service.call().await
    }

    #[timeout]
    async fn taken(self, key: String) -> Result<String, Down> {
        self.service.call().await?;
        Ok(key + &self.name)
    }

    #[fallback(with = consumed_stale)]
    #[retry(clone(key))]
    async fn consumed(&self, key: String) -> Result<Vec<u8>, Down> {
        let bytes = key.into_bytes();
        self.service.call().await?;
        Ok(bytes)
    }

    #[retry]
    async fn mutable(&self, mut n: u32) -> Result<u32, Down> {
        n += 1;
        self.service.call().await?;
        Ok(n)
    }

    #[retry]
    async fn patterns(&self, (mut a, b): (u32, u32), _: u32) -> Result<u32, Down> {
        a += b;
        self.service.call().await?;
        Ok(a)
    }

    #[retry]
    #[timeout]
    async fn generic<T: Send + Sync + Clone>(&self, value: T) -> Result<T, Down> {
        self.service.call().await?;
        Ok(value.clone())
    }

    #[retry]
    async fn early(&self, n: u32) -> Result<u32, Down> {
        if n == 0 {
            return Ok(0);
        }
        self.service.call().await
    }

    #[retry]
    #[circuit_breaker(state = self.breaker)]
    async fn arc(self: Arc<Self>) -> Result<u32, Down> {
        self.service.call().await
    }

    #[retry]
    async fn nothing() -> Result<(), Down> {
        Ok(())
    }
}

async fn consumed_stale(_client: &Client, key: String, _error: Down) -> Result<Vec<u8>, Down> {
    Ok(format!("stale {key}").into_bytes())
}

#[tokio::test(start_paused = true)]
async fn methods_under_async_trait_work() {
    let client: Box<dyn Boxed> = Box::new(Client::failing(3));
    assert_eq!(client.get("k").await, Ok("k".to_owned()));
    let client: Box<dyn Boxed> = Box::new(Client::failing(9));
    assert_eq!(client.get("k").await, Ok("stale k".to_owned()));
    let client: Box<dyn Boxed> = Box::new(Client::failing(1));
    assert_eq!(client.by_default().await, Ok(2));

    let mut client = Client::failing(2);
    let mut seen = Vec::new();
    assert_eq!(client.exclusive_twice(&mut seen).await, Ok(3));
    assert_eq!((seen.len(), client.seen.len()), (3, 3));
    assert_eq!(
        Client::failing(0).taken("a ".to_owned()).await,
        Ok("a client".to_owned())
    );
    assert_eq!(
        Client::failing(2).consumed("a".to_owned()).await,
        Ok(b"a".to_vec())
    );
    let answer = Client::failing(9).consumed("a".to_owned()).await;
    assert_eq!(answer, Ok(b"stale a".to_vec()));
    assert_eq!(Client::failing(2).mutable(1).await, Ok(2));
    assert_eq!(Client::failing(2).patterns((1, 2), 9).await, Ok(3));
    assert_eq!(Client::failing(2).generic("v").await, Ok("v"));
    assert_eq!(Client::failing(9).early(0).await, Ok(0));
    assert_eq!(Client::failing(2).early(1).await, Ok(3));
    assert_eq!(Kinds::arc(Arc::new(Client::failing(2))).await, Ok(3));
    assert_eq!(<Client as Kinds>::nothing().await, Ok(()));
}

/// Under the name by which generated gRPC services use it.
#[tonic::async_trait]
trait Served {
    async fn get(
        &self,
        request: tonic::Request<String>,
    ) -> Result<tonic::Response<String>, tonic::Status>;
}

#[tonic::async_trait]
impl Served for Client {
    #[timeout]
    #[circuit_breaker]
    async fn get(
        &self,
        request: tonic::Request<String>,
    ) -> Result<tonic::Response<String>, tonic::Status> {
        let key = request.into_inner();
        self.service
            .call()
            .await
            .map_err(|error| tonic::Status::unavailable(error.to_string()))?;
        Ok(tonic::Response::new(key))
    }
}

#[tokio::test(start_paused = true)]
async fn methods_of_a_grpc_service_work() {
    let request = tonic::Request::new("k".to_owned());
    let answer = Served::get(&Client::failing(0), request).await;
    assert_eq!(answer.unwrap().into_inner(), "k");
}
