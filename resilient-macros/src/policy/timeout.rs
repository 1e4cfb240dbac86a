//! `#[timeout]`
//!
//! ```text
//! let call = timeout.limit(call);
//! ```

use std::time::Duration;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote_spanned};
use syn::Expr;

use super::{Declaration, Layer};
use crate::args::{Args, Bare, Key};
use crate::errors::Errors;
use crate::flow::{Around, Flow};
use crate::tokens::moved;
use crate::value::{self, Setting, Zero};

const DEFAULT: Duration = Duration::from_secs(1);

pub(crate) struct Timeout {
    after: Option<Setting<Duration>>,
    policy: Option<Expr>,
}

impl Timeout {
    pub(super) const KEYS: &'static [Key] = &[
        Key::duration("after"),
        Key::plain("ms"),
        Key::plain("policy"),
    ];
    pub(super) const BARE: Bare = Bare::Is("after");
    pub(super) const ELSEWHERE: &'static [(&'static str, &'static str)] = &[
        ("duration", "after"),
        ("millis", "ms"),
        ("secs", "after"),
        ("seconds", "after"),
    ];

    pub(super) fn parse(args: &Args, errors: &mut Errors) -> Self {
        const ZERO: Zero = Zero::Refused("a timeout of nothing ends every call before it begins");
        let mut said = ["after", "ms"]
            .into_iter()
            .filter_map(|name| args.given(name));
        if let (Some(first), Some(second)) = (said.next(), said.next()) {
            let message = format!(
                "`{}` and `{}` say the same thing: keep one of the two",
                first.key, second.key
            );
            errors.at(second.key.span(), message);
        }
        Self {
            after: value::duration(args, "after", ZERO, errors)
                .or_else(|| value::milliseconds(args, "ms", ZERO, errors)),
            policy: args.expr("policy"),
        }
    }

    /// From code instead of an attribute.
    pub(crate) fn standard(after: &str) -> Self {
        let text = syn::LitStr::new(after, Span::mixed_site());
        Self {
            after: crate::duration::parse(after).ok().map(|after| Setting {
                key: Ident::new("after", Span::mixed_site()),
                expr: syn::parse_quote!(#text),
                value: value::Known::Now(after),
            }),
            policy: None,
        }
    }

    /// The time, if it is known while compiling.
    pub(crate) fn literal(&self) -> Option<Duration> {
        match (&self.after, &self.policy) {
            (Some(after), _) => after.literal(),
            (None, None) => Some(DEFAULT),
            (None, Some(_)) => None,
        }
    }

    /// Where the time is written, if it is.
    pub(crate) fn written(&self) -> Option<&Expr> {
        self.after.as_ref().map(|after| &after.expr)
    }

    fn per_call(&self) -> Option<&Setting<Duration>> {
        self.after.as_ref().filter(|after| !after.is_literal())
    }
}

fn after_name(local: &Ident) -> Ident {
    format_ident!("{local}_after", span = local.span())
}

impl Layer for Timeout {
    fn local(&self) -> &'static str {
        "timeout"
    }

    fn refuses(&self) -> bool {
        true
    }

    fn constants(&self) -> Vec<&Expr> {
        self.policy.iter().collect()
    }

    fn declare(&self, site: &Ident) -> Declaration {
        let at = Span::mixed_site();
        let settings = match (&self.after, &self.policy) {
            (Some(after), policy) if after.is_literal() => {
                let own = quote_spanned!(at=> __resilient::Timeout::new(#after));
                match policy {
                    // A policy that is overridden all the same is one, and is used.
                    Some(policy) => quote_spanned!(at=> {
                        let _: __resilient::Timeout = #policy;
                        #own
                    }),
                    None => own,
                }
            }
            (_, Some(policy)) => quote_spanned!(at=> #policy),
            _ => {
                let mut default = TokenStream::new();
                crate::duration::write(DEFAULT, at, &mut default);
                quote_spanned!(at=> __resilient::Timeout::new(#default))
            }
        };
        let per_call = self
            .per_call()
            .map(|_| quote_spanned!(at=> .per_call(&["after"])));
        let settings = moved(settings);
        Declaration {
            after: per_call,
            ..Declaration::new("TimeoutLayer", quote_spanned!(at=> &#site, #settings))
        }
    }

    fn prepare(&self, local: &Ident) -> TokenStream {
        let at = Span::mixed_site();
        match self.per_call() {
            Some(after) => {
                let name = after_name(local);
                quote_spanned!(at=> let #name: __resilient::Duration = #after;)
            }
            None => TokenStream::new(),
        }
    }

    fn wrap(&self, around: &Around<'_>, inside: Flow) -> Flow {
        let at = Span::mixed_site();
        let (local, inside) = (around.local, moved(inside.into_call(around)));
        Flow::Call(match self.per_call() {
            Some(_) => {
                let after = after_name(local);
                quote_spanned!(at=> #inside let call = #local.limit_to(#after, call);)
            }
            None => quote_spanned!(at=> #inside let call = #local.limit(call);),
        })
    }
}
