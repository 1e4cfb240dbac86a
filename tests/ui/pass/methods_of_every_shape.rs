#![deny(warnings, unused_qualifications, single_use_lifetimes)]

//! Layers with state, on methods of every shape.

use std::io;
use std::sync::Arc;

use resilient_runtime::resilient;

struct Server;

#[resilient(
    rate_limit(per_second = 5, key = key, cost = key.len()),
    adaptive_concurrency(side = "client"),
    bulkhead(key = (&key, 1), scope = "method"),
    fault(error_rate = f64::from(u8::from(key.is_empty()))),
)]
impl Server {
    async fn consumes(&self, key: String) -> io::Result<String> {
        Ok(key)
    }

    async fn changes(&mut self, key: &mut String) -> io::Result<()> {
        key.clear();
        Ok(())
    }

    async fn takes_itself(self: Arc<Self>, key: &'static str) -> io::Result<Arc<Self>> {
        Ok(self)
    }

    async fn patterns(&self, key: &str, (a, _): (u8, u8), _: u8, mut n: u32) -> Result<impl Sized, io::Error> {
        n += u32::from(a);
        Ok(n)
    }

    fn boxed<'a>(&'a self, key: &'a str) -> std::pin::Pin<Box<dyn Future<Output = io::Result<usize>> + Send + 'a>> {
        Box::pin(async move { Ok(key.len()) })
    }

    async fn of_itself(key: &[u8]) -> io::Result<usize> {
        Ok(key.len())
    }
}

struct Generic<T, const N: usize>([T; N]);

#[resilient(bulkhead, timeout)]
impl<'a, T, const N: usize> Generic<&'a T, { N }>
where
    T: Send + Sync + 'a,
    [(); 3]: Sized,
{
    async fn first(&self) -> io::Result<&'a T> {
        self.0.first().copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

fn sent<T: Send>(_: T) {}

fn main() {
    let (mut server, mut key) = (Server, String::new());
    sent(server.changes(&mut key));
    sent(server.consumes(key));
    sent(server.boxed(""));
    sent(server.patterns("", (1, 2), 3, 4));
    sent(Arc::new(server).takes_itself(""));
    sent(Server::of_itself(&[]));
    sent(Generic([&1]).first());
}
