//! What variables say.

#![cfg(unix)]

mod common;
mod configured;

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use common::{Error, layer};
use configured::{everything, nth, stands, switched};
use resilient_runtime::config::{Applied, Config, ConfigError, Place};
use resilient_runtime::{LayerKind, Origin, rate_limit, registry, retry, testing, timeout};

#[timeout(name = "shop::stock::get", ms = 900)]
#[retry]
#[timeout(ms = 500)]
#[allow(dead_code)]
async fn get() -> Result<(), Error> {
    Ok(())
}

#[retry(name = "<shop::Stock as shop::Put>::put")]
#[rate_limit(per_second = 5, key = tenant)]
#[allow(dead_code)]
async fn put(tenant: &str) -> Result<(), Error> {
    Ok(())
}

#[retry(name = "retry")]
#[allow(dead_code)]
async fn named_as_a_layer() -> Result<(), Error> {
    Ok(())
}

#[retry(name = "one name")]
#[allow(dead_code)]
async fn one() -> Result<(), Error> {
    Ok(())
}

#[retry(name = "one::name")]
#[allow(dead_code)]
async fn other() -> Result<(), Error> {
    Ok(())
}

const GET: &str = "shop::stock::get";
const PUT: &str = "<shop::Stock as shop::Put>::put";

fn apply(variables: &[(&str, &str)]) -> Result<Applied, ConfigError> {
    let variables = variables.iter().copied();
    Config::new().environment_from(variables).apply()
}

fn refused(name: &str, value: &str) -> String {
    let before = everything();
    let error = apply(&[(name, value)]).unwrap_err();
    assert_eq!(everything(), before);
    let place = Place::Variable(name.to_owned());
    assert_eq!(error.mistakes()[0].place(), &place);
    error.to_string()
}

#[tokio::test]
async fn a_variable_is_of_all_functions_or_of_one_which_goes_over_it() {
    testing::isolated(async {
        let applied = apply(&[
            ("RESILIENT__RETRY__COUNT", "5"),
            ("RESILIENT__SHOP_STOCK_GET__RETRY__COUNT", "6"),
            ("RESILIENT__RETRY__RETRY__COUNT", " 7 "),
            (
                "RESILIENT__SHOP_STOCK_AS_SHOP_PUT_PUT__RETRY__BACKOFF",
                "fib",
            ),
            ("RESILIENT__SHOP_STOCK_GET__TIMEOUT__AFTER", "2s"),
            ("RESILIENT__SHOP_STOCK_GET__TIMEOUT_2__AFTER_MS", "750"),
            ("RESILIENT__RETRY__JITTER", "0.5"),
            ("RESILIENT__RETRY__BUDGET__CAPACITY", "11"),
        ])
        .unwrap();
        assert_eq!(applied.functions, 5);
        let retry = |site| layer(site, LayerKind::Retry);
        for (layer, knob, shown) in [
            (retry(GET), "count", "6 by environment"),
            (retry(PUT), "count", "5 by environment"),
            (retry("retry"), "count", "7 by environment"),
            (retry(PUT), "backoff", "fib by environment"),
            (retry(PUT), "jitter", "0.5 by environment"),
            (retry(PUT), "delay", "200ms by code"),
            (
                retry(PUT).budget().unwrap(),
                "capacity",
                "11 by environment",
            ),
            (
                nth(GET, LayerKind::Timeout, 0),
                "after",
                "2s by environment",
            ),
            (
                nth(GET, LayerKind::Timeout, 1),
                "after",
                "750ms by environment",
            ),
        ] {
            assert_eq!(stands(layer, knob), shown, "{knob}");
        }
    })
    .await;
}

#[tokio::test]
async fn switches_are_set_by_variables() {
    testing::isolated(async {
        apply(&[
            ("RESILIENT__ENABLED", "false"),
            ("RESILIENT__RETRY__ENABLED", "false"),
            ("RESILIENT__SHOP_STOCK_GET__RETRY__ENABLED", "true"),
            ("RESILIENT__SHOP_STOCK_GET__RETRY__BUDGET__ENABLED", "false"),
        ])
        .unwrap();
        let all = registry();
        assert_eq!(
            (all.is_enabled(), all.enabled_by()),
            (false, Origin::Environment)
        );
        let retry = layer(GET, LayerKind::Retry);
        assert_eq!(switched(retry), (true, Origin::Environment));
        assert_eq!(
            switched(retry.budget().unwrap()),
            (false, Origin::Environment)
        );
        assert_eq!(
            switched(layer(PUT, LayerKind::Retry)),
            (false, Origin::Environment)
        );
    })
    .await;
}

#[tokio::test]
async fn other_variables_are_left_alone() {
    testing::isolated(async {
        let applied = apply(&[
            ("RESILIENT_FAULTS", "on"),
            ("RESILIENT", "x"),
            ("PATH", "/bin"),
            ("MY_RESILIENT__RETRY__COUNT", "0"),
        ]);
        assert_eq!(applied.unwrap().settings, 0);
        assert!(Config::new().environment().apply().is_ok());
    })
    .await;
}

