//! Series with the labels that they have in common.

use ::metrics::{Histogram, Key, Label, Level, Metadata, Recorder, SharedString};

use super::names::Metric;

const METADATA: Metadata<'static> =
    Metadata::new(module_path!(), Level::INFO, Some(module_path!()));

pub(super) type Labels = &'static [(&'static str, &'static str)];

pub(super) struct Series<'a> {
    recorder: &'a dyn Recorder,
    labels: Vec<Label>,
}

impl<'a> Series<'a> {
    pub(super) fn new(recorder: &'a dyn Recorder) -> Self {
        Self {
            recorder,
            labels: Vec::new(),
        }
    }

    /// Those that have one more label.
    pub(super) fn with(&self, label: &'static str, value: impl Into<SharedString>) -> Self {
        let mut labels = self.labels.clone();
        labels.push(Label::new(label, value));
        Self { labels, ..*self }
    }

    pub(super) fn count(&self, metric: Metric, labels: Labels, value: u64) {
        let counter = self
            .recorder
            .register_counter(&self.key(metric, labels), &METADATA);
        counter.absolute(value);
    }

    pub(super) fn set(&self, metric: Metric, labels: Labels, value: impl Into<f64>) {
        let gauge = self
            .recorder
            .register_gauge(&self.key(metric, labels), &METADATA);
        gauge.set(value.into());
    }

    pub(super) fn histogram(&self, metric: Metric) -> Histogram {
        self.recorder
            .register_histogram(&self.key(metric, &[]), &METADATA)
    }

    fn key(&self, metric: Metric, labels: Labels) -> Key {
        let more = labels
            .iter()
            .map(|(label, value)| Label::from_static_parts(label, value));
        let labels: Vec<_> = self.labels.iter().cloned().chain(more).collect();
        Key::from_parts(metric.name, labels)
    }
}
