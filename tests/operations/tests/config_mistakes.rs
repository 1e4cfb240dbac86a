//! What is wrong with a file is told, all of it at once, and nothing of it is taken.

#[path = "../../behaviour/common/mod.rs"]
mod common;
mod configured;

use common::{Error, layer, ms};
use configured::{File, apply, everything, refused};
use resilient_runtime::config::{Config, Place};
use resilient_runtime::{
    CircuitBreaker, LayerKind, adaptive_concurrency, bulkhead, circuit_breaker, fallback, fault,
    hedge, rate_limit, retry, testing, timeout,
};

#[fallback(name = "shop::stock::get", value = Ok(()))]
#[timeout("4s")]
#[retry]
#[timeout("1s")]
#[allow(dead_code)]
async fn get() -> Result<(), Error> {
    Ok(())
}

#[rate_limit(name = "shop::stock::put", per_second = 5)]
#[fault(panic_rate = 0.5)]
#[adaptive_concurrency(side = "server")]
#[allow(dead_code)]
async fn put() -> Result<(), Error> {
    Ok(())
}

static SHARED: CircuitBreaker = CircuitBreaker::new();

#[circuit_breaker(name = "shop::shared", state = SHARED)]
#[retry(budget = "none")]
#[allow(dead_code)]
async fn shared() -> Result<(), Error> {
    Ok(())
}

/// One mistake, in a table of one function.
#[track_caller]
fn mistake(table: &str, line: &str) -> String {
    let lines = refused(&format!("[{table}]\n{line}\n"));
    assert_eq!(lines.len(), 1, "{lines:#?}");
    lines.into_iter().next().unwrap()
}

#[test]
fn an_unknown_function_is_told_with_the_nearest() {
    for (name, said) in [
        (
            "shop::stok::get",
            "no function is called so; the nearest is `shop::stock::get`",
        ),
        (
            "get",
            "no function is called so; the nearest is `shop::stock::get`",
        ),
        (
            "shop::stock::gt*",
            "no function matches; the nearest is `shop::stock::get`",
        ),
        ("*qqq*", "no function matches"),
    ] {
        let subject = format!("resilience.toml:1:2: [\"{name}\"]: {said}");
        let subject = subject.replace("[\"get\"]", "[get]");
        assert_eq!(mistake(&format!("\"{name}\".retry"), "count = 4"), subject);
    }
    assert_eq!(
        mistake("retry", "count = 4"),
        "resilience.toml:1:2: [retry]: no function is called so; for all functions it goes `[\"*\".retry]`"
    );
}

#[test]
fn an_unknown_layer_and_one_that_is_not_there_are_told() {
    assert_eq!(
        mistake("\"shop::stock::get\".retri", "count = 4"),
        "resilience.toml:1:21: [\"shop::stock::get\".retri]: no such layer; the nearest is `retry`"
    );
    assert_eq!(
        mistake("\"shop::stock::get\".cache", "count = 4"),
        "resilience.toml:1:21: [\"shop::stock::get\".cache]: no such layer; there are `retry`, `timeout`, \
         `circuit_breaker`, `rate_limit`, `bulkhead`, `adaptive_concurrency`, `fault`, `fallback`, `hedge`"
    );
    assert_eq!(
        mistake("\"shop::stock::get\".bulkhead", "max_queue = 4"),
        "resilience.toml:1:21: [\"shop::stock::get\".bulkhead]: `shop::stock::get` has no `bulkhead`: it has `fallback`, \
         `timeout`, `retry`, `timeout#2`"
    );
    assert_eq!(
        mistake("\"shop::stock::*\".\"timeout#3\"", "after = \"1s\""),
        "resilience.toml:1:19: [\"shop::stock::*\".\"timeout#3\"]: none of the 2 functions has a `timeout#3`: they have \
         `fallback`, `timeout`, `retry`, `timeout#2`, `rate_limit`, `fault`, `adaptive_concurrency`"
    );
    assert_eq!(
        mistake("\"*g*et\".bulkhead", "max_queue = 4"),
        "resilience.toml:1:10: [\"*g*et\".bulkhead]: `shop::stock::get` has no `bulkhead`: it has `fallback`, \
         `timeout`, `retry`, `timeout#2`"
    );
    assert_eq!(
        mistake("\"shop::stock::get\"", "retry = 5"),
        "resilience.toml:2:1: [\"shop::stock::get\".retry]: takes a table of knobs"
    );
}

