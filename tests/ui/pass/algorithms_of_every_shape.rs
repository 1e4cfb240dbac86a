#![deny(warnings)]

//! A type as the algorithm of a limit, in every way in which one is written.

use std::io;

use resilient_runtime::{LimitAlgorithm, LimitUpdate, LimitWindow, adaptive_concurrency, resilient};

mod own {
    pub struct Own<T, const N: usize>(pub T);
}

impl<T: Default + Send + Sync + 'static, const N: usize> LimitAlgorithm for own::Own<T, N>
where
    Self: Fresh,
{
    const NEW: Self = <Self as Fresh>::FRESH;

    fn update(&mut self, _: &LimitWindow) -> LimitUpdate {
        LimitUpdate::new(N as f64)
    }
}

trait Fresh {
    const FRESH: Self;
}

impl<const N: usize> Fresh for own::Own<u8, N> {
    const FRESH: Self = Self(0);
}

type Three = own::Own<u8, 3>;

#[adaptive_concurrency(algorithm = own::Own<u8, 3>, min = 2)]
async fn with_arguments() -> io::Result<()> {
    Ok(())
}

#[adaptive_concurrency(min = 2, algorithm = own::Own::<u8, 3>)]
async fn with_a_turbofish() -> io::Result<()> {
    Ok(())
}

#[adaptive_concurrency(algorithm = Three)]
async fn by_an_alias() -> io::Result<()> {
    Ok(())
}

macro_rules! limited {
    ($name:ident, $algorithm:ty) => {
        #[adaptive_concurrency(algorithm = $algorithm, min = 2)]
        async fn $name() -> io::Result<()> {
            Ok(())
        }
    };
}

limited!(of_a_fragment, own::Own<u8, 4>);

struct Server;

#[resilient(adaptive_concurrency(algorithm = own::Own<u8, 3>, key = key), name = "server")]
impl Server {
    async fn get(&self, key: u8) -> io::Result<u8> {
        Ok(key)
    }
}

fn main() {
    drop((with_arguments(), with_a_turbofish(), by_an_alias(), of_a_fragment()));
    drop(Server.get(1));
}
