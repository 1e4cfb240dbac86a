//! What the tests of the statistics share.

use std::time::Duration;

use resilient_runtime::{Count, Site, SiteStats, Timing, registry};

/// A site, and how its books stood.
pub(crate) struct Watched {
    site: &'static Site,
    before: SiteStats,
}

/// From here on, what is decided at the annotated function of this name.
pub(crate) fn watch(name: &str) -> Watched {
    registry().measure();
    let site = registry().site(name).expect("it is annotated");
    Watched {
        site,
        before: site.stats(),
    }
}

impl Watched {
    pub(crate) fn now(&self) -> SiteStats {
        self.site.stats()
    }

    /// What has moved since it was asked last, and by how much.
    pub(crate) fn counts(&mut self) -> Vec<(Count, u64)> {
        let before = std::mem::replace(&mut self.before, self.site.stats());
        let moved = |&count: &Count| (count, self.before.count(count) - before.count(count));
        let moved = Count::ALL.iter().map(moved);
        moved.filter(|(_, by)| *by > 0).collect()
    }

    /// What was timed since it was asked for counts last: how often, and how long in all.
    pub(crate) fn times(&self) -> Vec<(Timing, u64, Duration)> {
        let now = self.site.stats();
        let timed = |&timing: &Timing| {
            let since = now.latencies(timing).since(self.before.latencies(timing));
            (timing, since.count(), since.sum())
        };
        let timed = Timing::ALL.iter().map(timed);
        timed.filter(|(_, count, _)| *count > 0).collect()
    }
}
