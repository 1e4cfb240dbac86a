//! The way in: a place at once, or after a wait, or none.

use std::task::Context;

use super::Bulkhead;
use crate::error::{PolicyError, PolicyErrorKind};
use crate::gate::{self, Account, Entering, Gate, Gated, Place, Queueing};
use crate::site::{Ask, Caller, Entry, Lasting};
use crate::stats::{Count, Timing};

/// Places in a bulkhead, for one call.
pub(super) type Places<'a> = Place<Entry<'a, Bulkhead>>;

impl Gated for Entry<'_, Bulkhead> {
    #[inline(always)]
    fn gate(&self) -> &Gate {
        &self.core
    }

    #[inline(always)]
    fn limit(&self) -> u32 {
        self.settings(|settings| settings.max_concurrent)
    }

    #[inline(always)]
    fn account(&self) -> Account {
        account(self.caller())
    }
}

impl Gated for Lasting<Bulkhead> {
    fn gate(&self) -> &Gate {
        self.core()
    }

    fn limit(&self) -> u32 {
        self.settings(|settings| settings.max_concurrent)
    }

    fn account(&self) -> Account {
        account(self.caller)
    }
}

#[inline]
pub(super) const fn account(caller: Caller) -> Account {
    Account {
        caller,
        admitted: Count::BulkheadAdmitted,
        waited: Timing::BulkheadWait,
        held: Timing::BulkheadHeld,
    }
}

/// For a call that did not get its places at once.
#[cold]
pub(super) fn queue<'a>(
    entry: Entry<'a, Bulkhead>,
    ask: Ask,
    cx: &mut Context<'_>,
) -> Entering<Entry<'a, Bulkhead>> {
    let queueing = entry.settings(|settings| Queueing {
        max_queue: settings.max_queue,
        max_wait: ask.max_wait().or(settings.max_wait),
    });
    gate::queue(entry, ask.cost, queueing, cx)
}

#[cold]
#[inline(never)]
pub(super) fn refusal(entry: Entry<'_, Bulkhead>) -> PolicyError {
    entry.refuse(PolicyErrorKind::BulkheadFull)
}
