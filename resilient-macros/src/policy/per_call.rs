//! Settings of which some are literals, written into the static, and the others are worked out by
//! each call.
//!
//! ```text
//! static __RESILIENT_FAULT: FaultLayer = FaultLayer::new(&__RESILIENT_SITE, SETTINGS).per_call(&["latency"]);
//! let fault_settings = fault.code().latency(self.lag);
//! ```

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote_spanned};
use syn::Expr;

use super::Declaration;
use crate::tokens::moved;
use crate::value::{Setting, ToValue, call};

/// A knob as the settings take it.
pub(super) struct Written {
    pub(super) name: &'static str,
    /// Whether it is known while compiling.
    pub(super) now: bool,
    pub(super) value: TokenStream,
}

pub(super) fn written<T: Copy + ToValue>(
    name: &'static str,
    setting: &Option<Setting<T>>,
) -> Option<Written> {
    let setting = setting.as_ref()?;
    Some(Written {
        name,
        now: setting.is_literal(),
        value: setting.to_token_stream(),
    })
}

pub(super) struct Settings {
    /// What they are called in the runtime, and their layer.
    pub(super) name: &'static str,
    pub(super) layer: &'static str,
    pub(super) knobs: Vec<Written>,
}

impl Settings {
    pub(super) fn declare(&self, policy: Option<&Expr>, site: &Ident) -> Declaration {
        let at = Span::mixed_site();
        let name = Ident::new(self.name, at);
        let mut settings = match policy {
            Some(policy) => policy.to_token_stream(),
            None => quote_spanned!(at=> __resilient::#name::new()),
        };
        for knob in self.knobs.iter().filter(|knob| knob.now) {
            settings.extend(call(knob.name, &knob.value));
        }
        let names: Vec<&str> = self.later().map(|knob| knob.name).collect();
        let per_call = (!names.is_empty()).then(|| quote_spanned!(at=> .per_call(&[#(#names),*])));
        let settings = moved(settings);
        Declaration {
            after: per_call,
            ..Declaration::new(self.layer, quote_spanned!(at=> &#site, #settings))
        }
    }

    /// `let fault_settings = fault.code().latency(self.lag);`
    pub(super) fn prepare(&self, local: &Ident) -> TokenStream {
        let at = Span::mixed_site();
        let Some(name) = self.of_call(local) else {
            return TokenStream::new();
        };
        let calls = self.later().map(|knob| call(knob.name, &knob.value));
        quote_spanned!(at=> let #name = #local.code() #(#calls)*;)
    }

    /// What a call has worked out, if it has.
    pub(super) fn of_call(&self, local: &Ident) -> Option<Ident> {
        let any = self.later().next().is_some();
        any.then(|| format_ident!("{local}_settings", span = local.span()))
    }

    fn later(&self) -> impl Iterator<Item = &Written> {
        self.knobs.iter().filter(|knob| !knob.now)
    }
}
