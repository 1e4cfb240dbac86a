//! Whose budget a retry keeps to.

use std::fmt;

use super::RetryBudget;
use crate::clock;
use crate::site::{Asked, Entry, Handle, StateLayer, Stateful, Way};

/// The budget that the attempts of one call keep to: made of a `&RetryBudget`, or of what
/// [`Keyed::get`](crate::Keyed::get) gives for one key.
#[derive(Clone, Copy)]
pub struct Within<'a>(Whose<'a>);

#[derive(Clone, Copy)]
enum Whose<'a> {
    Nobodys,
    ByHand(&'a RetryBudget),
    Layer(&'static StateLayer<RetryBudget>),
    Handle(&'a Handle<'a, RetryBudget>),
}

impl<'a> Within<'a> {
    /// None at all.
    pub(crate) const NOTHING: Self = Self(Whose::Nobodys);

    /// Of a layer, or none.
    #[inline]
    pub(crate) fn of(layer: Option<&'static StateLayer<RetryBudget>>) -> Self {
        layer.map_or(Self::NOTHING, |layer| Self(Whose::Layer(layer)))
    }

    /// `None` where there is no budget, or its layer is switched off.
    #[inline(always)]
    fn entry(self) -> Option<Entry<'a, RetryBudget>> {
        match self.0 {
            Whose::Nobodys => None,
            Whose::ByHand(budget) => budget.entry(),
            Whose::Layer(layer) => layer.entry(),
            Whose::Handle(handle) => Way::entry(handle),
        }
    }

    /// A success is worth something.
    #[inline]
    pub(crate) fn earn(self) {
        if let Some(entry) = self.entry() {
            RetryBudget::earn(&entry);
        }
    }

    /// Whether there is a retry to be had; without a budget there always is.
    pub(crate) fn withdraw(self) -> bool {
        let entry = self.entry();
        entry.is_none_or(|entry| RetryBudget::withdraw(&entry, clock::now()))
    }

    /// What was withdrawn was not used.
    pub(crate) fn put_back(self) {
        if let Some(entry) = self.entry() {
            entry.core.put_back();
        }
    }
}

impl<'a> From<&'a RetryBudget> for Within<'a> {
    fn from(budget: &'a RetryBudget) -> Self {
        Self(Whose::ByHand(budget))
    }
}

impl<'a> From<&'a Handle<'a, RetryBudget>> for Within<'a> {
    fn from(budget: &'a Handle<'a, RetryBudget>) -> Self {
        Self(Whose::Handle(budget))
    }
}

impl<'a> From<&'a Asked<'a, RetryBudget>> for Within<'a> {
    fn from(budget: &'a Asked<'a, RetryBudget>) -> Self {
        budget.handle().map_or(Self::NOTHING, Self::from)
    }
}

impl fmt::Debug for Within<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entry = self.entry();
        f.debug_tuple("Within")
            .field(&entry.map(|entry| entry.state.caller()))
            .finish()
    }
}

impl Handle<'_, RetryBudget> {
    /// Takes a retry out, as [`RetryBudget::try_withdraw`] does.
    #[must_use]
    pub fn try_withdraw(&self) -> bool {
        RetryBudget::withdraw(&self.entry(), clock::now())
    }

    /// Puts a retry back that was taken out and not made.
    pub fn put_back(&self) {
        self.entry().core.put_back();
    }

    /// Puts in what a success earns.
    pub fn deposit(&self) {
        RetryBudget::earn(&self.entry());
    }

    /// How many retries there are.
    #[must_use]
    pub fn tokens(&self) -> f64 {
        RetryBudget::count(&self.entry(), clock::now())
    }
}
