//! Health of annotated functions, over HTTP and over gRPC.

#[path = "../../behaviour/common/mod.rs"]
mod common;

use std::io;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use common::{Error, breaker, fail, layer};
use futures::FutureExt;
use hyper_util::rt::TokioIo;
use resilient_runtime::health::{Health, HealthError, HealthStatus};
use resilient_runtime::{
    CallOutcome, CircuitBreaker, Keyed, LayerKind, circuit_breaker, registry, retry,
};
use serde_json::{Value, json};
use tokio::time::{Instant, advance, sleep, timeout};
use tonic::Code;
use tonic::transport::{Channel, Endpoint, Server};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus::{
    self, NotServing, ServiceUnknown, Serving,
};
use tonic_health::pb::health_client::HealthClient;
use tower::ServiceExt;

/// A function with a breaker that opens for five seconds at the first failure.
macro_rules! function {
    ($name:literal) => {{
        #[circuit_breaker(name = $name, consecutive_failures = 1, open_for = "5s")]
        #[allow(dead_code)]
        async fn ask() -> Result<(), Error> {
            Ok(())
        }
        $name
    }};
}

fn requires(functions: &[&str]) -> Result<Health, HealthError> {
    Health::new().requires(functions)
}

#[tokio::test(start_paused = true)]
async fn readiness_counts_only_what_opted_in() {
    let names = [function!("opted::in"), function!("opted::out")];
    let (nobody, one) = (Health::new(), requires(&names[..1]).unwrap());
    fail(breaker("opted::out"), 1);
    assert!(nobody.is_ready() && one.is_ready());
    fail(breaker("opted::in"), 1);
    assert!(nobody.is_ready() && !one.is_ready());

    let report = one.report();
    let reasons: Vec<_> = report.reasons().map(|breaker| breaker.function).collect();
    assert_eq!(reasons, ["opted::in"]);
    let out = report.breakers.iter().find(|b| b.function == "opted::out");
    let out = out.expect("all are listed");
    assert_eq!(
        (out.status, out.open_for, out.is_required),
        (HealthStatus::Down, Some(Duration::from_secs(5)), false)
    );
}

#[tokio::test(start_paused = true)]
async fn a_pattern_opts_in_whatever_it_matches() {
    let names = [
        function!("patterns::a::get"),
        function!("patterns::b::get"),
        function!("patterns::b::put"),
    ];
    for (patterns, expected) in [
        (&["patterns::*"][..], [true, true, true]),
        (&["patterns::*::get"], [true, true, false]),
        (&["patterns::b::*"], [false, true, true]),
        (&["*terns::b::pu*"], [false, false, true]),
        (&["patterns::a::get", "*::put"], [true, false, true]),
        (&[], [false, false, false]),
    ] {
        let report = requires(patterns).unwrap().report();
        let required = names.map(|name| {
            let mut breakers = report.breakers.iter();
            let found = breakers.find(|breaker| breaker.function == name);
            found.unwrap().is_required
        });
        assert_eq!(required, expected, "{patterns:?}");
    }
}

#[test]
fn what_matches_no_breaker_is_refused_by_its_name() {
    static SHARED: CircuitBreaker = CircuitBreaker::new();
    function!("refused::get");

    #[retry(name = "refused::without")]
    #[allow(dead_code)]
    async fn without() -> Result<(), Error> {
        Ok(())
    }

    #[circuit_breaker(name = "refused::shared", state = SHARED)]
    #[allow(dead_code)]
    async fn shared() -> Result<(), Error> {
        Ok(())
    }

    for pattern in [
        "refused::gte",
        "refused::get::*",
        "refused::without",
        "refused::shared",
        "",
    ] {
        let error = requires(&["refused::get", pattern]).unwrap_err();
        assert_eq!(error.pattern(), pattern);
        assert_eq!(
            error.to_string(),
            format!("no function with a circuit breaker of its own matches `{pattern}`")
        );
    }
    assert!(requires(&["refused::*"]).is_ok());
}

/// Asks over HTTP: the status, how long it may be kept, and the body.
async fn get(health: &Health, path: &str) -> (StatusCode, String, Value) {
    let app: Router = health.router();
    let request = Request::get(path).body(Body::empty()).unwrap();
    let answer = app.oneshot(request).await.unwrap();
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/json");
    let (status, kept) = (answer.status(), header("cache-control"));
    let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    (status, kept, serde_json::from_slice(&body).unwrap())
}

/// The one of this function in what `/health` says.
fn of(body: &Value, function: &str) -> Value {
    let breakers = body["breakers"].as_array().unwrap();
    let mut found = breakers.iter().filter(|b| b["function"] == function);
    let one = found.next().expect("it is listed").clone();
    assert!(found.next().is_none());
    one
}

