//! `#[circuit_breaker]`
//!
//! ```text
//! let call = breaker.guard(call);
//! ```

use std::time::Duration;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::Expr;

use super::state::{self, Names, State, Stateful};
use super::{Declaration, Layer};
use crate::args::{Args, Bare, Key};
use crate::errors::Errors;
use crate::flow::{Around, Flow, Rule, rules};
use crate::tokens::moved;
use crate::value::{
    self, Setting, Window, Written, Zero, checked, checked_whole, later, with_knobs,
};

const NAMES: Names = Names {
    of_impl: false,
    ..Names::new("breaker", "BreakerLayer", "CircuitBreaker")
};

#[derive(Default)]
pub(crate) struct CircuitBreaker {
    failure_rate: Option<Setting<f64>>,
    min_calls: Option<Setting<u32>>,
    window: Option<Setting<Window>>,
    consecutive_failures: Option<Setting<u32>>,
    slow_call: Option<Setting<Duration>>,
    slow_call_rate: Option<Setting<f64>>,
    open_for: Option<Setting<Duration>>,
    open_factor: Option<Setting<f64>>,
    open_max: Option<Setting<Duration>>,
    half_open_calls: Option<Setting<u32>>,
    half_open_max: Option<Setting<Duration>>,
    when: Option<Expr>,
    when_ok: Option<Expr>,
    ignore: Option<Expr>,
    on_change: Option<Expr>,
    state: State,
}

impl CircuitBreaker {
    pub(super) const KEYS: &'static [Key] = &[
        Key::plain("failure_rate"),
        Key::plain("min_calls"),
        Key::duration("window"),
        Key::plain("consecutive_failures"),
        Key::duration("slow_call"),
        Key::plain("slow_call_rate"),
        Key::duration("open_for"),
        Key::plain("open_factor"),
        Key::duration("open_max"),
        Key::plain("half_open_calls"),
        Key::duration("half_open_max"),
        Key::plain("when"),
        Key::plain("when_ok"),
        Key::plain("ignore"),
        Key::plain("on_change"),
        Key::plain("classify"),
    ];
    pub(super) const BARE: Bare = Bare::Nothing;
    pub(super) const ELSEWHERE: &'static [(&'static str, &'static str)] = &[
        ("failure_threshold", "failure_rate"),
        ("threshold", "failure_rate"),
        ("error_rate", "failure_rate"),
        ("minimum_calls", "min_calls"),
        ("window_size", "window"),
        ("reset_timeout", "open_for"),
        ("wait_duration", "open_for"),
        ("break_duration", "open_for"),
        ("max_open", "open_max"),
    ];

    pub(super) fn parse(args: &Args, errors: &mut Errors) -> Self {
        const NOTHING: Zero =
            Zero::Refused("a duration of nothing makes no sense here: write more than zero");
        let breaker = Self {
            failure_rate: value::rate(args, "failure_rate", errors),
            min_calls: value::count(args, "min_calls", "is a number of calls", errors),
            window: value::window(args, errors),
            consecutive_failures: value::count(
                args,
                "consecutive_failures",
                "is a number of failures in a row",
                errors,
            ),
            slow_call: value::duration(args, "slow_call", NOTHING, errors),
            slow_call_rate: value::rate(args, "slow_call_rate", errors),
            open_for: value::duration(args, "open_for", NOTHING, errors),
            open_factor: value::factor(args, "open_factor", errors),
            open_max: value::duration(args, "open_max", NOTHING, errors),
            half_open_calls: value::count(args, "half_open_calls", "is a number of probes", errors),
            half_open_max: value::duration(args, "half_open_max", NOTHING, errors),
            when: args.expr("when"),
            when_ok: args.expr("when_ok"),
            ignore: args.expr("ignore"),
            on_change: args.expr("on_change"),
            state: State::parse(args, &NAMES, errors),
        };
        breaker.check(args, errors);
        breaker
    }

    fn check(&self, args: &Args, errors: &mut Errors) {
        if let (Some(open_for), Some(cap)) = (&self.open_for, &self.open_max)
            && let (Some(shortest), Some(longest)) = (open_for.literal(), cap.literal())
            && longest < shortest
        {
            let message = format!(
                "`{}` caps the time that the breaker stays open, and is below `{}`: raise it, or lower `{}`",
                cap.key, open_for.key, open_for.key
            );
            errors.over(&cap.expr, message);
        }
        if let (Some(rate), None, None, None, true) = (
            &self.slow_call_rate,
            args.given("slow_call"),
            &self.state.policy,
            &self.state.state,
            args.is_whole(),
        ) {
            let message = "no call is slow until `slow_call` says from when on: add it, or drop `slow_call_rate`";
            errors.at(rate.key.span(), message);
        }
    }

    /// Whether it can open although every call is answered `Ok`; assumed where settings come from elsewhere.
    pub(crate) fn sees_slow_calls(&self) -> bool {
        self.slow_call.is_some()
            || self.state.state.is_some()
            || self.state.policy.is_some()
            || self.when_ok.is_some()
    }
}