#[test]
fn what_no_variable_is_called_is_told_with_the_nearest() {
    let shape = "no such variable: they go `RESILIENT__RETRY__COUNT` for all functions, \
                 `RESILIENT__CALL_GET__RETRY__COUNT` for one, and `RESILIENT__ENABLED`";
    for (name, said) in [
        (
            "RESILIENT__ENABELD",
            "no such variable; the nearest is `RESILIENT__ENABLED`",
        ),
        ("RESILIENT__", shape),
        ("RESILIENT__RETRY", shape),
        ("RESILIENT__SHOP_STOCK_GET__RETRY", shape),
        ("RESILIENT__RETRY__COUNT__MORE", shape),
        ("RESILIENT__TIMEOUT__BUDGET__CAPACITY", shape),
        (
            "RESILIENT__RETRI__COUNT",
            "`RETRI`: no such layer; the nearest is `RETRY`",
        ),
        (
            "RESILIENT__SHOP_STOCK_GET__RETRI__COUNT",
            "`RETRI`: no such layer; the nearest is `RETRY`",
        ),
        (
            "RESILIENT__RETRY__CONUT",
            "no such knob; the nearest is `COUNT`",
        ),
        (
            "RESILIENT__RETRY__DELY_MS",
            "no such knob; the nearest is `DELAY`",
        ),
        (
            "RESILIENT__TIMEOUT__LIMIT",
            "no such knob; there are `AFTER`, `ENABLED`",
        ),
        ("RESILIENT__RETRY__WHEN", "this is said in code only"),
        (
            "RESILIENT__SHOP_STOK_GET__RETRY__COUNT",
            "no function is called `SHOP_STOK_GET`; the nearest is `SHOP_STOCK_GET`",
        ),
        (
            "RESILIENT__SHOP_STOCK_GET__BULKHEAD__MAX_QUEUE",
            "`shop::stock::get` has no `BULKHEAD`: it has `TIMEOUT`, `RETRY`, `TIMEOUT_2`",
        ),
        (
            "RESILIENT__BULKHEAD__MAX_QUEUE",
            "none of the 5 functions has a `BULKHEAD`: they have `RETRY`, `RATE_LIMIT`, `TIMEOUT`, `TIMEOUT_2`",
        ),
        (
            "RESILIENT__ONE_NAME__RETRY__COUNT",
            "`ONE_NAME` may be any of `one name`, `one::name`: say it in a file",
        ),
        (
            "RESILIENT__RATE_LIMIT__KEYS__ACME__PER_SECOND",
            "what is said of single keys is said in a file only",
        ),
    ] {
        assert_eq!(refused(name, "5"), format!("{name}: {said}"));
    }
}

#[test]
fn a_value_that_is_not_taken_is_told() {
    for (name, value, said) in [
        (
            "RESILIENT__RETRY__COUNT",
            "0",
            "takes a whole number, at least 1",
        ),
        (
            "RESILIENT__RETRY__COUNT",
            "many",
            "takes a whole number, at least 1",
        ),
        ("RESILIENT__RETRY__DELAY", "5", "takes a duration"),
        ("RESILIENT__RETRY__DELAY", "\"5s\"", "takes a duration"),
        (
            "RESILIENT__RETRY__DELAY_MS",
            "5s",
            "takes a whole number of milliseconds",
        ),
        ("RESILIENT__RETRY__ENABLED", "no", "takes `true` or `false`"),
        ("RESILIENT__ENABLED", "", "takes `true` or `false`"),
        (
            "RESILIENT__SHOP_STOCK_GET__TIMEOUT_2__AFTER",
            "1s",
            "at `shop::stock::get` this makes a timeout of 1s stand inside one of 900ms, which always fires first",
        ),
    ] {
        assert_eq!(refused(name, value), format!("{name}: {said}"));
    }
    let value = OsString::from_vec(vec![0xff]);
    let config = Config::new().environment_from([(OsString::from("RESILIENT__ENABLED"), value)]);
    let error = config.apply().unwrap_err();
    assert_eq!(
        error.to_string(),
        "RESILIENT__ENABLED: its value is no UTF-8"
    );
}

#[test]
fn mistakes_of_variables_come_after_those_of_files() {
    let file = configured::File::of("enabled = 1");
    let variables = [("RESILIENT__B", ""), ("RESILIENT__ENABLED", "x")];
    let error = file
        .config()
        .environment_from(variables)
        .apply()
        .unwrap_err();
    let places: Vec<_> = file.said(&error);
    let begin = [
        "resilience.toml:1:1: ",
        "RESILIENT__B: ",
        "RESILIENT__ENABLED: ",
    ];
    assert_eq!(places.len(), begin.len());
    assert!(
        places
            .iter()
            .zip(begin)
            .all(|(told, begin)| told.starts_with(begin)),
        "{places:#?}"
    );
}
