use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tonic::Status;

use super::Outcome;
use crate::client::{CacheClient, call_get, call_store, fill, get_within, store_within};
use crate::watch::{Answer, watch};

/// Which calls make up a load. Two loads of the same mix make the same calls in the same order.
#[derive(Clone, Debug)]
pub struct Mix {
    /// Taken in turn, a connection each.
    pub clients: Vec<CacheClient>,
    pub keys: u32,
    pub value: Arc<[u8]>,
    /// The share of calls that store; the rest gets.
    pub stores: f64,
    pub how: How,
}

#[derive(Clone, Copy, Debug)]
pub enum How {
    /// A single attempt, which may take this long.
    Bare(Duration),
    /// As business code calls: with all that stands above `call_get` and `call_store`.
    Resilient,
}

/// Stores at once while the keys are given their values.
const FILLING: usize = 32;

impl Mix {
    /// Gives every key its value, so that each get finds one.
    pub async fn fill(&self) -> Result<(), Status> {
        let mut stores = JoinSet::new();
        for key in 0..self.keys {
            if stores.len() >= FILLING
                && let Some(stored) = stores.join_next().await
            {
                stored.map_err(|error| Status::from_error(error.into()))??;
            }
            let (client, value) = (self.client(key.into()), Arc::clone(&self.value));
            stores.spawn(async move { fill(&client, &name(key.into()), &value).await });
        }
        while let Some(stored) = stores.join_next().await {
            stored.map_err(|error| Status::from_error(error.into()))??;
        }
        Ok(())
    }

    /// The call of this number.
    pub fn call(&self, number: u64) -> impl Future<Output = Outcome> + Send + 'static {
        let (client, how) = (self.client(number), self.how);
        let key = name(scatter(2 * number) % u64::from(self.keys.max(1)));
        // 53 bits are what a float can hold.
        let draw = (scatter(2 * number + 1) >> 11) as f64 / (1_u64 << 53) as f64;
        let value = (draw < self.stores).then(|| Arc::clone(&self.value));
        async move {
            match (how, value) {
                (How::Bare(limit), None) => get_within(&client, &key, limit).await.into(),
                (How::Bare(limit), Some(value)) => {
                    store_within(&client, &key, &value, limit).await.into()
                }
                (How::Resilient, None) => {
                    let call = watch(call_get(&client, &key)).await;
                    told(call.answer(), call.result)
                }
                (How::Resilient, Some(value)) => {
                    let call = watch(call_store(&client, &key, &value)).await;
                    told(call.answer(), call.result)
                }
            }
        }
    }

    fn client(&self, number: u64) -> CacheClient {
        let at = number % self.clients.len().max(1) as u64;
        self.clients[at as usize].clone()
    }
}

fn told<T>(answer: Answer, result: Result<T, Status>) -> Outcome {
    match answer {
        Answer::Server { attempts: 2.. } => Outcome::AfterRetries,
        Answer::Fallback => Outcome::LastSeen,
        _ => result.into(),
    }
}

fn name(key: u64) -> String {
    format!("load-{key}")
}

/// SplitMix64's output function: numbers that follow each other end up far apart.
fn scatter(number: u64) -> u64 {
    let mut z = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
