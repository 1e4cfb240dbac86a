//! What the page is told, as JSON.

use serde::Serialize;

use super::history::{History, Point};
use super::layers::{LayerView, views};
use super::log::Line;
use crate::{Count, Site, registry};

#[derive(Debug, Serialize)]
pub(super) struct Told<'a> {
    /// In seconds since 1970.
    pub(super) at: u64,
    enabled: bool,
    enabled_by: &'static str,
    pub(super) sites: Vec<SiteView>,
    pub(super) events: &'a [Line],
    /// Whether whoever asked may act; where it is not told, that has not changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) may_act: Option<bool>,
}

#[derive(Debug, Serialize)]
pub(super) struct SiteView {
    id: usize,
    name: &'static str,
    file: &'static str,
    line: u32,
    layers: Vec<LayerView>,
    in_flight: u64,
    /// All that ended.
    calls: u64,
    /// In milliseconds, over the last ten seconds.
    p50: Option<f64>,
    p99: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<Vec<Point>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    point: Option<Point>,
}

impl<'a> Told<'a> {
    pub(super) fn new(at: u64, sites: Vec<SiteView>, events: &'a [Line]) -> Self {
        let registry = registry();
        Self {
            at,
            enabled: registry.is_enabled(),
            enabled_by: registry.enabled_by().as_str(),
            sites,
            events,
            may_act: None,
        }
    }
}

impl SiteView {
    /// Without its history.
    pub(super) fn new(id: usize, site: &'static Site, history: &History) -> Self {
        let stats = history.stats();
        let ended = [
            Count::CallSucceeded,
            Count::CallFailed,
            Count::CallDropped,
            Count::CallPanicked,
        ];
        Self {
            id,
            name: site.name(),
            file: site.file(),
            line: site.line(),
            layers: views(site, stats),
            in_flight: stats.in_flight(),
            calls: ended.iter().map(|end| stats.count(*end)).sum(),
            p50: history.quantile(0.5),
            p99: history.quantile(0.99),
            history: None,
            point: None,
        }
    }

    pub(super) fn with_history(mut self, history: &History) -> Self {
        self.history = Some(history.points());
        self
    }

    pub(super) fn with_point(mut self, point: Point) -> Self {
        self.point = Some(point);
        self
    }
}
