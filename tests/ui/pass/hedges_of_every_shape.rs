#![deny(warnings, unused_qualifications, single_use_lifetimes)]

//! A hedge, on functions of every shape.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use resilient_runtime::{
    Hedge, HedgeAfter, bulkhead, circuit_breaker, fallback, fault, hedge, resilient, retry, timeout,
};

#[hedge]
async fn borrows(key: &str, list: &[u8]) -> io::Result<usize> {
    Ok(key.len() + list.len())
}

#[hedge(clone(key))]
async fn consumes(key: String, number: u32, mut list: Vec<u8>) -> io::Result<String> {
    list.push(number.to_le_bytes()[0]);
    Ok(key)
}

#[fallback(with = stale, clone(key))]
#[timeout("2s")]
#[retry(count = 2, key = &key)]
#[hedge(after = patience, max = 2, clone(key))]
#[timeout(ms = 500)]
#[circuit_breaker(when = |error| error.kind() != io::ErrorKind::NotFound && !key.is_empty())]
#[fault(error = io::Error::other(key.clone()))]
async fn under_all(key: String, patience: Duration) -> io::Result<String> {
    Ok(key)
}

async fn stale(key: String, _: Duration, error: io::Error) -> io::Result<String> {
    Err(io::Error::other(format!("{key}: {error}")))
}

#[hedge]
#[fallback(with = stale_by_reference, when = |error| error.kind() == io::ErrorKind::NotFound)]
#[retry(when = |error| error.to_string() != key)]
async fn around_all(key: &str) -> io::Result<usize> {
    Ok(key.len())
}

async fn stale_by_reference(key: &str, error: io::Error) -> io::Result<usize> {
    if key.is_empty() { Err(error) } else { Ok(0) }
}

#[hedge]
#[retry(key = &key, clone(list))]
async fn around_a_retry(key: String, list: Vec<u8>, mut number: usize) -> io::Result<usize> {
    number += key.len();
    drop(list);
    Ok(number)
}

#[hedge]
async fn generic<T: AsRef<str> + Send + Sync, const N: usize>(key: T, _: [u8; N]) -> io::Result<usize>
where
    T: 'static,
{
    Ok(key.as_ref().len())
}

#[hedge(clone(key, number))]
async fn copies(key: &str, number: u8, mut sum: u8, (mut a, b): (u8, u8)) -> io::Result<u8> {
    a += b;
    sum += a + number;
    Ok(sum + key.len().to_le_bytes()[0])
}

#[hedge("20ms", max = 3)]
#[bulkhead(key = host)]
#[circuit_breaker(key = (&host, 1), when = |error| error.to_string() != host)]
async fn keyed(host: String, length: impl Fn(&str) -> usize + Send + Sync) -> io::Result<usize> {
    Ok(length(&host))
}

#[resilient(standard, hedge)]
async fn standard(key: String) -> io::Result<usize> {
    Ok(key.len())
}

#[hedge("p99.9")]
async fn hidden(_: u8, (a, b): (u8, u8)) -> Result<impl Sized, io::Error> {
    Ok(a + b)
}

#[hedge]
fn boxed<'a>(key: &'a str) -> Pin<Box<dyn Future<Output = io::Result<usize>> + Send + 'a>> {
    let owned = key.to_owned();
    Box::pin(async move { Ok(owned.len() + key.len()) })
}

const CALM: Hedge = Hedge::new().after(HedgeAfter::Percentile(99.0)).budget(0.05);

struct Client {
    after: HedgeAfter,
    ms: u64,
}

#[resilient(hedge(policy = CALM, after = self.after), timeout)]
impl Client {
    async fn get(&self, key: &str) -> io::Result<usize> {
        Ok(key.len())
    }

    async fn takes_itself(self: Arc<Self>) -> io::Result<u64> {
        Ok(self.ms)
    }

    #[hedge(after_ms = self.ms)]
    async fn put(&self, key: &str) -> io::Result<usize> {
        Ok(key.len())
    }

    #[resilient(skip)]
    async fn change(&mut self) {
        self.ms += 1;
    }
}

trait Ask {
    #[hedge]
    fn ask(&self) -> impl Future<Output = io::Result<u32>> + Send
    where
        Self: Sync,
    {
        async move {
            let _ = self;
            Ok(1)
        }
    }
}

impl Ask for Client {}

#[async_trait]
trait Get {
    async fn get_boxed(&self, key: &str, mut list: Vec<u8>) -> io::Result<usize>;

    #[hedge(clone(owned))]
    async fn by_default(&self, owned: String) -> io::Result<String>
    where
        Self: Sync,
    {
        Ok(owned)
    }
}

#[async_trait]
impl Get for Client {
    #[retry]
    #[hedge(after_ms = self.ms)]
    async fn get_boxed(&self, key: &str, mut list: Vec<u8>) -> io::Result<usize> {
        list.push(1);
        Ok(self.get(key).await? + list.len())
    }
}

fn sent<T: Send>(_: T) {}

fn main() {
    let mut client = Client {
        after: Duration::from_millis(20).into(),
        ms: 20,
    };
    sent(borrows("", &[]));
    sent(consumes(String::new(), 1, Vec::new()));
    sent(under_all(String::new(), Duration::ZERO));
    sent(around_all(""));
    sent(around_a_retry(String::new(), Vec::new(), 1));
    sent(generic("", [0; 3]));
    sent(copies("", 1, 2, (3, 4)));
    sent(keyed(String::new(), str::len));
    sent(standard(String::new()));
    sent(hidden(1, (2, 3)));
    sent(boxed(""));
    sent(client.get(""));
    sent(client.put(""));
    sent(client.ask());
    sent(client.get_boxed("", Vec::new()));
    sent(client.by_default(String::new()));
    sent(client.change());
    sent(Arc::new(client).takes_itself());
}