#[test]
fn a_knob_that_is_unknown_or_said_in_code_only_is_told() {
    for (layer, line, said) in [
        (
            "retry",
            "conut = 5",
            "conut: no such knob; the nearest is `count`",
        ),
        (
            "retry",
            "enabeld = true",
            "enabeld: no such knob; the nearest is `enabled`",
        ),
        (
            "retry",
            "dely_ms = 5",
            "dely_ms: no such knob; the nearest is `delay`",
        ),
        (
            "retry",
            "count_ms = 5",
            "count_ms: no such knob; the nearest is `count`",
        ),
        (
            "timeout",
            "limit = 5",
            "limit: no such knob; there are `after`, `enabled`",
        ),
        (
            "fallback",
            "after = 5",
            "after: no such knob; there are `enabled`",
        ),
        (
            "retry",
            "when = \"always\"",
            "when: this is said in code only",
        ),
        (
            "retry",
            "on_retry = 1",
            "on_retry: this is said in code only",
        ),
        (
            "retry",
            "budget = \"none\"",
            "budget: which budget it is, is said in code only; here it takes a table of that budget's knobs",
        ),
        (
            "retry",
            "budget.capacty = 1",
            "capacty: no such knob; the nearest is `capacity`",
        ),
    ] {
        let section = if line.starts_with("budget.") {
            "retry.budget"
        } else {
            layer
        };
        let column = 1 + if line.starts_with("budget.") {
            "budget.".len()
        } else {
            0
        };
        let told = mistake(&format!("\"shop::stock::get\".{layer}"), line);
        let subject =
            format!("resilience.toml:2:{column}: [\"shop::stock::get\".{section}] {said}");
        assert_eq!(told, subject);
    }
    for knob in [
        "scope",
        "max_keys",
        "key",
        "state",
        "cost",
        "policy",
        "into_error",
    ] {
        let told = mistake("\"shop::stock::put\".rate_limit", &format!("{knob} = 1"));
        assert!(told.ends_with(": this is said in code only"), "{told}");
    }
}

#[test]
fn a_value_that_a_knob_does_not_take_is_told() {
    for (layer, line, takes) in [
        ("get\".retry", "count = 0", "a whole number, at least 1"),
        ("get\".retry", "count = 2.5", "a whole number, at least 1"),
        ("get\".retry", "count = true", "a whole number, at least 1"),
        ("get\".retry", "count = [5]", "a whole number, at least 1"),
        (
            "get\".retry",
            "count = 1979-05-27",
            "a whole number, at least 1",
        ),
        (
            "get\".retry",
            "count = 99999999999999999999",
            "a whole number, at least 1",
        ),
        ("get\".retry", "delay = 5", "a duration"),
        ("get\".retry", "delay = \"5 parsecs\"", "a duration"),
        (
            "get\".retry",
            "delay_ms = \"5s\"",
            "a whole number of milliseconds",
        ),
        ("get\".retry", "delay_ms = -5", "a duration"),
        (
            "get\".timeout",
            "after = \"0s\"",
            "a duration longer than zero",
        ),
        (
            "get\".timeout",
            "after_ms = 0",
            "a duration longer than zero",
        ),
        (
            "get\".retry",
            "backoff = \"fibonacci\"",
            "one of `constant`, `linear`, `exponential`, `fib`, `decorrelated`",
        ),
        ("get\".retry", "factor = 0.5", "a number, at least 1.0"),
        ("get\".retry", "factor = nan", "a number, at least 1.0"),
        ("get\".retry", "factor = inf", "a number, at least 1.0"),
        ("put\".fault", "error_rate = 1.5", "a rate from 0.0 to 1.0"),
        ("get\".retry", "enabled = \"yes\"", "`true` or `false`"),
        ("get\".retry", "enabled.budget = 1", "`true` or `false`"),
    ] {
        let told = mistake(&format!("\"shop::stock::{layer}"), line);
        let end = format!(": takes {takes}");
        assert!(told.ends_with(&end), "{line}: {told}");
    }
    let told = refused("enabled = 1");
    assert_eq!(
        told,
        ["resilience.toml:1:1: enabled: takes `true` or `false`"]
    );
}

