//! What a kind of state is called, to a person and in the code.

use proc_macro2::{Ident, Span};
use quote::format_ident;

pub(crate) struct Names {
    /// What its state is to a person.
    pub(crate) noun: &'static str,
    /// What its layer is called in the runtime, and its state.
    pub(in crate::policy) layer: &'static str,
    pub(in crate::policy) state: &'static str,
    /// The knob that names one which is there already.
    pub(crate) knob: &'static str,
    /// Which part of its layer it is, where that is more than its state.
    pub(in crate::policy) part: Option<&'static str>,
    /// Whether the state of an `impl` is one for all its methods, unless `scope` says otherwise.
    pub(in crate::policy) of_impl: bool,
}

impl Names {
    pub(in crate::policy) const fn new(
        noun: &'static str,
        layer: &'static str,
        state: &'static str,
    ) -> Self {
        Self {
            noun,
            layer,
            state,
            knob: "state",
            part: None,
            of_impl: true,
        }
    }

    /// What the layer calls the look-up of its state: `over`, or `budget_over`.
    pub(super) fn method(&self, name: &str) -> Ident {
        let at = Span::mixed_site();
        match self.part {
            None => Ident::new(name, at),
            Some(part) => format_ident!("{part}_{name}", span = at),
        }
    }

    /// What the code calls the state: `breaker`, or `retry_budget`.
    pub(in crate::policy) fn local(&self, layer: &Ident) -> Ident {
        match self.part {
            None => layer.clone(),
            Some(part) => format_ident!("{layer}_{part}", span = layer.span()),
        }
    }
}