impl Stateful for CircuitBreaker {
    fn names(&self) -> &'static Names {
        &NAMES
    }

    fn state(&self) -> &State {
        &self.state
    }

    fn settings(&self) -> TokenStream {
        let at = Span::mixed_site();
        let base = match &self.state.policy {
            Some(policy) => policy.to_token_stream(),
            None => quote_spanned!(at=> __resilient::CircuitBreakerSettings::new()),
        };
        let on_change = self.on_change.as_ref();
        with_knobs(
            base,
            [
                ("failure_rate", checked(&self.failure_rate, "rate")),
                ("min_calls", checked_whole(&self.min_calls, "count")),
                ("window", self.window.as_ref().map(window)),
                (
                    "consecutive_failures",
                    checked_whole(&self.consecutive_failures, "count"),
                ),
                ("slow_call", checked(&self.slow_call, "duration")),
                ("slow_call_rate", checked(&self.slow_call_rate, "rate")),
                ("open_for", checked(&self.open_for, "duration")),
                ("open_factor", checked(&self.open_factor, "factor")),
                ("open_max", checked(&self.open_max, "duration")),
                (
                    "half_open_calls",
                    checked_whole(&self.half_open_calls, "count"),
                ),
                ("half_open_max", checked(&self.half_open_max, "duration")),
                (
                    "on_change",
                    on_change.map(|expr| Written::new(expr.to_token_stream(), expr)),
                ),
            ],
        )
    }
}

fn window(window: &Setting<Window>) -> Written {
    let value = if window.is_literal() {
        window.to_token_stream()
    } else {
        let at = Span::mixed_site().located_at(syn::spanned::Spanned::span(&window.expr));
        quote_spanned!(at=> const { __resilient::check::Knob(#window).window() })
    };
    Written::new(value, &window.expr)
}

impl Layer for CircuitBreaker {
    fn local(&self) -> &'static str {
        "breaker"
    }

    fn refuses(&self) -> bool {
        true
    }

    fn stateful(&self) -> Option<&dyn Stateful> {
        Some(self)
    }

    fn state_mut(&mut self) -> Option<&mut State> {
        Some(&mut self.state)
    }

    fn when_ok(&self) -> Option<&Expr> {
        self.when_ok.as_ref()
    }

    fn constants(&self) -> Vec<&Expr> {
        let later = [
            later(&self.failure_rate),
            later(&self.min_calls),
            later(&self.window),
            later(&self.consecutive_failures),
            later(&self.slow_call),
            later(&self.slow_call_rate),
            later(&self.open_for),
            later(&self.open_factor),
            later(&self.open_max),
            later(&self.half_open_calls),
            later(&self.half_open_max),
            self.on_change.as_ref(),
        ];
        let own = later.into_iter().flatten();
        own.chain(self.state.constants()).collect()
    }

    fn afterwards(&self) -> Vec<&Expr> {
        [&self.when, &self.when_ok, &self.ignore]
            .into_iter()
            .flatten()
            .collect()
    }

    fn declare(&self, site: &Ident) -> Declaration {
        state::declare(self, site)
    }

    fn wrap(&self, around: &Around<'_>, inside: Flow) -> Flow {
        let at = Span::mixed_site();
        let (local, inside) = (around.local, moved(inside.into_call(around)));
        let rules = rules(
            around.output,
            [
                Rule::given("when", self.when.as_ref()),
                Rule::given("when_ok", self.when_ok.as_ref()),
                Rule::given("ignore", self.ignore.as_ref()),
            ],
        );
        Flow::Call(match rules {
            Some(rules) => quote_spanned!(at=> #inside let call = #local.guard_by(call, #rules);),
            None => quote_spanned!(at=> #inside let call = #local.guard(call);),
        })
    }
}