#[test]
fn what_stands_outside_of_every_function_is_told() {
    assert_eq!(
        refused("enabeld = false"),
        ["resilience.toml:1:1: enabeld: no such switch; the nearest is `enabled`"]
    );
    assert_eq!(
        refused("count = 5"),
        [
            "resilience.toml:1:1: count: here stand `enabled`, and a table for each function or pattern"
        ]
    );
}

#[test]
fn keys_budgets_and_states_that_are_not_there_are_told() {
    assert_eq!(
        refused("[\"shop::stock::put\".rate_limit.keys.acme]\nper_second = 5"),
        [
            "resilience.toml:1:32: [\"shop::stock::put\".rate_limit.keys]: the layer has no keys: set it for all calls"
        ]
    );
    assert_eq!(
        mistake("\"shop::shared\"", "retry.budget.capacity = 5"),
        "resilience.toml:2:7: [\"shop::shared\".retry.budget]: there is none of its own here; which budget it is, is said \
         in code only"
    );
    assert_eq!(
        mistake("\"shop::shared\".circuit_breaker", "min_calls = 5"),
        "resilience.toml:2:1: [\"shop::shared\".circuit_breaker] min_calls: the state is shared: set it on the state itself"
    );

    #[rate_limit(name = "shop::quota", per_second = 5, key = tenant)]
    #[allow(dead_code)]
    async fn quota(tenant: &str) -> Result<(), Error> {
        Ok(())
    }
    assert_eq!(
        refused(
            "[\"shop::quota\".rate_limit.keys]\nacme = 5\n\"a b\".per_secnd = 5\n\"a b\".enabled = true"
        ),
        [
            "resilience.toml:2:1: [\"shop::quota\".rate_limit.keys.\"acme\"]: takes a table of knobs",
            "resilience.toml:3:7: [\"shop::quota\".rate_limit.keys.\"a b\"] per_secnd: no such knob; the nearest is \
             `per_second`",
            "resilience.toml:4:7: [\"shop::quota\".rate_limit.keys.\"a b\"] enabled: no such knob; there are `per_second`, \
             `permits`, `per`, `burst`, `max_wait`",
        ]
    );
}

#[test]
fn a_key_whose_text_is_not_kept_in_whole_is_told() {
    let keys = "[\"shop::quota\".rate_limit.keys]\n";
    let (fits, long) = ("u".repeat(64), "u".repeat(65));
    testing_apply(&format!("{keys}{fits}.per_second = 7"));
    assert_eq!(
        refused(&format!("{keys}{long}.per_second = 7")),
        [format!(
            "resilience.toml:2:1: [\"shop::quota\".rate_limit.keys.\"{long}\"]: the text of a key is kept up to 64 bytes: one \
             that is longer has no settings of its own"
        )]
    );
}

#[test]
fn several_mistakes_are_told_at_once_in_the_order_of_the_file_and_nothing_is_taken() {
    let before = everything();
    let text = r#"
enabled = false
["shop::stock::get".retry]
count = 7
factor = 0

["shop::stock::put"]
rate_limit.per_secnd = 5
fualt.seed = 7
"*" = 8
"#;
    assert_eq!(
        refused(text),
        [
            "resilience.toml:5:1: [\"shop::stock::get\".retry] factor: takes a number, at least 1.0",
            "resilience.toml:8:12: [\"shop::stock::put\".rate_limit] per_secnd: no such knob; the nearest is `per_second`",
            "resilience.toml:9:1: [\"shop::stock::put\".fualt]: no such layer; the nearest is `fault`",
            "resilience.toml:10:1: [\"shop::stock::put\".\"*\"]: no such layer; there are `retry`, `timeout`, \
             `circuit_breaker`, `rate_limit`, `bulkhead`, `adaptive_concurrency`, `fault`, `fallback`, `hedge`",
        ]
    );
    assert_eq!(everything(), before);
}

