//! What the README says of configuration holds: its examples are taken from there.

mod common;
mod configured;

use common::{Error, layer};
use configured::{File, nth, shown, stands, switched};
use futures::FutureExt;
use resilient_runtime::config::{Config, ConfigError};
use resilient_runtime::{LayerKind, Origin, circuit_breaker, rate_limit, retry, testing, timeout};

#[timeout(name = "cache_demo::client::call_get", ms = 900)]
#[retry]
#[timeout(ms = 500)]
#[circuit_breaker]
#[allow(dead_code)]
async fn call_get() -> Result<(), Error> {
    Ok(())
}

#[rate_limit(name = "shop::search", per_second = 5, key = tenant)]
#[allow(dead_code)]
async fn search(tenant: &str) -> Result<(), Error> {
    Ok(())
}

#[rustfmt::skip]
#[allow(dead_code, reason = "compiled, not called")]
fn watched() -> Result<(), ConfigError> {
    let config = Config::new().file("resilience.toml").environment();
    let _watch = config.watch(|reloaded| match reloaded {       // or only once: config.apply()?
        Ok(applied) => println!("configured anew: {applied}"),
        Err(error) => eprintln!("the old configuration stays:\n{error}"),
    })?;
    Ok(())
}

/// The example in this language.
fn example(language: &str) -> &'static str {
    let readme = include_str!("../../README.md");
    let (_, section) = readme
        .split_once("## Configuration without a build\n")
        .unwrap();
    let (_, example) = section.split_once(&format!("```{language}\n")).unwrap();
    example.split_once("```").unwrap().0
}

/// Line by line without indentation.
fn lines(text: &str) -> String {
    text.lines()
        .map(|line| format!("{}\n", line.trim()))
        .collect()
}

#[test]
fn the_file_does_what_is_written_beside_it() {
    let applied = testing::isolated(async {
        File::of(example("toml")).config().apply().unwrap();
        let site = "cache_demo::client::call_get";
        let retry = layer(site, LayerKind::Retry);
        for (layer, knob, shown) in [
            (nth(site, LayerKind::Timeout, 0), "after", "2s by file"),
            (nth(site, LayerKind::Timeout, 1), "after", "250ms by file"),
            (retry, "count", "5 by file"),
            (retry, "delay", "100ms by file"),
            (retry.budget().unwrap(), "capacity", "20 by file"),
        ] {
            assert_eq!(stands(layer, knob), shown, "{knob}");
        }
        let breaker = layer(site, LayerKind::CircuitBreaker);
        assert_eq!(switched(breaker), (false, Origin::File));
        let limit = layer("shop::search", LayerKind::RateLimit);
        assert_eq!(
            shown(limit.settings_of("acme"), "per_second"),
            "500 by file"
        );
    });
    assert!(applied.now_or_never().is_some());
}

#[test]
fn the_variables_are_taken() {
    let variables = example("sh").lines().map(|line| {
        let variable = line.split_whitespace().next().unwrap();
        variable.split_once('=').unwrap()
    });
    let config = Config::new().environment_from(variables);
    let applied = testing::isolated(async { config.apply() });
    assert!(applied.now_or_never().unwrap().is_ok());
}

#[test]
fn the_mistakes_are_told_in_these_words() {
    let text = example("toml").replacen("count", "conut", 1);
    let text = text.replacen("circuit_breaker.enabled", "retri.enabled", 1);
    let file = File::of(text);
    let variables = [("RESILIENT__RETRY__DELAY", "5")];
    let error = file
        .config()
        .environment_from(variables)
        .apply()
        .unwrap_err();
    let shown: Vec<_> = example("text").lines().collect();
    assert_eq!(file.said(&error), shown);
}

#[test]
fn what_watches_it_compiles() {
    let (_, shown) = example("rust").split_once("\n\n").unwrap();
    assert!(lines(include_str!("config_readme.rs")).contains(&lines(shown)));
}
