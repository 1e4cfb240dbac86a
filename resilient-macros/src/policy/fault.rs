//! `#[fault]`
//!
//! ```text
//! let fault_settings = fault.code().latency(self.lag);     // where a knob is no literal
//! let call = fault.inject_with(fault_settings, call);
//!
//! let outcome = if fault.draw().await {                    // error = EXPR
//!     Err(judged_error(EXPR, |error| ..))
//! } else {
//!     let call = ..;
//!     call.await
//! };
//! ```
//!
//! With an error of the function's own the layer refuses nothing in its own name, and what comes
//! from inside goes through as it is. The error is made where there is no body yet: what the body is
//! to take over can still be read.

use std::time::Duration;

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;
use syn::Expr;

use super::per_call::{Settings, Written, written};
use super::{Declaration, Layer};
use crate::args::{Args, Bare, Key};
use crate::errors::Errors;
use crate::flow::{Around, Flow};
use crate::output::judge;
use crate::tokens::moved;
use crate::value::{self, Setting, ToValue, Zero, located};

#[derive(Default)]
pub(crate) struct Fault {
    error: Option<Expr>,
    error_rate: Option<Setting<f64>>,
    latency: Option<Setting<Duration>>,
    latency_rate: Option<Setting<f64>>,
    panic_rate: Option<Setting<f64>>,
    seed: Option<Setting<u64>>,
    policy: Option<Expr>,
}

impl Fault {
    pub(super) const KEYS: &'static [Key] = &[
        Key::plain("error"),
        Key::plain("error_rate"),
        Key::duration("latency"),
        Key::plain("latency_rate"),
        Key::plain("panic_rate"),
        Key::plain("seed"),
        Key::plain("classify"),
        Key::plain("policy"),
    ];
    pub(super) const BARE: Bare = Bare::Nothing;
    pub(super) const ELSEWHERE: &'static [(&'static str, &'static str)] = &[
        // Polly (Simmy)
        ("injection_rate", "error_rate"),
        ("fault", "error"),
        ("outcome", "error"),
        // Envoy, Istio
        ("abort", "error"),
        ("fixed_delay", "latency"),
        ("percentage", "error_rate"),
        // Toxiproxy and others
        ("toxicity", "error_rate"),
        ("failure_rate", "error_rate"),
        ("rate", "error_rate"),
        ("probability", "error_rate"),
        ("delay", "latency"),
        ("delay_ms", "latency_ms"),
        ("delay_rate", "latency_rate"),
        ("panic", "panic_rate"),
    ];

    pub(super) fn parse(args: &Args, errors: &mut Errors) -> Self {
        const NOTHING: Zero = Zero::Refused("no time at all delays nothing: write more than zero");
        let fault = Self {
            error: args.expr("error"),
            error_rate: value::rate(args, "error_rate", errors),
            latency: value::duration(args, "latency", NOTHING, errors),
            latency_rate: value::rate(args, "latency_rate", errors),
            panic_rate: value::rate(args, "panic_rate", errors),
            seed: value::seed(args, "seed", errors),
            policy: args.expr("policy"),
        };
        fault.check(args, errors);
        fault
    }

    fn check(&self, args: &Args, errors: &mut Errors) {
        if self.policy.is_some() {
            return;
        }
        if let (Some(rate), None, true) = (
            args.given("latency_rate"),
            args.given("latency"),
            args.is_whole(),
        ) {
            let message = "how long? `latency_rate` says how often: say `latency = \"100ms\"` too";
            errors.at(rate.key.span(), message);
            return;
        }
        let faults = ["error", "error_rate", "latency", "panic_rate"];
        if faults.iter().all(|name| args.given(name).is_none()) && args.is_whole() {
            let message = "this injects nothing: write `error_rate = 0.1`, `error = expression`, `latency = \"100ms\"` or \
                           `panic_rate = 0.01`";
            errors.at(args.attribute.span(), message);
        }
    }

    fn settings(&self) -> Settings {
        let at = Span::mixed_site();
        // An error without a rate is injected always.
        let always = self.error.is_some() && self.error_rate.is_none();
        let always = always.then(|| {
            let mut value = TokenStream::new();
            1.0.write(at, &mut value);
            Written {
                name: "error_rate_or",
                now: true,
                value,
            }
        });
        let given = [
            always,
            written("error_rate", &self.error_rate),
            written("latency", &self.latency),
            written("latency_rate", &self.latency_rate),
            written("panic_rate", &self.panic_rate),
            written("seed", &self.seed),
        ];
        Settings {
            name: "Fault",
            layer: "FaultLayer",
            knobs: given.into_iter().flatten().collect(),
        }
    }
}

impl Layer for Fault {
    fn local(&self) -> &'static str {
        "fault"
    }

    fn refuses(&self) -> bool {
        self.error.is_none()
    }

    fn constants(&self) -> Vec<&Expr> {
        self.policy.iter().collect()
    }

    fn declare(&self, site: &Ident) -> Declaration {
        self.settings().declare(self.policy.as_ref(), site)
    }

    fn prepare(&self, local: &Ident) -> TokenStream {
        self.settings().prepare(local)
    }

    fn wrap(&self, around: &Around<'_>, inside: Flow) -> Flow {
        let at = Span::mixed_site();
        let (local, inside) = (around.local, moved(inside.into_call(around)));
        let settings = self.settings().of_call(local);
        let Some(error) = &self.error else {
            let inject = match settings {
                None => quote_spanned!(at=> #local.inject(call)),
                Some(settings) => quote_spanned!(at=> #local.inject_with(#settings, call)),
            };
            return Flow::Call(quote_spanned!(at=> #inside let call = #inject;));
        };
        let draw = match settings {
            None => quote_spanned!(at=> #local.draw()),
            Some(settings) => quote_spanned!(at=> #local.draw_with(#settings)),
        };
        let judge = judge(around.output, around.shared);
        let ty = &around.output.nameable;
        let error = located(
            error,
            |at| quote_spanned!(at=> __resilient::judged_error::<__resilient::ErrorOf<#ty>>(#error, #judge)),
        );
        let error = if around.refused_inside {
            quote_spanned!(at=> __resilient::Failure::Error(#error))
        } else {
            error
        };
        let outcome = quote_spanned!(at=>
            if #draw.await {
                __resilient::Err(#error)
            } else {
                #inside
                call.await
            }
        );
        if !around.outermost {
            return Flow::Call(around.future(outcome));
        }
        Flow::Outcome {
            statements: TokenStream::new(),
            outcome,
        }
    }
}