#[test]
fn two_that_are_as_exact_must_not_disagree() {
    assert_eq!(
        refused("[\"shop::stock::g*\".retry]\ncount = 4\n[\"*hop::stock::ge\".retry]\ncount = 4\n"),
        [
            "resilience.toml:3:2: [\"*hop::stock::ge\"]: no function matches; the nearest is `shop::stock::get`"
        ]
    );
    let text = |count| {
        format!(
            "[\"shop::stock::g*\".retry]\ncount = 4\n[\"*op::stock::get\".retry]\ncount = {count}\n"
        )
    };
    assert_eq!(
        refused(&text(5)),
        [
            "resilience.toml:4:1: [\"*op::stock::get\".retry] count: `[\"shop::stock::g*\".retry] count` (line 2) is as exact \
          and says otherwise"
        ]
    );
    testing_apply(&text(4));
    testing_apply(&format!(
        "{}[\"shop::stock::get\"]\nretry.count = 6",
        text(5)
    ));
    assert_eq!(
        refused("[\"shop::stock::get\".retry]\ndelay = \"1s\"\ndelay_ms = 5"),
        [
            "resilience.toml:3:1: [\"shop::stock::get\".retry] delay_ms: `[\"shop::stock::get\".retry] delay` (line 2) is as \
          exact and says otherwise"
        ]
    );
}

/// In a world that is gone afterwards.
fn testing_apply(text: &str) {
    use futures::FutureExt;
    let applied = testing::isolated(async { apply(text) }).now_or_never();
    assert!(applied.is_some());
}

#[test]
fn settings_of_a_layer_that_contradict_each_other_are_told() {
    assert_eq!(
        refused("[\"*\".rate_limit]\nper_second = 5\npermits = 7"),
        [
            "resilience.toml:3:1: [\"*\".rate_limit] permits: `per_second` and `permits` with `per` are two ways to say the \
          rate: unset one, at `shop::quota`",
            "resilience.toml:3:1: [\"*\".rate_limit] permits: `per_second` and `permits` with `per` are two ways to say the \
          rate: unset one, at `shop::stock::put`"
        ]
    );
    let told = mistake(
        "\"shop::stock::put\".adaptive_concurrency",
        "max = 5\nmin = 10\nmax_queue = 3",
    );
    assert!(
        told.starts_with("resilience.toml:3:1: [\"shop::stock::put\".adaptive_concurrency] min: "),
        "{told}"
    );
}

#[retry(name = "shop::rules", backoff = "linear", delay = "1s")]
#[circuit_breaker(open_for = "2m")]
#[fault(panic_rate = 0.0)]
#[bulkhead(max_concurrent = 3)]
#[adaptive_concurrency(side = "client", max = 50)]
#[allow(dead_code)]
async fn rules() -> Result<(), Error> {
    Ok(())
}

const NO_EXPONENT: &str = "only an exponential `backoff` grows by a `factor`: drop one of the two";
const NO_PLACES: &str = "nobody waits in a queue without places, so `max_wait` has nothing to say: say `max_queue` \
                         too, or drop it";
const NO_TIME: &str = "a `max_wait` of no time at all leaves the queue unused: say more than zero, or drop `max_queue`";

