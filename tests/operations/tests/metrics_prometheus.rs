//! The metrics as Prometheus reads them, through the exporter that most use.

#[path = "../../behaviour/common/mod.rs"]
mod common;

use std::collections::BTreeSet;
use std::time::Duration;

use common::{Error, ms};
use metrics::with_local_recorder;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusRecorder};
use resilient_runtime::metrics::{BUCKETS, publish};
use resilient_runtime::{circuit_breaker, fallback, registry, retry, testing, timeout};
use tokio::time::sleep;

type Outcome = Result<u32, Error>;

#[fallback(value = Ok(0), name = "shop::get")]
#[retry(count = 2, delay_ms = 0, jitter = "none")]
#[timeout("500ms")]
#[circuit_breaker(consecutive_failures = 4)]
async fn get(took: Duration, outcome: Outcome) -> Outcome {
    sleep(took).await;
    outcome.clone()
}

/// The lines of the text, as they come of a publication.
fn scrape(recorder: &PrometheusRecorder) -> BTreeSet<String> {
    with_local_recorder(recorder, publish);
    recorder
        .handle()
        .render()
        .lines()
        .map(str::to_owned)
        .collect()
}

async fn an_outage() {
    for _ in 0..3 {
        let _ = get(ms(64), Ok(1)).await;
    }
    // Four attempts, and the breaker opens: the third call is refused.
    for _ in 0..3 {
        let _ = get(ms(200), Err(Error::Transient)).await;
    }
}

fn has(lines: &BTreeSet<String>, expected: &str) {
    for line in expected
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
    {
        let of_name: Vec<_> = lines
            .iter()
            .filter(|other| other.split(['{', ' ']).next() == line.split(['{', ' ']).next())
            .collect();
        assert!(lines.contains(line), "{line}, but {of_name:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn with_our_buckets_it_reads_counts_states_and_exact_histograms() {
    testing::isolated(async {
        registry().measure();
        let ours = Matcher::Prefix("resilient_".to_owned());
        let builder = PrometheusBuilder::new().set_buckets_for_metric(ours, &BUCKETS);
        let recorder = builder.unwrap().build_recorder();
        let lines = scrape(&recorder);
        has(
            &lines,
            r#"
            # HELP resilient_calls_total Calls that ended.
            # TYPE resilient_calls_total counter
            resilient_calls_total{function="shop::get",fallback="applied",result="failure"} 0
            resilient_call_duration_seconds_count{function="shop::get"} 0
            resilient_enabled 1
            "#,
        );
        an_outage().await;
        let lines = scrape(&recorder);
        has(
            &lines,
            r#"
            resilient_calls_total{function="shop::get",fallback="not_applied",result="success"} 3
            resilient_calls_total{function="shop::get",fallback="applied",result="success"} 3
            resilient_retry_calls_total{function="shop::get",result="exhausted",retried="true"} 2
            resilient_retry_calls_total{function="shop::get",result="not_retried",retried="false"} 1
            resilient_circuit_breaker_calls_total{function="shop::get",result="failure"} 4
            resilient_circuit_breaker_calls_total{function="shop::get",result="refused"} 1
            resilient_circuit_breaker_changes_total{function="shop::get",change="opened"} 1
            resilient_circuit_breaker_state{function="shop::get",layer="circuit_breaker",state="open"} 1
            resilient_circuit_breaker_state{function="shop::get",layer="circuit_breaker",state="closed"} 0
            # TYPE resilient_call_duration_seconds histogram
            resilient_call_duration_seconds_bucket{function="shop::get",le="0.065536"} 4
            resilient_call_duration_seconds_bucket{function="shop::get",le="0.262144"} 4
            resilient_call_duration_seconds_bucket{function="shop::get",le="0.524288"} 6
            resilient_call_duration_seconds_bucket{function="shop::get",le="+Inf"} 6
            resilient_call_duration_seconds_count{function="shop::get"} 6
            resilient_timeout_limit_seconds{function="shop::get",layer="timeout"} 0.5
            "#,
        );
        let sum = r#"resilient_call_duration_seconds_sum{function="shop::get"} "#;
        let sum = lines.iter().find_map(|line| line.strip_prefix(sum)).unwrap();
        assert!((sum.parse::<f64>().unwrap() - 0.992).abs() < 1e-6, "{sum}");
        // Nothing more happens, and nothing more is told.
        assert_eq!(scrape(&recorder), lines);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn without_buckets_it_reads_a_summary_and_the_recommended_naming_changes_no_name() {
    testing::isolated(async {
        registry().measure();
        let builder = PrometheusBuilder::new();
        let plain = builder.build_recorder();
        let naming = PrometheusBuilder::new().with_recommended_naming(true);
        let renamed = naming.build_recorder();
        an_outage().await;
        let lines = scrape(&plain);
        has(
            &lines,
            r#"
            # TYPE resilient_call_duration_seconds summary
            resilient_call_duration_seconds_count{function="shop::get"} 6
            "#,
        );
        let names = |lines: BTreeSet<String>| -> BTreeSet<String> {
            let types = lines.into_iter().filter(|line| line.starts_with("# TYPE"));
            types.collect()
        };
        assert_eq!(names(scrape(&renamed)), names(lines));
    })
    .await;
}