#[tokio::test(start_paused = true)]
async fn http_says_how_each_breaker_stands() {
    #[circuit_breaker(name = "http::hosts", consecutive_failures = 1, open_for = "5s", key = host)]
    #[allow(dead_code)]
    async fn ask(host: &str) -> Result<(), Error> {
        Ok(())
    }

    let health = requires(&[function!("http::get")]).unwrap();
    let get_breaker = breaker("http::get");
    let hosts = layer("http::hosts", LayerKind::CircuitBreaker);
    let hosts = hosts.state::<Keyed<CircuitBreaker>>().unwrap();

    let (status, kept, body) = get(&health, "/health").await;
    assert_eq!((status, &*kept), (StatusCode::OK, "no-store"));
    let mut names: Vec<_> = body.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(names, ["breakers", "ready", "status"]);
    assert_eq!(
        of(&body, "http::get"),
        json!({
            "function": "http::get", "required": true, "enabled": true,
            "status": "up", "open_for_ms": null, "state": "closed", "mode": "automatic",
        })
    );
    assert_eq!(
        of(&body, "http::hosts"),
        json!({
            "function": "http::hosts", "required": false, "enabled": true,
            "status": "up", "open_for_ms": null, "keys": { "count": 0, "degraded": 0, "down": 0 },
        })
    );

    fail(get_breaker, 1);
    let host = hosts.get("a");
    host.try_acquire().unwrap().record(CallOutcome::Failure);
    drop(hosts.get("b"));
    advance(Duration::from_micros(1_999_001)).await;
    let (status, _, body) = get(&health, "/health").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        (&body["status"], &body["ready"]),
        (&json!("degraded"), &json!(false))
    );
    assert_eq!(
        of(&body, "http::get"),
        json!({
            "function": "http::get", "required": true, "enabled": true,
            "status": "down", "open_for_ms": 3001, "state": "open", "mode": "automatic",
        })
    );
    assert_eq!(
        of(&body, "http::hosts"),
        json!({
            "function": "http::hosts", "required": false, "enabled": true,
            "status": "degraded", "open_for_ms": null, "keys": { "count": 2, "degraded": 0, "down": 1 },
        })
    );

    get_breaker.force_open();
    layer("http::hosts", LayerKind::CircuitBreaker).set_enabled(false);
    let (_, _, body) = get(&health, "/health").await;
    assert_eq!(
        of(&body, "http::get"),
        json!({
            "function": "http::get", "required": true, "enabled": true,
            "status": "down", "open_for_ms": null, "state": "open", "mode": "forced-open",
        })
    );
    assert_eq!(
        of(&body, "http::hosts"),
        json!({
            "function": "http::hosts", "required": false, "enabled": false,
            "status": "up", "open_for_ms": null, "keys": { "count": 2, "degraded": 0, "down": 1 },
        })
    );
}

#[tokio::test(start_paused = true)]
async fn http_probes_are_answered_by_their_codes() {
    let health = requires(&[function!("probes::get")]).unwrap();
    let breaker = breaker("probes::get");
    let live = (
        StatusCode::OK,
        "no-store".to_owned(),
        json!({ "live": true }),
    );
    let ready = (
        StatusCode::OK,
        "no-store".to_owned(),
        json!({ "ready": true, "reasons": [] }),
    );
    let probes = async || {
        (
            get(&health, "/health/live").await,
            get(&health, "/health/ready").await,
        )
    };
    assert_eq!(probes().await, (live.clone(), ready.clone()));

    fail(breaker, 1);
    let not_ready = (
        StatusCode::SERVICE_UNAVAILABLE,
        "no-store".to_owned(),
        json!({ "ready": false, "reasons": [{
            "function": "probes::get", "required": true, "enabled": true,
            "status": "down", "open_for_ms": 5000, "state": "open", "mode": "automatic",
        }] }),
    );
    assert_eq!(probes().await, (live.clone(), not_ready));

    sleep(Duration::from_secs(5)).await;
    assert_eq!(probes().await, (live, ready));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_gets_traffic_only_while_it_is_ready_comes_back() {
    #[circuit_breaker(
        name = "coming::back",
        consecutive_failures = 1,
        open_for = "5s",
        half_open_calls = 3
    )]
    async fn ask(down: bool) -> Result<(), Error> {
        if down { Err(Error::Transient) } else { Ok(()) }
    }

    let health = requires(&["coming::back"]).unwrap();
    let began = Instant::now();
    let mut answered = Vec::new();
    for _ in 0..40 {
        if health.is_ready() {
            // Down for the first twelve seconds.
            let down = began.elapsed() < Duration::from_secs(12);
            let outcome = ask(down).await;
            answered.push((began.elapsed().as_secs(), outcome.is_ok()));
        }
        sleep(Duration::from_secs(1)).await;
    }
    // Open for 5 s from the start, for 10 s from the failed probe, and three probes close it.
    assert_eq!(answered[..3], [(0, false), (5, false), (15, true)]);
    assert_eq!(answered.len(), 2 + 25);
    assert!(answered[2..].iter().all(|(_, is_ok)| *is_ok));
}