/// The lines of one layer's table, and what is wrong with the last of them.
const RULES: &[(&str, &[&str], &str)] = &[
    (
        "retry",
        &["max_delay = \"999ms\""],
        "`max_delay` is below `delay`",
    ),
    ("retry", &["factor = 3.0"], NO_EXPONENT),
    ("retry", &["backoff = \"fib\"", "factor = 3.0"], NO_EXPONENT),
    (
        "circuit_breaker",
        &["open_for = \"1m\"", "open_max = \"59s\""],
        "`open_max` is below `open_for`",
    ),
    (
        "circuit_breaker",
        &["open_max = \"1m\""],
        "`open_max` is below `open_for`",
    ),
    (
        "circuit_breaker",
        &["slow_call_rate = 0.5"],
        "no call is slow until `slow_call` says from when on: say it too, or drop `slow_call_rate`",
    ),
    (
        "fault",
        &["latency_rate = 0.5"],
        "how long? `latency_rate` says how often: say `latency` too",
    ),
    ("bulkhead", &["max_wait = \"1s\""], NO_PLACES),
    ("bulkhead", &["max_queue = 5", "max_wait = \"0s\""], NO_TIME),
    ("adaptive_concurrency", &["max_wait = \"1s\""], NO_PLACES),
    (
        "adaptive_concurrency",
        &["max_queue = 5", "max_wait = \"0s\""],
        NO_TIME,
    ),
    (
        "adaptive_concurrency",
        &["max = 5", "initial = 6"],
        "`initial` is above `max`",
    ),
    (
        "adaptive_concurrency",
        &["initial = 51"],
        "`initial` is above `max`",
    ),
    (
        "adaptive_concurrency",
        &["initial = 6", "min = 7"],
        "`initial` is below `min`",
    ),
    (
        "adaptive_concurrency",
        &["max = 5", "min = 10"],
        "`min` is above `max`",
    ),
];

#[test]
fn what_the_attribute_of_a_layer_may_not_say_a_configuration_may_not_either() {
    for (layer, lines, why) in RULES {
        let line = 1 + lines.len();
        let knob = lines[lines.len() - 1].split(' ').next().unwrap();
        assert_eq!(
            mistake(&format!("\"shop::rules\".{layer}"), &lines.join("\n")),
            format!("resilience.toml:{line}:1: [\"shop::rules\".{layer}] {knob}: {why}")
        );
    }
}

#[test]
fn what_has_a_say_beside_the_code_and_the_other_lines_is_taken() {
    for (layer, lines) in [
        ("retry", "count = 1\ndelay = \"2s\""),
        ("retry", "factor = 3.0\nbackoff = \"exponential\""),
        ("circuit_breaker", "open_for = \"5m\""),
        ("circuit_breaker", "open_for = \"1m\"\nopen_max = \"1m\""),
        (
            "circuit_breaker",
            "slow_call = \"1s\"\nslow_call_rate = 0.5",
        ),
        ("fault", "latency = \"1s\"\nlatency_rate = 0.5"),
        ("bulkhead", "max_wait = \"0s\""),
        ("bulkhead", "max_wait = \"1s\"\nmax_queue = 5"),
        ("adaptive_concurrency", "max = 5"),
        ("adaptive_concurrency", "initial = 5\nmin = 5\nmax = 5"),
    ] {
        testing_apply(&format!("[\"shop::rules\".{layer}]\n{lines}"));
    }
}

#[tokio::test]
async fn a_handle_may_say_what_has_no_use_yet_and_is_no_fault_of_the_configuration() {
    testing::isolated(async {
        let places = layer("shop::rules", LayerKind::Bulkhead);
        places.set("max_wait", ms(0).into()).unwrap();
        apply("[\"shop::rules\".bulkhead]\nmax_queue = 5\nmax_wait = \"1s\"");
        places.set("max_queue", 0.into()).unwrap();
        places.unset("max_wait").unwrap();
        let breaker = layer("shop::rules", LayerKind::CircuitBreaker);
        let refused = breaker.set("open_max", ms(59_000).into()).unwrap_err();
        assert_eq!(refused.to_string(), "`open_max` is below `open_for`");
    })
    .await;
}

