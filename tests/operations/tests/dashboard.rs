//! The page: what it tells, and who may act on it.

#[path = "../../behaviour/common/mod.rs"]
mod common;

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, Response, StatusCode};
use common::{Error, layer, setting};
use futures::future::join_all;
use http_body_util::BodyExt;
use resilient_runtime::dashboard::{self, Dashboard};
use resilient_runtime::{
    BreakerState, CircuitBreaker, Keyed, LayerKind, Origin, Value, bulkhead, circuit_breaker,
    fallback, rate_limit, registry, retry, testing, timeout,
};
use serde_json::{Value as Json, json};
use tower::ServiceExt;

async fn ask(app: &Router, request: Request<Body>) -> Response<Body> {
    let Ok(answer) = app.clone().oneshot(request).await;
    answer
}

async fn get(app: &Router, path: &str) -> Response<Body> {
    ask(app, Request::get(path).body(Body::empty()).unwrap()).await
}

async fn text(answer: Response<Body>) -> String {
    let body = answer.into_body().collect().await.unwrap();
    String::from_utf8(body.to_bytes().to_vec()).unwrap()
}

async fn state(app: &Router) -> Json {
    serde_json::from_str(&text(get(app, "/api/state").await).await).unwrap()
}

fn site<'a>(state: &'a Json, name: &str) -> &'a Json {
    let sites = state["sites"].as_array().unwrap();
    let found = sites.iter().find(|site| site["name"] == name);
    found.unwrap_or_else(|| panic!("no {name}"))
}

fn action(what: Json) -> Request<Body> {
    Request::builder()
        .method(Method::POST)
        .uri("/api/act")
        .header("host", "ops.example")
        .header("origin", "https://ops.example")
        .header("content-type", "application/json")
        .header("x-resilient", "act")
        .body(Body::from(what.to_string()))
        .unwrap()
}

fn open_to_all() -> Router {
    Dashboard::new().allow_actions(|_| async { true }).router()
}

async fn act(app: &Router, what: Json) {
    let answer = ask(app, action(what)).await;
    let status = answer.status();
    assert_eq!(status, StatusCode::NO_CONTENT, "{}", text(answer).await);
}

async fn refusal(app: &Router, request: Request<Body>) -> (StatusCode, String) {
    let answer = ask(app, request).await;
    (answer.status(), text(answer).await)
}

#[tokio::test]
async fn the_page_is_one_document_that_needs_nothing_from_elsewhere() {
    let app: Router = Router::new().nest("/ops", dashboard::router());
    let answer = get(&app, "/ops").await;
    assert_eq!(answer.status(), StatusCode::OK);
    let policy = answer.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    let nonce = policy.split_once("script-src 'nonce-").unwrap().1;
    let nonce = nonce.split_once('\'').unwrap().0.to_owned();
    let page = text(answer).await;
    assert_eq!(
        page.matches(&format!("nonce=\"{nonce}\"")).count(),
        2,
        "a style and a script"
    );
    assert!(!page.contains("@nonce@") && !page.contains("@script@") && !page.contains("@style@"));
    let addresses: Vec<_> = page
        .match_indices("://")
        .map(|(at, _)| &page[at - 5..at])
        .collect();
    assert!(
        addresses.iter().all(|scheme| scheme.ends_with("http")),
        "nothing but the name space of SVG: {addresses:?}"
    );
    assert_eq!(
        page.matches("http://").count(),
        page.matches("http://www.w3.org/2000/svg").count()
    );
    let again = get(&app, "/ops").await;
    let other = again.headers()["content-security-policy"].to_str().unwrap();
    assert!(!other.contains(&nonce), "a nonce is used once");
}

