//! What is asked for during a poll, and by whom.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::mem::take;
use std::sync::{Arc, Weak};

use super::Places;

thread_local! {
    /// How many layers with a place are polling, one inside the other.
    static AROUND: Cell<usize> = const { Cell::new(0) };
    /// Moves with each request: unmoved over a poll, there was none.
    static ASKED: Cell<usize> = const { Cell::new(0) };
    /// The requests since the outermost of these layers began its poll.
    static REQUESTS: RefCell<Vec<Weak<Places>>> = const { RefCell::new(Vec::new()) };
}

/// Asks the layers around for their places. `None` if there are none.
pub(super) fn ask() -> Option<Arc<Places>> {
    if AROUND.get() == 0 {
        return None;
    }
    let places = Arc::new(Places::default());
    REQUESTS.with_borrow_mut(|requests| requests.push(Arc::downgrade(&places)));
    ASKED.set(ASKED.get().wrapping_add(1));
    Some(places)
}

/// To whom a layer hands its place when its call is over.
#[derive(Debug, Default)]
// Boxed: most calls have none, and all of them would be larger.
#[allow(clippy::box_collection)]
pub(crate) struct Carriers(Option<Box<Vec<Weak<Places>>>>);

impl Carriers {
    pub(crate) const fn new() -> Self {
        Self(None)
    }

    /// What the layer wraps is polled until the guard is dropped. Whoever asks meanwhile is remembered, also if it panics.
    #[inline(always)]
    pub(crate) fn poll(&mut self) -> Carrying<'_> {
        AROUND.set(AROUND.get() + 1);
        Carrying {
            before: ASKED.get(),
            carriers: self,
        }
    }

    /// Whether anybody has asked.
    #[inline(always)]
    pub(crate) fn are_some(&self) -> bool {
        self.0.is_some()
    }

    /// Hands the place over, when the call is over and what it wrapped is gone. It is
    /// asked for only if somebody still lives who wants it.
    pub(crate) fn hand_over<P>(&mut self, place: impl FnOnce() -> Option<P>)
    where
        P: Send + Sync + 'static,
    {
        let Some(carriers) = self.0.take() else {
            return;
        };
        let living: Vec<_> = carriers.iter().filter_map(Weak::upgrade).collect();
        if living.is_empty() {
            return;
        }
        let Some(place) = place() else {
            return;
        };
        let place: Arc<dyn Any + Send + Sync> = Arc::new(place);
        for carrier in living {
            carrier.keep(Arc::clone(&place));
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |carriers| carriers.len())
    }

    fn remember(&mut self, requests: &[Weak<Places>]) {
        let carriers = self.0.get_or_insert_default();
        carriers.retain(|carrier| carrier.strong_count() > 0);
        carriers.extend_from_slice(requests);
    }
}

/// While this lives, requests reach the layer.
#[must_use]
pub(crate) struct Carrying<'a> {
    before: usize,
    carriers: &'a mut Carriers,
}

impl Drop for Carrying<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        let around = AROUND.get() - 1;
        AROUND.set(around);
        let asked = ASKED.get().wrapping_sub(self.before);
        if asked != 0 {
            // By value, lest what has them has to lie in memory for those that nobody asks for, too.
            *self.carriers = collect(take(self.carriers), asked, around == 0);
        }
    }
}

/// Layers further out see the same requests; behind the outermost they are forgotten.
#[cold]
fn collect(mut carriers: Carriers, asked: usize, outermost: bool) -> Carriers {
    REQUESTS.with_borrow_mut(|requests| {
        let first = requests.len().saturating_sub(asked);
        carriers.remember(&requests[first..]);
        if outermost {
            requests.clear();
        }
    });
    carriers
}

#[cfg(test)]
pub(super) fn nothing_noted() -> bool {
    REQUESTS.with_borrow(Vec::is_empty)
}
