//! The fallback of an annotated function.

use super::by_class;
use crate::clock;
use crate::error::PolicyError;
use crate::event::EventKind;
use crate::site::{Caller, Layer, LayerKind, NO_KNOBS, Site, Switch, Tuning};
use crate::stats;
use crate::verdict::{Cause, Failing};

/// The fallback of an annotated function.
#[derive(Debug)]
pub struct FallbackLayer {
    site: &'static Site,
    switch: Switch,
}

impl FallbackLayer {
    /// The layer; it has no settings.
    #[must_use]
    pub const fn new(site: &'static Site) -> Self {
        Self {
            site,
            switch: Switch::new(),
        }
    }

    /// Whether the fallback answers in place of `failure`: unless the service
    /// answered, and the caller was at fault.
    pub fn replaces<X: Failing>(&self, failure: &X) -> bool {
        self.used_if(cause_of(failure), || by_class(failure))
    }

    /// The same by the user's predicate, which sees a policy error converted.
    pub fn replaces_when<X: Failing>(
        &self,
        failure: &X,
        convert: impl FnOnce(PolicyError) -> X::Error,
        when: impl Fn(&X::Error) -> bool,
    ) -> bool {
        self.used_if(cause_of(failure), || {
            match (failure.error(), failure.policy()) {
                (Some(error), _) => when(error),
                (None, Some(policy)) => when(&convert(policy.clone())),
                (None, None) => false,
            }
        })
    }

    /// The same where no layer below can refuse, so that there is nothing to convert.
    pub fn replaces_own_when<X: Failing>(
        &self,
        failure: &X,
        when: impl Fn(&X::Error) -> bool,
    ) -> bool {
        self.used_if(cause_of(failure), || failure.error().is_some_and(when))
    }

    /// The same for values too.
    pub fn replaces_outcome<T, X: Failing>(
        &self,
        outcome: &Result<T, X>,
        on_error: impl FnOnce(&X) -> bool,
        when_ok: impl FnOnce(&T) -> bool,
    ) -> bool {
        match outcome {
            Err(failure) => on_error(failure),
            Ok(value) => self.used_if(None, || when_ok(value)),
        }
    }

    /// Takes note of its answer, for layers around it.
    #[inline]
    pub fn answered<T, E>(&self, answer: Result<T, E>) -> Result<T, E> {
        stats::answered(self.site, answer.is_ok());
        answer
    }

    fn used_if(&self, cause: Option<Cause>, wanted: impl FnOnce() -> bool) -> bool {
        let used = self.switch.is_on() && wanted();
        if used {
            // What the layers shared was read before the body was refused: the other
            // answer reads anew.
            clock::forget();
            Caller::Site(self.site).emit(|| EventKind::FallbackUsed { cause });
        }
        used
    }
}

fn cause_of(failure: &impl Failing) -> Option<Cause> {
    Some(failure.verdict().cause)
}

impl Layer for FallbackLayer {
    fn kind(&self) -> LayerKind {
        LayerKind::Fallback
    }

    fn switch(&self) -> &Switch {
        &self.switch
    }

    fn tuning(&self) -> Option<&dyn Tuning> {
        Some(&NO_KNOBS)
    }
}