/// A channel to a server that has nothing but health, in memory: with paused time, nothing takes any but what sleeps.
fn connect(health: &Health) -> HealthClient<Channel> {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let server = Server::builder()
        .add_service(health.grpc_service())
        .serve_with_incoming(tokio_stream::once(io::Result::Ok(far)));
    tokio::spawn(server);
    let mut near = Some(near);
    let channel = Endpoint::from_static("http://memory").connect_with_connector_lazy(
        tower::service_fn(move |_| {
            let near = near.take().map(TokioIo::new);
            async { near.ok_or(io::Error::from(io::ErrorKind::ConnectionRefused)) }
        }),
    );
    HealthClient::new(channel)
}

fn request(service: &str) -> HealthCheckRequest {
    HealthCheckRequest {
        service: service.to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn grpc_checks_the_program_and_each_function() {
    let health = requires(&[function!("grpc::get")]).unwrap();
    function!("grpc::put");
    let mut client = connect(&health);
    let mut check = async |service: &str| -> Result<ServingStatus, Code> {
        let answer = client.check(request(service)).await;
        answer
            .map(|answer| answer.into_inner().status())
            .map_err(|status| status.code())
    };
    let mut all = async || {
        [
            check("").await,
            check("grpc::get").await,
            check("grpc::put").await,
            check("grpc::gte").await,
        ]
    };
    let (up, down, unknown) = (Ok(Serving), Ok(NotServing), Err(Code::NotFound));
    assert_eq!(all().await, [up, up, up, unknown]);
    fail(breaker("grpc::put"), 1);
    assert_eq!(all().await, [up, up, down, unknown]);
    fail(breaker("grpc::get"), 1);
    assert_eq!(all().await, [down, down, down, unknown]);
    sleep(Duration::from_secs(5)).await;
    assert_eq!(all().await, [up, up, up, unknown]);
}

#[tokio::test(start_paused = true)]
async fn grpc_watches_what_holds_and_then_each_change() {
    let health = requires(&[function!("grpc::watched")]).unwrap();
    let mut client = connect(&health);
    for service in ["", "grpc::watched"] {
        let mut watch = client.watch(request(service)).await.unwrap().into_inner();
        let mut next = async || {
            let next = timeout(Duration::from_secs(60), watch.message()).await;
            next.unwrap().unwrap().unwrap().status()
        };
        assert_eq!(next().await, Serving);
        fail(breaker("grpc::watched"), 1);
        let opened = Instant::now();
        assert_eq!(next().await, NotServing);
        assert_eq!(next().await, Serving);
        assert_eq!(opened.elapsed(), Duration::from_secs(5));

        breaker("grpc::watched").force_open();
        assert_eq!(next().await, NotServing);
        layer("grpc::watched", LayerKind::CircuitBreaker).set_enabled(false);
        assert_eq!(next().await, Serving);
        layer("grpc::watched", LayerKind::CircuitBreaker).set_enabled(true);
        assert_eq!(next().await, NotServing);
        breaker("grpc::watched").reset();
        assert_eq!(next().await, Serving);
    }

    let unknown = client.watch(request("grpc::wacthed")).await;
    let mut unknown = unknown.unwrap().into_inner();
    let first = unknown.message().await.unwrap().unwrap();
    assert_eq!(first.status(), ServiceUnknown);
    assert!(unknown.message().now_or_never().is_none());
}

mod readme {
    //! The README's example: it stands here word for word.

    use super::*;

    #[circuit_breaker(name = "shop::stock::get")]
    #[allow(dead_code)]
    async fn stock() -> Result<(), Error> {
        Ok(())
    }

    #[circuit_breaker(name = "shop::prices::get")]
    #[allow(dead_code)]
    async fn price() -> Result<(), Error> {
        Ok(())
    }

    #[rustfmt::skip]
    fn example() -> Result<impl Sized, HealthError> {
        let health = Health::new().requires(["shop::stock::get", "shop::prices::*"])?;

        let app: Router = Router::new().merge(health.router());                 // HTTP, feature `axum`
        let server = Server::builder().add_service(health.grpc_service());      // gRPC, feature `grpc-health`

        Ok((app, server))
    }

    #[test]
    fn the_example_finds_what_it_requires() {
        assert!(example().is_ok());
        assert!(registry().site("shop::stock::get").is_some());
    }
}
