#![deny(warnings, unused_qualifications, unused_results, unused_import_braces, missing_docs)]
#![deny(unreachable_pub, single_use_lifetimes, let_underscore_drop)]
#![forbid(unsafe_code)]
#![allow(clippy::unused_async)]

//! A stack on an `impl`, wherever that stands.

use resilient_runtime::{PolicyError, circuit_breaker, resilient};

#[derive(Debug)]
struct Down;

impl From<PolicyError> for Down {
    fn from(_: PolicyError) -> Self {
        Self
    }
}

struct Client<T>(T);

#[resilient(standard, circuit_breaker(scope = "impl", min_calls = 5))]
impl<T: Send + Sync> Client<T> {
    const LIMIT: usize = { 1 + 1 };

    async fn get(&self, key: &str) -> Result<usize, Down> {
        Ok(key.len() + Self::LIMIT)
    }

    #[circuit_breaker]
    async fn put(&self) -> Result<(), Down> {
        Ok(())
    }

    #[resilient(skip)]
    async fn ping(&self) {}

    fn len(&self) -> usize {
        Self::LIMIT
    }
}

/// Two in one module.
#[resilient(standard, circuit_breaker(scope = "impl"))]
impl<T: Send + Sync> Client<T> {
    #[cfg_attr(all(), resilient(skip))]
    async fn pong(&self) {}

    #[cfg(any())]
    async fn absent(&self) -> Absent {}

    async fn take(self) -> Result<T, Down>
    where
        T: Clone,
    {
        Ok(self.0.clone())
    }
}

trait Get {
    type Answer;
    async fn fetch(&self) -> Result<Self::Answer, Down>;
}

#[cfg(all())]
#[resilient(circuit_breaker(scope = "impl"))]
impl Get for Client<u8> {
    type Answer = u8;
    async fn fetch(&self) -> Result<Self::Answer, Down> {
        Ok(self.0)
    }
}

#[async_trait::async_trait]
trait Boxed {
    async fn boxed(&self, key: &str) -> Result<usize, Down>;
    async fn done(&self);
    fn sync(&self) -> usize {
        1
    }
}

/// Above.
#[resilient(circuit_breaker(scope = "impl"))]
#[async_trait::async_trait]
impl Boxed for Client<u16> {
    async fn boxed(&self, key: &str) -> Result<usize, Down> {
        Ok(key.len() + usize::from(self.0))
    }
    #[resilient(skip)]
    async fn done(&self) {}
}

/// Below.
#[async_trait::async_trait]
#[resilient(circuit_breaker(scope = "impl"))]
impl Boxed for Client<u32> {
    async fn boxed(&self, key: &str) -> Result<usize, Down> {
        Ok(key.len())
    }
    #[resilient(skip)]
    async fn done(&self) {}
    fn sync(&self) -> usize {
        2
    }
}

mod by_path {
    pub(crate) struct Client;

    // Nothing is imported here.
    #[resilient_runtime::resilient(circuit_breaker(scope = "impl"))]
    impl Client {
        pub(crate) async fn get(&self) -> std::io::Result<()> {
            Ok(())
        }
        #[resilient_runtime::retry]
        pub(crate) async fn put(&self) -> std::io::Result<()> {
            Ok(())
        }
    }
}

mod vendor {
    pub(crate) use resilient_runtime as rt;
}

mod by_crate {
    use crate::vendor::rt;

    pub(crate) struct Client;

    #[rt::resilient(circuit_breaker(scope = "impl"), crate = crate::vendor::rt)]
    impl Client {
        pub(crate) async fn get(&self) -> std::io::Result<()> {
            Ok(())
        }
        #[rt::retry]
        pub(crate) async fn put(&self) -> std::io::Result<()> {
            Ok(())
        }
    }
}

macro_rules! client {
    ($name:ident, $method:ident, $calls:expr) => {
        struct $name;

        #[resilient(circuit_breaker(scope = "impl", min_calls = $calls))]
        impl $name {
            async fn $method(&self) -> Result<(), Down> {
                Ok(())
            }
        }
    };
}

client!(One, first, 1);
client!(Two, second, 2);

fn main() {
    struct Local;

    #[resilient(circuit_breaker(scope = "impl"))]
    impl Local {
        async fn get(&self) -> Result<(), Down> {
            Ok(())
        }
    }

    let client = Client(1_u8);
    drop((client.get(""), client.put(), client.ping(), client.pong(), client.fetch()));
    drop((Client(1_u8).take(), client.len()));
    let (above, below) = (Client(1_u16), Client(1_u32));
    drop((above.boxed(""), above.done(), below.boxed(""), below.done()));
    assert_eq!((above.sync(), below.sync()), (1, 2));
    drop((by_path::Client.get(), by_path::Client.put()));
    drop((by_crate::Client.get(), by_crate::Client.put()));
    drop((One.first(), Two.second(), Local.get()));
}