#[test]
fn an_inner_timeout_has_to_stay_shorter_than_an_outer_one() {
    let get = "[\"shop::stock::get\"]\n";
    assert_eq!(
        refused(&format!("{get}\"timeout#2\".after = \"5s\"")),
        [
            "resilience.toml:2:13: [\"shop::stock::get\".\"timeout#2\"] after: at `shop::stock::get` this makes a timeout \
             of 5s stand inside one of 4s, which always fires first"
        ]
    );
    let told = refused("[\"*\".timeout]\nafter = \"1s\"");
    assert_eq!(told.len(), 1, "{told:?}");
    testing_apply(&format!(
        "{get}\"timeout#2\".after = \"5s\"\ntimeout.after = \"6s\""
    ));
    testing_apply(&format!(
        "{get}\"timeout#2\".after = \"5s\"\ntimeout.enabled = false"
    ));
}

#[tokio::test]
async fn only_what_the_configuration_makes_so_is_its_fault() {
    #[timeout(name = "by hand", ms = 500)]
    #[timeout(ms = 400)]
    #[allow(dead_code)]
    async fn ask() -> Result<(), Error> {
        Ok(())
    }

    testing::isolated(async {
        let outer = layer("by hand", LayerKind::Timeout);
        apply("[\"by hand\".\"timeout#2\"]\nafter_ms = 450");
        outer.set("after", ms(100).into()).unwrap();
        apply("[\"by hand\".\"timeout#2\"]\nafter_ms = 450");
    })
    .await;
}

#[test]
fn a_hedge_has_to_begin_before_its_time_is_up() {
    #[timeout(name = "hedged", ms = 500)]
    #[hedge]
    #[allow(dead_code)]
    async fn ask() -> Result<(), Error> {
        Ok(())
    }

    assert_eq!(
        mistake("hedged.hedge", "after_ms = 500"),
        "resilience.toml:2:1: [hedged.hedge] after_ms: at `hedged` this makes a hedge begin after 500ms, when a timeout of \
         500ms has ended the call"
    );
    testing_apply("[hedged.hedge]\nafter_ms = 499");
}

#[test]
fn a_file_that_is_no_toml_or_cannot_be_read_is_told() {
    let before = everything();
    assert_eq!(
        refused("enabled = true\n[shop\ncount = = 5\n"),
        [
            "resilience.toml:2:6: unclosed table, expected `]`",
            "resilience.toml:3:9: extra `=`, expected nothing",
            "resilience.toml:3:11: unexpected key or value, expected newline, `#`",
        ]
    );
    assert_eq!(
        refused("enabled = true\nenabled = true\n"),
        ["resilience.toml:2:1: duplicate key"]
    );
    let file = File::of([0xff, 0xfe]);
    let error = file.config().apply().unwrap_err();
    assert_eq!(
        file.said(&error),
        ["resilience.toml: cannot be read: stream did not contain valid UTF-8"]
    );
    assert!(matches!(error.mistakes()[0].place(), Place::WholeFile(_)));

    let error = Config::new().file("nowhere.toml").apply().unwrap_err();
    let [mistake] = error.mistakes() else {
        panic!("{error}")
    };
    assert_eq!(mistake.subject(), None);
    assert!(mistake.message().starts_with("cannot be read: "), "{error}");
    assert!(
        error
            .to_string()
            .starts_with("nowhere.toml: cannot be read"),
        "{error}"
    );
    assert_eq!(everything(), before);
}

#[test]
fn a_mistake_tells_where_it_is_part_by_part() {
    let file = File::of("# ä\n  enabled = \"ö\"");
    let error = file.config().apply().unwrap_err();
    let [mistake] = error.mistakes() else {
        panic!("{error}")
    };
    let Place::File {
        path, line, column, ..
    } = mistake.place()
    else {
        panic!("{error}")
    };
    assert_eq!((path, *line, *column), (&file.path(), 2, 3));
    assert_eq!(mistake.subject(), Some("enabled"));
    assert_eq!(mistake.message(), "takes `true` or `false`");
}
