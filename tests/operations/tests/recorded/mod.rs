//! A recorder that keeps what it is told.

// Each test binary takes what it needs.
#![allow(dead_code)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit, with_local_recorder,
};
use resilient_runtime::metrics::publish;
use resilient_runtime::registry;

/// What it was told of one series.
#[derive(Debug, Default)]
pub(crate) struct Series {
    pub(crate) labels: BTreeMap<String, String>,
    counter: Mutex<u64>,
    gauge: Mutex<f64>,
    histogram: Mutex<Vec<(f64, u64)>>,
}

impl CounterFn for Series {
    fn increment(&self, _: u64) {
        unreachable!("what counts itself tells how far it is");
    }

    fn absolute(&self, value: u64) {
        let mut counter = self.counter.lock().unwrap();
        *counter = value.max(*counter);
    }
}

impl GaugeFn for Series {
    fn increment(&self, _: f64) {
        unreachable!("a gauge is set");
    }

    fn decrement(&self, _: f64) {
        unreachable!("a gauge is set");
    }

    fn set(&self, value: f64) {
        *self.gauge.lock().unwrap() = value;
    }
}

impl HistogramFn for Series {
    fn record(&self, value: f64) {
        self.record_many(value, 1);
    }

    fn record_many(&self, value: f64, count: usize) {
        self.histogram.lock().unwrap().push((value, count as u64));
    }
}

#[derive(Debug)]
pub(crate) struct Described {
    pub(crate) kind: &'static str,
    pub(crate) unit: Option<Unit>,
    pub(crate) help: String,
}

#[derive(Debug, Default)]
pub(crate) struct Recorded {
    described: Mutex<BTreeMap<String, Described>>,
    series: Mutex<BTreeMap<String, Arc<Series>>>,
}

impl Recorded {
    /// From now on calls are counted.
    pub(crate) fn new() -> Self {
        registry().measure();
        Self::default()
    }

    /// Publishes to it.
    pub(crate) fn publish(&self) {
        with_local_recorder(self, publish);
    }

    pub(crate) fn counter(&self, series: &str) -> u64 {
        *self.series(series).counter.lock().unwrap()
    }

    pub(crate) fn gauge(&self, series: &str) -> f64 {
        *self.series(series).gauge.lock().unwrap()
    }

    /// The times that it was told, each with how often.
    pub(crate) fn times(&self, series: &str) -> Vec<(f64, u64)> {
        self.series(series).histogram.lock().unwrap().clone()
    }

    /// How many times it was told, and how long they are together.
    pub(crate) fn timed(&self, series: &str) -> (u64, f64) {
        let times = self.times(series);
        let sum = times.iter().map(|(value, count)| value * *count as f64);
        (times.iter().map(|(_, count)| count).sum(), sum.sum())
    }

    /// The counters of a metric of a function that are not zero: the values of their other labels, and the count.
    pub(crate) fn counted(&self, metric: &str, function: &str) -> Vec<(String, u64)> {
        let series = self.series.lock().unwrap();
        let of_function = series.iter().filter(|(name, series)| {
            name.split('{').next() == Some(metric) && series.labels["function"] == function
        });
        let counted = of_function.map(|(_, series)| {
            let others = series
                .labels
                .iter()
                .filter(|(label, _)| *label != "function");
            let values: Vec<_> = others.map(|(_, value)| value.as_str()).collect();
            (values.join(" "), *series.counter.lock().unwrap())
        });
        counted.filter(|(_, count)| *count > 0).collect()
    }

    /// The series of a function, without that label.
    pub(crate) fn of(&self, function: &str) -> Vec<String> {
        let series = self.series.lock().unwrap();
        let of_function = series.iter().filter(|(_, series)| {
            series
                .labels
                .get("function")
                .is_some_and(|name| name == function)
        });
        let others = of_function.map(|(name, series)| {
            let mut labels = series.labels.clone();
            labels.remove("function");
            named(name.split('{').next().unwrap_or_default(), &labels)
        });
        others.collect()
    }

    /// Every metric that was told, its labels and their values.
    pub(crate) fn labels(&self) -> BTreeMap<String, BTreeMap<String, BTreeSet<String>>> {
        let mut metrics: BTreeMap<_, BTreeMap<_, BTreeSet<_>>> = BTreeMap::new();
        for (name, series) in &*self.series.lock().unwrap() {
            let metric = name.split('{').next().unwrap_or_default();
            let labels = metrics.entry(metric.to_owned()).or_default();
            for (label, value) in &series.labels {
                labels
                    .entry(label.clone())
                    .or_default()
                    .insert(value.clone());
            }
        }
        metrics
    }

    pub(crate) fn described<R>(&self, with: impl FnOnce(&BTreeMap<String, Described>) -> R) -> R {
        with(&self.described.lock().unwrap())
    }

    fn series(&self, name: &str) -> Arc<Series> {
        let series = self.series.lock().unwrap();
        let found = series.get(name).cloned();
        found.unwrap_or_else(|| panic!("no series {name}"))
    }

    fn describe(&self, key: &KeyName, kind: &'static str, unit: Option<Unit>, help: &str) {
        let help = help.to_owned();
        let described = Described { kind, unit, help };
        self.described
            .lock()
            .unwrap()
            .insert(key.as_str().to_owned(), described);
    }

    fn register(&self, key: &Key, kind: &'static str) -> Arc<Series> {
        let described = self.described.lock().unwrap();
        assert_eq!(
            described[key.name()].kind,
            kind,
            "{} is described",
            key.name()
        );
        let label = |label: &metrics::Label| (label.key().to_owned(), label.value().to_owned());
        let labels: BTreeMap<_, _> = key.labels().map(label).collect();
        let name = named(key.name(), &labels);
        let mut series = self.series.lock().unwrap();
        let fresh = || {
            Arc::new(Series {
                labels,
                ..Series::default()
            })
        };
        Arc::clone(series.entry(name).or_insert_with(fresh))
    }
}

/// As Prometheus writes it.
fn named(metric: &str, labels: &BTreeMap<String, String>) -> String {
    let labels = labels
        .iter()
        .map(|(label, value)| format!("{label}=\"{value}\""));
    match labels.collect::<Vec<_>>() {
        labels if labels.is_empty() => metric.to_owned(),
        labels => format!("{metric}{{{}}}", labels.join(",")),
    }
}

impl Recorder for Recorded {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, help: SharedString) {
        self.describe(&key, "counter", unit, &help);
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, help: SharedString) {
        self.describe(&key, "gauge", unit, &help);
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<Unit>, help: SharedString) {
        self.describe(&key, "histogram", unit, &help);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.register(key, "counter"))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.register(key, "gauge"))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.register(key, "histogram"))
    }
}
