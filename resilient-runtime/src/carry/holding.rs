//! The places of a call under way.

use super::{Carriers, Carrying};
use crate::gate::{Gated, Place};
use crate::site::{Entry, Lasting, Stateful, Way};

/// The places of a call under way. When it is over they go to whoever the body gave them
/// to, or back.
pub(crate) struct Holding<'a, S: Stateful, W: Way<'a, S>>
where
    Entry<'a, S>: Gated,
    Lasting<S>: Gated,
{
    place: Option<Place<Entry<'a, S>>>,
    way: W,
    carriers: Carriers,
}

impl<'a, S: Stateful, W: Way<'a, S>> Holding<'a, S, W>
where
    Entry<'a, S>: Gated,
    Lasting<S>: Gated,
{
    /// What was taken by going that `way`.
    #[inline(always)]
    pub(crate) fn new(place: Place<Entry<'a, S>>, way: W) -> Self {
        Self {
            place: Some(place),
            way,
            carriers: Carriers::new(),
        }
    }

    /// By what they were taken.
    #[inline(always)]
    pub(crate) fn entry(&self) -> Option<&Entry<'a, S>> {
        self.place.as_ref().map(Place::gated)
    }

    /// What a drop does. There is nothing left to be dropped then.
    #[inline(always)]
    pub(crate) fn release(&mut self) {
        if self.carriers.are_some() {
            self.hand_over();
        }
        drop(self.place.take());
    }

    #[cold]
    fn hand_over(&mut self) {
        let Self {
            place,
            way,
            carriers,
        } = self;
        carriers.hand_over(|| {
            let lasting = way.lasting()?;
            // In a test's world of its own the state may be another by now.
            let same = |place: &mut Place<Entry<'a, S>>| {
                std::ptr::eq(place.gated().gate(), lasting.gate())
            };
            let place = place.take_if(same)?;
            Some(place.held_by(lasting))
        });
    }

    /// Until the guard is dropped, what has the places is polled, and may ask to take them along.
    #[inline(always)]
    pub(crate) fn poll(&mut self) -> Carrying<'_> {
        self.carriers.poll()
    }
}

impl<'a, S: Stateful, W: Way<'a, S>> Drop for Holding<'a, S, W>
where
    Entry<'a, S>: Gated,
    Lasting<S>: Gated,
{
    #[inline(always)]
    fn drop(&mut self) {
        self.release();
    }
}
