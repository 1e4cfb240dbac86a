//! Take any one attribute off `call_get`, and the story's check of its claims fails.

use cache_demo::client::{CacheClient, call_get, last_seen};
use cache_demo::story::{Get, Narrator, Script, tell};
use resilient_runtime::{Layer, LayerKind, circuit_breaker, fallback, registry, retry, timeout};
use tonic::Status;

type Layers = Vec<(LayerKind, String)>;

fn layers<G>(_get: &G) -> Layers {
    let name = std::any::type_name::<G>();
    let site = registry().site(name).expect("it has attributes");
    let layer = |layer: &&dyn Layer| (layer.kind(), format!("{:?}", layer.settings()));
    site.layers().iter().map(layer).collect()
}

/// Plays the story with `get`, which is `call_get` without its layer at `place`.
async fn fails_without(place: usize, thanks_to: &str, get: impl Get) {
    let mut rest = layers(&call_get);
    rest.remove(place);
    assert_eq!(
        layers(&get),
        rest,
        "it differs from call_get by more than one layer"
    );

    let script = Script {
        crowd: None,
        storm: None,
        ..Script::short()
    };
    let report = tell(get, &script, &mut Narrator::silent())
        .await
        .expect("the story was told");
    assert!(!report.held);
    let failed: Vec<_> = report.claims.iter().filter(|claim| !claim.held).collect();
    let missed = failed
        .iter()
        .any(|claim| claim.thanks_to == Some(thanks_to));
    assert!(missed, "nothing missed {thanks_to}: {failed:#?}");
}

mod lacking {
    use super::*;

    #[timeout("1s")]
    #[retry(count = 3, backoff = "fib", delay_ms = 50)]
    #[timeout(ms = 400)]
    #[circuit_breaker(
        failure_rate = 0.6,
        window = 20,
        min_calls = 10,
        open_for = "1s",
        open_max = "2s",
        half_open_calls = 2
    )]
    pub(super) async fn no_fallback(client: &CacheClient, key: &str) -> Result<Vec<u8>, Status> {
        client.get(key).await
    }

    #[fallback(with = last_seen)]
    #[retry(count = 3, backoff = "fib", delay_ms = 50)]
    #[timeout(ms = 400)]
    #[circuit_breaker(
        failure_rate = 0.6,
        window = 20,
        min_calls = 10,
        open_for = "1s",
        open_max = "2s",
        half_open_calls = 2
    )]
    pub(super) async fn no_total_timeout(
        client: &CacheClient,
        key: &str,
    ) -> Result<Vec<u8>, Status> {
        client.get(key).await
    }

    #[fallback(with = last_seen)]
    #[timeout("1s")]
    #[timeout(ms = 400)]
    #[circuit_breaker(
        failure_rate = 0.6,
        window = 20,
        min_calls = 10,
        open_for = "1s",
        open_max = "2s",
        half_open_calls = 2
    )]
    pub(super) async fn no_retry(client: &CacheClient, key: &str) -> Result<Vec<u8>, Status> {
        client.get(key).await
    }

    #[fallback(with = last_seen)]
    #[timeout("1s")]
    #[retry(count = 3, backoff = "fib", delay_ms = 50)]
    #[circuit_breaker(
        failure_rate = 0.6,
        window = 20,
        min_calls = 10,
        open_for = "1s",
        open_max = "2s",
        half_open_calls = 2
    )]
    pub(super) async fn no_attempt_timeout(
        client: &CacheClient,
        key: &str,
    ) -> Result<Vec<u8>, Status> {
        client.get(key).await
    }

    #[fallback(with = last_seen)]
    #[timeout("1s")]
    #[retry(count = 3, backoff = "fib", delay_ms = 50)]
    #[timeout(ms = 400)]
    pub(super) async fn no_breaker(client: &CacheClient, key: &str) -> Result<Vec<u8>, Status> {
        client.get(key).await
    }
}

#[tokio::test]
async fn without_any_one_of_its_attributes_the_story_fails() {
    // Side by side, for most of a story is waiting; each function has a breaker of its own.
    tokio::join!(
        fails_without(0, "fallback", lacking::no_fallback),
        fails_without(1, "timeout, around all attempts", lacking::no_total_timeout),
        fails_without(2, "retry", lacking::no_retry),
        fails_without(
            3,
            "timeout, around each attempt",
            lacking::no_attempt_timeout
        ),
        fails_without(4, "circuit_breaker", lacking::no_breaker),
    );
}
