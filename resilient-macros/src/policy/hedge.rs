//! `#[hedge]`
//!
//! ```text
//! let hedge_settings = hedge.code().max(self.hedges);      // where a knob is no literal
//! let call = hedge.run(|| {
//!     let call = ..;
//!     call
//! });
//! ```
//!
//! The only layer that makes what is inside more than once at a time, hence the only one with a
//! closure: it captures by shared reference, and what an attempt owns is copied inside of it.

use std::time::Duration;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Expr, Lit};

use super::per_call::{Settings, Written, written};
use super::{Declaration, Layer};
use crate::args::{Args, Bare, Key, Value};
use crate::duration;
use crate::errors::Errors;
use crate::flow::{Around, Flow};
use crate::tokens::moved;
use crate::value::{self, Known, Setting, ToValue};

pub(crate) struct Hedge {
    after: Option<Setting<After>>,
    max: Option<Setting<u32>>,
    min_samples: Option<Setting<u32>>,
    budget: Option<Setting<f64>>,
    policy: Option<Expr>,
    clones: Vec<Ident>,
}

/// When a hedge begins.
#[derive(Clone, Copy)]
pub(crate) enum After {
    /// Of the latencies that were measured, from 1 to 99.99.
    Percentile(f64),
    Time(Duration),
}

impl Hedge {
    pub(super) const KEYS: &'static [Key] = &[
        Key::duration("after"),
        Key::plain("max"),
        Key::plain("min_samples"),
        Key::plain("budget"),
        Key::names("clone"),
        Key::plain("policy"),
    ];
    pub(super) const BARE: Bare = Bare::Is("after");
    pub(super) const ELSEWHERE: &'static [(&'static str, &'static str)] = &[
        ("delay", "after"),
        ("delay_ms", "after_ms"),
        ("ms", "after_ms"),
        ("hedge_delay", "after"),
        ("hedging_delay", "after"),
        ("percentile", "after"),
        ("latency_percentile", "after"),
        ("quantile", "after"),
        ("count", "max"),
        ("hedges", "max"),
        ("max_hedges", "max"),
        ("max_attempts", "max"),
        ("max_hedged_attempts", "max"),
        ("min_calls", "min_samples"),
        ("min_data_points", "min_samples"),
        ("samples", "min_samples"),
        ("budget_percent", "budget"),
        ("max_extra_load", "budget"),
        ("rate", "budget"),
        ("ratio", "budget"),
    ];

    pub(super) fn parse(args: &Args, errors: &mut Errors) -> Self {
        Self {
            after: after(args, errors),
            max: value::count(
                args,
                "max",
                "counts the hedges beside the first attempt",
                errors,
            ),
            min_samples: value::amount(
                args,
                "min_samples",
                "is a number of measured calls",
                errors,
            ),
            budget: value::rate(args, "budget", errors),
            policy: args.expr("policy"),
            clones: args.names("clone"),
        }
    }

    /// The time after which a hedge begins, and where it stands, if both are known while compiling.
    pub(crate) fn time(&self) -> Option<(Duration, &Expr)> {
        let after = self.after.as_ref()?;
        match after.literal()? {
            After::Time(time) => Some((time, &after.expr)),
            After::Percentile(_) => None,
        }
    }

    fn settings(&self) -> Settings {
        let given = [
            self.after.as_ref().map(|after| Written {
                name: "after",
                now: after.is_literal(),
                value: match after.value {
                    Known::Now(_) => quote!(#after),
                    Known::Later { .. } | Known::Unread => value::located(
                        &after.expr,
                        |at| quote_spanned!(at=> __resilient::HedgeAfter::from(#after)),
                    ),
                },
            }),
            written("max", &self.max),
            written("min_samples", &self.min_samples),
            written("budget", &self.budget),
        ];
        Settings {
            name: "Hedge",
            layer: "HedgeLayer",
            knobs: given.into_iter().flatten().collect(),
        }
    }
}

fn after(args: &Args, errors: &mut Errors) -> Option<Setting<After>> {
    let millis = matches!(args.given("after")?.value, Value::Millis(_));
    value::setting(args, "after", errors, |negative, lit| {
        let after = match lit {
            _ if millis => After::Time(value::suffixed("after", negative, lit)?),
            Lit::Str(text) if !is_a_time(&text.value()) => percentile(&text.value())?,
            Lit::Str(_) | Lit::Int(_) => After::Time(value::text_with_unit("after", lit)?),
            _ => {
                return Err(
                    "`after` is a percentile like \"p95\", or a time like \"20ms\"".to_owned(),
                );
            }
        };
        match after {
            After::Time(time) if time.is_zero() => {
                Err("no time at all hedges every call: write more than zero".to_owned())
            }
            after => Ok(after),
        }
    })
}

/// Whether a text is meant to be a time: it begins in a number, and that is no share of a hundred.
fn is_a_time(text: &str) -> bool {
    text.trim_start().starts_with(|c: char| c.is_ascii_digit()) && !text.contains('%')
}

fn percentile(text: &str) -> Result<After, String> {
    let digits = text.strip_prefix('p').unwrap_or_default();
    let written = digits.parse().ok().filter(|_| {
        let is_digit = |c: char| c.is_ascii_digit() || c == '.';
        digits.chars().all(is_digit) && digits.starts_with(|c| c != '.')
    });
    match written {
        Some(share) if (1.0..=99.99).contains(&share) => Ok(After::Percentile(share)),
        Some(_) => Err(format!(
            "\"{text}\" is out of range: percentiles go from \"p1\" to \"p99.99\""
        )),
        None => Err(format!(
            "\"{text}\" is neither a percentile, like \"p95\" or \"p99.9\", nor a time, like \"20ms\""
        )),
    }
}

impl ToValue for After {
    fn write(&self, at: Span, tokens: &mut TokenStream) {
        let mut value = TokenStream::new();
        tokens.extend(match self {
            Self::Percentile(share) => {
                share.write(at, &mut value);
                quote_spanned!(at=> __resilient::HedgeAfter::Percentile(#value))
            }
            Self::Time(time) => {
                duration::write(*time, at, &mut value);
                quote_spanned!(at=> __resilient::HedgeAfter::Fixed(#value))
            }
        });
    }
}

impl Layer for Hedge {
    fn local(&self) -> &'static str {
        "hedge"
    }

    fn refuses(&self) -> bool {
        false
    }

    fn repeats(&self) -> bool {
        true
    }

    fn at_once(&self) -> bool {
        true
    }

    fn constants(&self) -> Vec<&Expr> {
        self.policy.iter().collect()
    }

    fn clones(&self) -> &[Ident] {
        &self.clones
    }

    fn declare(&self, site: &Ident) -> Declaration {
        self.settings().declare(self.policy.as_ref(), site)
    }

    fn prepare(&self, local: &Ident) -> TokenStream {
        self.settings().prepare(local)
    }

    fn wrap(&self, around: &Around<'_>, inside: Flow) -> Flow {
        let at = Span::mixed_site();
        let (local, inside) = (around.local, moved(inside.into_call_again(around)));
        let run = match self.settings().of_call(local) {
            None => quote_spanned!(at=> #local.run(|| { #inside call })),
            Some(settings) => {
                quote_spanned!(at=> #local.run_with(#settings, || { #inside call }))
            }
        };
        Flow::Call(quote_spanned!(at=> let call = #run;))
    }
}
