//! Mistakes, gathered: the user sees all of them at once, each at its own place.

use std::fmt::Display;

use proc_macro2::Span;
use quote::ToTokens;

#[derive(Default)]
pub(crate) struct Errors {
    all: Option<syn::Error>,
    /// The method of which all is said, where the attribute stands on its `impl`.
    method: Option<String>,
}

impl Errors {
    /// Mistakes that a stack of an `impl` makes on one of its methods, which they name.
    pub(crate) const fn on_method(method: String) -> Self {
        Self {
            all: None,
            method: Some(method),
        }
    }

    /// A mistake that covers all of `tokens`.
    pub(crate) fn over(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.push(syn::Error::new_spanned(tokens, self.placed(message)));
    }

    pub(crate) fn at(&mut self, span: Span, message: impl Display) {
        self.push(syn::Error::new(span, self.placed(message)));
    }

    fn placed(&self, message: impl Display) -> String {
        match &self.method {
            Some(method) => format!(
                "on the method `{method}`: {message} (or take it out of the stack of its `impl` by `#[resilient(skip)]`)"
            ),
            None => message.to_string(),
        }
    }

    pub(crate) fn push(&mut self, error: syn::Error) {
        match &mut self.all {
            Some(all) => all.combine(error),
            None => self.all = Some(error),
        }
    }

    pub(crate) fn finish(self) -> Option<syn::Error> {
        self.all
    }
}
