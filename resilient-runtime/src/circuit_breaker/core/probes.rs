//! The books of a half-open breaker.

use std::collections::VecDeque;
use std::num::NonZeroU64;

use super::time::Nanos;

/// Who probes, how many probes have succeeded, and how often it had to be opened again.
#[derive(Debug)]
pub(super) struct Probes {
    /// The number of the last probe, over all periods.
    last: u64,
    /// Probes under way, in the order of their numbers.
    under_way: VecDeque<Lease>,
    succeeded: u32,
    reopened: u32,
}

#[derive(Debug)]
struct Lease {
    probe: NonZeroU64,
    until: Nanos,
}

impl Probes {
    pub(super) const fn new() -> Self {
        Probes {
            last: 0,
            under_way: VecDeque::new(),
            succeeded: 0,
            reopened: 0,
        }
    }

    /// For a new period. How often it was reopened stays: that ends with [`close`](Self::close).
    pub(super) fn clear(&mut self) {
        self.under_way.clear();
        self.succeeded = 0;
    }

    pub(super) fn close(&mut self) {
        self.reopened = 0;
    }

    pub(super) fn reopen(&mut self) {
        self.reopened = self.reopened.saturating_add(1);
    }

    pub(super) fn reopened(&self) -> u32 {
        self.reopened
    }

    /// A place until `lease`, if there is one; probes whose lease has run out make room first.
    pub(super) fn take_place(
        &mut self,
        places: u32,
        now: Nanos,
        lease: Nanos,
    ) -> Option<NonZeroU64> {
        self.under_way.retain(|held| now < held.until);
        if self.is_full(places) {
            return None;
        }
        let probe = NonZeroU64::MIN.saturating_add(self.last);
        self.last = probe.get();
        self.under_way.push_back(Lease {
            probe,
            until: lease,
        });
        Some(probe)
    }

    /// Gives a probe's place back. False if it had lost it: then its result is void.
    pub(super) fn give_back(&mut self, probe: NonZeroU64, now: Nanos) -> bool {
        let found = self
            .under_way
            .binary_search_by_key(&probe, |held| held.probe);
        found
            .ok()
            .and_then(|i| self.under_way.remove(i))
            .is_some_and(|held| now < held.until)
    }

    /// Counts a success; true if it was the last that was needed.
    pub(super) fn succeed(&mut self, needed: u32) -> bool {
        self.succeeded = self.succeeded.saturating_add(1);
        self.succeeded >= needed
    }

    /// Until when nobody needs to ask for a place, unless a probe reports before.
    pub(super) fn barred_until(&self, places: u32) -> Nanos {
        if self.is_full(places) {
            self.under_way
                .iter()
                .map(|held| held.until)
                .min()
                .unwrap_or(0)
        } else {
            0
        }
    }

    /// A success keeps its place. With no probe under way there is always room, even if there
    /// are fewer places than before: or nobody would ever close it.
    fn is_full(&self, places: u32) -> bool {
        let taken = self.under_way.len().saturating_add(self.succeeded as usize);
        !self.under_way.is_empty() && taken >= places as usize
    }
}
