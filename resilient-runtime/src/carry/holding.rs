//! The places of a call under way.

use super::Carriers;
use crate::gate::{Gated, Place};
use crate::site::{Entry, Lasting, Stateful, Way};

/// The places of a call under way. When it is over they go to whoever the body gave them
/// to, or back.
pub(crate) struct Holding<'a, S: Stateful>
where
    Entry<'a, S>: Gated,
    Lasting<S>: Gated,
{
    place: Option<Place<Entry<'a, S>>>,
    way: Way<'a, S>,
    carriers: Carriers,
}

impl<'a, S: Stateful> Holding<'a, S>
where
    Entry<'a, S>: Gated,
    Lasting<S>: Gated,
{
    /// What was taken by going that `way`.
    #[inline]
    pub(crate) fn new(place: Place<Entry<'a, S>>, way: Way<'a, S>) -> Self {
        Self {
            place: Some(place),
            way,
            carriers: Carriers::new(),
        }
    }

    /// By what they were taken.
    #[inline]
    pub(crate) fn entry(&self) -> Option<&Entry<'a, S>> {
        self.place.as_ref().map(Place::gated)
    }

    /// Polls what has the places, which may ask to take them along.
    #[inline]
    pub(crate) fn poll<T>(&mut self, poll: impl FnOnce() -> T) -> T {
        self.carriers.poll(poll)
    }
}

impl<'a, S: Stateful> Drop for Holding<'a, S>
where
    Entry<'a, S>: Gated,
    Lasting<S>: Gated,
{
    #[inline]
    fn drop(&mut self) {
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
}