#[tokio::test(start_paused = true)]
async fn a_function_is_told_as_its_stack_with_settings_states_and_counts() {
    #[fallback(value = Ok(7))]
    #[retry(name = "as its stack", count = 2, delay_ms = 1, jitter = "none")]
    #[timeout("2s")]
    #[circuit_breaker(consecutive_failures = 2, open_for = "9s")]
    #[timeout("1s")]
    async fn price(error: Option<Error>) -> Result<u32, Error> {
        error.clone().map_or(Ok(1), Err)
    }

    let app: Router = dashboard::router();
    let _ = price(None).await;
    let _ = price(Some(Error::Transient)).await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let state = state(&app).await;
    assert_eq!(
        (&state["enabled"], &state["may_act"]),
        (&json!(true), &json!(false))
    );
    let told = site(&state, "as its stack");
    assert_eq!(told["calls"], 2);
    assert_eq!(told["in_flight"], 0);
    assert!(told["file"].as_str().unwrap().ends_with("dashboard.rs"));
    let names: Vec<_> = told["layers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|l| &l["name"])
        .collect();
    assert_eq!(
        names,
        [
            "fallback",
            "retry",
            "timeout",
            "circuit_breaker",
            "timeout#2"
        ]
    );
    let [fallback, retry, limit, breaker, inner] = &told["layers"].as_array().unwrap()[..] else {
        panic!()
    };
    assert_eq!(fallback["counts"], json!({ "used": 1, "succeeded": 1 }));
    assert_eq!(
        retry["settings"][0],
        json!({ "knob": "count", "value": "2", "origin": "code" })
    );
    assert_eq!(
        retry["budget"][0],
        json!({ "knob": "capacity", "value": "100", "origin": "code" })
    );
    assert_eq!(retry["state"]["is"], "budget");
    assert_eq!(
        retry["counts"],
        json!({ "not needed": 1, "retries": 1, "attempt failed": 2, "exhausted": 1 })
    );
    assert_eq!(limit["counts"], json!({ "kept": 6 }), "of both");
    assert_eq!(inner["counts"], json!({}));
    assert_eq!(breaker["state"]["state"], "open");
    assert_eq!(
        breaker["counts"],
        json!({ "succeeded": 1, "failed": 2, "opened": 1 })
    );

    let history = told["history"].as_array().unwrap();
    let point = &history[0];
    assert_eq!((&point["ok"], &point["replaced"]), (&json!(1), &json!(1)));
    assert_eq!(
        (&point["refused"], &point["failed"]),
        (&json!(0), &json!(0))
    );
    assert!(point["p50"].is_number());
    let lines = state["events"].as_array().unwrap();
    let lines: Vec<_> = lines
        .iter()
        .filter(|line| line["site"] == "as its stack")
        .collect();
    let opened = lines.iter().find(|line| {
        line["level"] == "warn" && line["text"].as_str().unwrap().starts_with("closed")
    });
    assert_eq!(
        opened.unwrap()["text"],
        "closed -> open: 2 failures in a row, for 9s"
    );
}

#[tokio::test(start_paused = true)]
async fn keys_are_told_busy_ones_first_and_a_shared_state_as_such() {
    #[rate_limit(name = "keys on a page", per_second = 2, key = tenant)]
    async fn ask(tenant: &str) -> Result<(), Error> {
        Ok(())
    }
    static SHARED: CircuitBreaker = CircuitBreaker::new();
    #[circuit_breaker(name = "shared on a page", state = SHARED)]
    #[allow(dead_code)]
    async fn share() -> Result<(), Error> {
        Ok(())
    }

    let app: Router = dashboard::router();
    ask("idle").await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    ask("busy").await.unwrap();
    let state = state(&app).await;
    let keys = &site(&state, "keys on a page")["layers"][0]["keys"];
    assert_eq!((&keys["count"], &keys["busy"]), (&json!(2), &json!(1)));
    assert_eq!(keys["list"][0]["key"], "busy");
    assert_eq!(keys["list"][0]["state"]["available"], 1);
    assert_eq!(keys["list"][1]["key"], "idle");
    let shared = &site(&state, "shared on a page")["layers"][0];
    assert_eq!(
        (&shared["shared"], &shared["state"]),
        (&json!(true), &Json::Null)
    );
}

#[tokio::test(start_paused = true)]
async fn a_stream_tells_everything_once_and_then_each_second_what_changed() {
    #[timeout(name = "streamed")]
    async fn ask() -> Result<(), Error> {
        Ok(())
    }

    let app: Router = dashboard::router();
    let mut body = get(&app, "/events").await.into_body();
    let mut next = async || {
        let frame = body.frame().await.unwrap().unwrap();
        let text = String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap();
        let (event, data) = text.split_once('\n').unwrap();
        let data: Json = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        (event.to_owned(), data)
    };
    let (event, all) = next().await;
    assert_eq!(event, "event: all");
    assert_eq!(
        all["sites"].as_array().unwrap().len(),
        registry().sites().len()
    );
    assert_eq!(all["may_act"], false);
    // The first tells how every site looks.
    let _ = next().await;
    ask().await.unwrap();
    ask().await.unwrap();
    for (calls, ok) in [(2, Some(2)), (2, Some(0)), (2, None)] {
        let (event, tick) = next().await;
        assert_eq!(event, "event: tick");
        let sites = tick["sites"].as_array().unwrap();
        let told = sites.iter().find(|site| site["name"] == "streamed");
        assert_eq!(told.map(|told| told["point"]["ok"].as_u64().unwrap()), ok);
        assert!(told.is_none_or(|told| told["calls"] == calls && told["history"].is_null()));
    }
}

#[tokio::test]
async fn nothing_can_be_changed_unless_the_code_that_mounts_it_says_by_whom() {
    #[timeout(name = "not to be changed")]
    #[allow(dead_code)]
    async fn ask_it() -> Result<(), Error> {
        Ok(())
    }
    let what = json!({ "action": "set", "site": "not to be changed", "layer": "timeout", "knob": "after", "value": "3s" });

    let closed: Router = dashboard::router();
    let answer = refusal(&closed, action(what.clone())).await;
    assert_eq!(answer.0, StatusCode::FORBIDDEN);
    assert_eq!(answer.1, "this dashboard was mounted without actions");

    let for_one: Router = Dashboard::new()
        .allow_actions(|request| async move { request.headers.contains_key("x-operator") })
        .router();
    let answer = refusal(&for_one, action(what.clone())).await;
    assert_eq!(
        (answer.0, &*answer.1),
        (StatusCode::FORBIDDEN, "not for you")
    );
    let origin = setting(layer("not to be changed", LayerKind::Timeout), "after").origin;
    assert_eq!(origin, Origin::Code);

    let mut request = action(what);
    request
        .headers_mut()
        .insert("x-operator", "yes".parse().unwrap());
    assert_eq!(
        ask(&for_one, request).await.status(),
        StatusCode::NO_CONTENT
    );
    let origin = setting(layer("not to be changed", LayerKind::Timeout), "after").origin;
    assert_eq!(origin, Origin::Handle);

    let told = text(get(&for_one, "/api/state").await).await;
    assert!(told.contains("\"may_act\":false"));
    let request = Request::get("/api/state").header("x-operator", "yes");
    let answer = ask(&for_one, request.body(Body::empty()).unwrap()).await;
    assert!(text(answer).await.contains("\"may_act\":true"));
}

#[tokio::test]
async fn an_action_that_another_site_sends_is_refused_whoever_is_logged_in() {
    let app = open_to_all();
    let all_off = || action(json!({ "action": "all_off" }));
    type Change = fn(&mut Request<Body>);
    let strangers: [Change; 6] = [
        |request| drop(request.headers_mut().remove("x-resilient")),
        |request| {
            drop(
                request
                    .headers_mut()
                    .insert("x-resilient", "1".parse().unwrap()),
            )
        },
        |request| {
            drop(
                request
                    .headers_mut()
                    .insert("origin", "https://evil.example".parse().unwrap()),
            )
        },
        |request| {
            drop(
                request
                    .headers_mut()
                    .insert("origin", "null".parse().unwrap()),
            )
        },
        |request| {
            drop(
                request
                    .headers_mut()
                    .insert("sec-fetch-site", "cross-site".parse().unwrap()),
            )
        },
        |request| {
            drop(
                request
                    .headers_mut()
                    .insert("sec-fetch-site", "same-site".parse().unwrap()),
            )
        },
    ];
    for (number, change) in strangers.into_iter().enumerate() {
        let mut request = all_off();
        change(&mut request);
        assert_eq!(
            ask(&app, request).await.status(),
            StatusCode::FORBIDDEN,
            "{number}"
        );
    }
    // What a form of another site can send without being asked first is no JSON.
    let mut form = all_off();
    form.headers_mut()
        .insert("content-type", "text/plain".parse().unwrap());
    assert_eq!(ask(&app, form).await.status(), StatusCode::BAD_REQUEST);
    let get = Request::get("/api/act").body(Body::empty()).unwrap();
    assert_eq!(
        ask(&app, get).await.status(),
        StatusCode::METHOD_NOT_ALLOWED
    );
    let asks_first = Request::builder().method(Method::OPTIONS).uri("/api/act");
    let answer = ask(&app, asks_first.body(Body::empty()).unwrap()).await;
    assert!(!answer.headers().contains_key("access-control-allow-origin"));
    assert!(registry().is_enabled());

    // Behind a proxy that renames the host, the browser's own word counts.
    let mut behind_a_proxy = action(json!({ "action": "all_on" }));
    behind_a_proxy
        .headers_mut()
        .insert("host", "10.0.0.1".parse().unwrap());
    behind_a_proxy
        .headers_mut()
        .insert("sec-fetch-site", "same-origin".parse().unwrap());
    assert_eq!(
        ask(&app, behind_a_proxy).await.status(),
        StatusCode::NO_CONTENT
    );
    registry().unset_enabled();
}

#[tokio::test]
async fn breakers_are_opened_and_reset_one_or_one_of_a_key() {
    #[circuit_breaker(name = "to be opened")]
    #[allow(dead_code)]
    async fn one() -> Result<(), Error> {
        Ok(())
    }
    #[circuit_breaker(name = "one to be opened", key = host)]
    async fn of_key(host: u32) -> Result<(), Error> {
        let _ = host;
        Ok(())
    }

    let app = open_to_all();
    let on = |site: &str, action: &str| json!({ "site": site, "layer": "circuit_breaker", "action": action });
    let breaker = layer("to be opened", LayerKind::CircuitBreaker)
        .breaker()
        .unwrap();
    act(&app, on("to be opened", "force_open")).await;
    assert_eq!(breaker.state(), BreakerState::Open);
    act(&app, on("to be opened", "reset")).await;
    assert_eq!(breaker.state(), BreakerState::Closed);
    act(&app, on("to be opened", "force_close")).await;
    assert_eq!(breaker.mode().as_str(), "forced-closed");

    join_all([of_key(1), of_key(2)]).await;
    let mut what = on("one to be opened", "force_open");
    what["key"] = json!("2");
    act(&app, what.clone()).await;
    let keys = layer("one to be opened", LayerKind::CircuitBreaker);
    let keys = keys.state::<Keyed<CircuitBreaker>>().unwrap();
    assert_eq!(keys.get(&1).state(), BreakerState::Closed);
    assert_eq!(keys.get(&2).state(), BreakerState::Open);
    what["key"] = json!("3");
    let answer = refusal(&app, action(what)).await;
    assert_eq!(
        (answer.0, &*answer.1),
        (StatusCode::BAD_REQUEST, "no key `3`")
    );
}

#[tokio::test]
async fn settings_are_changed_taken_back_and_refused_with_the_reason() {
    #[retry(name = "to be tuned")]
    #[timeout("2s")]
    #[timeout("1s")]
    #[bulkhead(max_concurrent = 3, key = tenant)]
    #[allow(dead_code)]
    async fn tuned(tenant: &str) -> Result<(), Error> {
        let _ = tenant;
        Ok(())
    }

    let app = open_to_all();
    let set = |layer: &str, knob: &str, value: &str| json!({ "site": "to be tuned", "layer": layer, "action": "set", "knob": knob, "value": value });
    let layers = registry().site("to be tuned").unwrap().layers();
    act(&app, set("retry", "count", "5")).await;
    assert_eq!(setting(layers[0], "count").value, Some(Value::Count(5)));
    act(&app, set("retry.budget", "capacity", "9")).await;
    assert_eq!(
        setting(layers[0].budget().unwrap(), "capacity").value,
        Some(Value::Count(9))
    );
    act(&app, set("timeout#2", "after", "750ms")).await;
    let after = Value::Duration(Duration::from_millis(750));
    assert_eq!(setting(layers[2], "after").value, Some(after));
    let mut of_key = set("bulkhead", "max_concurrent", "8");
    of_key["key"] = json!("large");
    act(&app, of_key).await;
    let own = layers[3].settings_of("large");
    assert_eq!(own[0].value, Some(Value::Count(8)));
    assert_eq!(
        setting(layers[3], "max_concurrent").value,
        Some(Value::Count(3))
    );

    act(
        &app,
        json!({ "site": "to be tuned", "layer": "retry", "action": "unset", "knob": "count" }),
    )
    .await;
    assert_eq!(setting(layers[0], "count").value, Some(Value::Count(3)));
    act(
        &app,
        json!({ "site": "to be tuned", "layer": "retry", "action": "disable" }),
    )
    .await;
    assert!(!layers[0].is_enabled());
    act(
        &app,
        json!({ "site": "to be tuned", "layer": "retry", "action": "enable" }),
    )
    .await;
    assert!(layers[0].is_enabled());

    for (what, why) in [
        (
            set("retry", "count", "0"),
            "`count` takes a whole number, at least 1",
        ),
        (
            set("retry", "counts", "1"),
            "no knob `counts`: there are `count`",
        ),
        (
            set("timeout#3", "after", "1s"),
            "`to be tuned` has no layer `timeout#3`",
        ),
        (
            set("timeout.budget", "after", "1s"),
            "`to be tuned` has no layer `timeout.budget`",
        ),
        (
            json!({ "site": "nobody", "layer": "retry", "action": "reset" }),
            "no function `nobody`",
        ),
        (
            json!({ "layer": "retry", "action": "reset" }),
            "which `site`?",
        ),
        (
            json!({ "site": "to be tuned", "layer": "retry", "action": "reset" }),
            "no circuit breaker that this function owns",
        ),
        (json!({ "action": "explode" }), "unknown variant `explode`"),
        (
            json!({ "action": "all_off", "really": true }),
            "unknown field `really`",
        ),
    ] {
        let (status, told) = refusal(&app, action(what.clone())).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{what}");
        assert!(told.contains(why), "{what}: {told}");
    }
}

#[tokio::test]
async fn a_hand_that_switched_something_is_taken_away_again() {
    #[timeout(name = "to be switched")]
    #[allow(dead_code)]
    async fn ask_it() -> Result<(), Error> {
        Ok(())
    }

    testing::isolated(async {
        let app = open_to_all();
        let limit = layer("to be switched", LayerKind::Timeout);
        let on = |action: &str| json!({ "site": "to be switched", "layer": "timeout", "action": action });
        act(&app, on("disable")).await;
        assert_eq!((limit.is_enabled(), limit.enabled_by()), (false, Origin::Handle));
        act(&app, on("enable")).await;
        assert_eq!((limit.is_enabled(), limit.enabled_by()), (true, Origin::Handle));
        act(&app, on("release")).await;
        assert_eq!((limit.is_enabled(), limit.enabled_by()), (true, Origin::Code));

        act(&app, json!({ "action": "all_off" })).await;
        assert!(!registry().is_enabled());
        act(&app, json!({ "action": "all_on" })).await;
        assert_eq!((registry().is_enabled(), registry().enabled_by()), (true, Origin::Handle));
        act(&app, json!({ "action": "all_release" })).await;
        assert_eq!((registry().is_enabled(), registry().enabled_by()), (true, Origin::Code));
    })
    .await;
}

#[tokio::test]
async fn where_hosts_are_named_nobody_else_is_answered() {
    let app: Router = Dashboard::new()
        .hosts(["ops.example", "localhost:8080"])
        .router();
    for (host, status) in [
        (Some("ops.example"), StatusCode::OK),
        (Some("localhost:8080"), StatusCode::OK),
        (Some("localhost"), StatusCode::MISDIRECTED_REQUEST),
        (Some("evil.example"), StatusCode::MISDIRECTED_REQUEST),
        (None, StatusCode::MISDIRECTED_REQUEST),
    ] {
        for path in ["/", "/api/state", "/events"] {
            let request = host.into_iter().fold(Request::get(path), |request, host| {
                request.header("host", host)
            });
            let answer = ask(&app, request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status(), status, "{host:?} {path}");
        }
    }
    let request = Request::get("https://ops.example/")
        .body(Body::empty())
        .unwrap();
    assert_eq!(
        ask(&app, request).await.status(),
        StatusCode::OK,
        "as HTTP/2 has it"
    );
}

#[tokio::test(start_paused = true)]
async fn a_test_of_its_own_sees_its_own_calls_on_its_own_page() {
    #[timeout(name = "seen in a test")]
    async fn ask_it() -> Result<(), Error> {
        Ok(())
    }

    ask_it().await.unwrap();
    testing::isolated(async {
        let app: Router = dashboard::router();
        ask_it().await.unwrap();
        ask_it().await.unwrap();
        tokio::time::sleep(Duration::from_millis(1100)).await;
        assert_eq!(site(&state(&app).await, "seen in a test")["calls"], 2);
    })
    .await;
}

#[tokio::test]
async fn a_page_whose_runtime_ended_is_read_by_the_next() {
    #[timeout(name = "read by the next")]
    async fn ask_it() -> Result<(), Error> {
        Ok(())
    }

    let app: Router = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async { dashboard::router() })
    })
    .join()
    .unwrap();
    let mut stream = get(&app, "/events").await.into_body();
    for _ in 0..2 {
        let frame = stream.frame().await.unwrap().unwrap();
        assert!(!frame.into_data().unwrap().is_empty());
    }
    ask_it().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_key_with_settings_of_its_own_is_told_first_and_with_them() {
    #[rate_limit(name = "own on a page", per_second = 2, key = tenant)]
    async fn ask_it(tenant: &str) -> Result<(), Error> {
        let _ = tenant;
        Ok(())
    }

    let app: Router = dashboard::router();
    ask_it("a").await.unwrap();
    ask_it("b").await.unwrap();
    let limits = layer("own on a page", LayerKind::RateLimit);
    limits.set_for("b", "per_second", 7.into()).unwrap();
    let state = state(&app).await;
    let keys = &site(&state, "own on a page")["layers"][0]["keys"]["list"];
    assert_eq!(
        (&keys[0]["key"], &keys[1]["key"]),
        (&json!("b"), &json!("a"))
    );
    let own = keys[0]["own"].as_array().unwrap();
    assert!(
        own.contains(&json!({ "knob": "per_second", "value": "7", "origin": "handle" })),
        "{own:?}"
    );
    assert_eq!(keys[1]["own"], json!([]));
}
