//! `#[rate_limit]`
//!
//! ```text
//! let rate_limit = rate_limit.own().cost(batch.len());     // where a call takes more than one
//! let call = rate_limit.guard(call);
//! ```

use std::time::Duration;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::Expr;

use super::state::{self, Names, State, Stateful};
use super::{Declaration, Layer};
use crate::args::{Args, Bare, Key};
use crate::errors::Errors;
use crate::flow::{Around, Flow};
use crate::value::{self, Setting, Written, Zero, checked, checked_whole, later, with_knobs};

const NAMES: Names = Names::new("rate limiter", "RateLimitLayer", "RateLimiter");

const SECOND: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(crate) struct RateLimit {
    per_second: Option<Setting<u32>>,
    permits: Option<Setting<u32>>,
    per: Option<Setting<Duration>>,
    burst: Option<Setting<u32>>,
    state: State,
}

impl RateLimit {
    pub(super) const KEYS: &'static [Key] = &[
        Key::plain("per_second"),
        Key::plain("permits"),
        Key::duration("per"),
        Key::plain("burst"),
        Key::duration("max_wait"),
        Key::plain("cost"),
    ];
    pub(super) const BARE: Bare = Bare::Means("per_second", |expr| {
        matches!(value::literal(expr), Some((false, syn::Lit::Int(_))))
    });
    pub(super) const ELSEWHERE: &'static [(&'static str, &'static str)] = &[
        // resilience4j
        ("limit_for_period", "permits"),
        ("limit_refresh_period", "per"),
        ("timeout_duration", "max_wait"),
        // Polly
        ("permit_limit", "permits"),
        ("tokens_per_period", "permits"),
        ("token_limit", "burst"),
        ("replenishment_period", "per"),
        ("window", "per"),
        // governor
        ("allow_burst", "burst"),
        ("burst_size", "burst"),
        ("replenish_interval", "per"),
        ("quota", "per_second"),
        // tower and others
        ("num", "permits"),
        ("limit", "permits"),
        ("max_requests", "permits"),
        ("per_minute", "permits"),
        ("per_hour", "permits"),
        ("rate", "per_second"),
        ("rps", "per_second"),
        ("qps", "per_second"),
        ("interval", "per"),
        ("period", "per"),
        ("capacity", "burst"),
        ("timeout", "max_wait"),
        ("weight", "cost"),
        ("tokens", "cost"),
    ];

    pub(super) fn parse(args: &Args, errors: &mut Errors) -> Self {
        const NOTHING: Zero = Zero::Refused("no time at all has no rate: write more than zero");
        let rate_limit = Self {
            per_second: value::per_second(args, errors),
            permits: value::count(args, "permits", "is a number of calls", errors),
            per: value::duration(args, "per", NOTHING, errors),
            burst: value::count(args, "burst", "is a number of calls at once", errors),
            state: State::parse(args, &NAMES, errors),
        };
        rate_limit.check(args, errors);
        rate_limit
    }

    fn check(&self, args: &Args, errors: &mut Errors) {
        let said = |name| args.given(name).map(|knob| &knob.key);
        match (said("per_second"), said("permits"), said("per")) {
            (Some(_), Some(other), _) | (Some(_), None, Some(other)) => {
                let message = format!(
                    "`per_second` is the whole rate, so `{other}` says it again: keep `per_second`, or `permits` and `per`"
                );
                errors.at(other.span(), message);
            }
            // A policy or a state has the other half; a knob that could not be read has been reported.
            _ if self.state.policy.is_some() || self.state.state.is_some() || !args.is_whole() => {}
            (None, Some(permits), None) => {
                let message =
                    "`permits` in what time? Say `per = \"1m\"` too, or `per_second` in its place";
                errors.at(permits.span(), message);
            }
            (None, None, Some(per)) => {
                let message = format!("how many in that time? Say `permits` beside `{per}`");
                errors.at(per.span(), message);
            }
            (None, None, None) => {
                let message = "a rate limit needs its rate: write `per_second = 100`, or `permits = 1000, per = \"1m\"`";
                errors.at(args.attribute.span(), message);
            }
            _ => {}
        }
        if let (Some(cost), Some(most)) = (&self.state.cost, self.most_at_once())
            && cost.literal().is_some_and(|cost| cost > most)
        {
            let message = format!(
                "a call that takes more than the {most} that there can be at once is never admitted: raise `burst`, or lower `cost`"
            );
            errors.over(&cost.expr, message);
        }
    }

    /// How many calls there can be at once, if it is known while compiling.
    fn most_at_once(&self) -> Option<u32> {
        let permits = || self.per_second.as_ref().or(self.permits.as_ref());
        match &self.burst {
            Some(burst) => burst.literal(),
            None if self.state.is_of_code() => permits()?.literal(),
            None => None,
        }
    }
}

impl Stateful for RateLimit {
    fn names(&self) -> &'static Names {
        &NAMES
    }

    fn state(&self) -> &State {
        &self.state
    }

    fn settings(&self) -> TokenStream {
        let at = Span::mixed_site();
        let permits = || checked_whole(&self.permits, "count");
        let per = || checked(&self.per, "duration");
        let per_second = checked_whole(&self.per_second, "count");
        let (base, permits, per) = match (&self.state.policy, per_second) {
            (None, Some(rate)) => (
                quote_spanned!(at=> __resilient::RateLimiterSettings::per_second(#rate)),
                None,
                None,
            ),
            (None, None) => {
                let (permits, per) = (permits(), per());
                (
                    quote_spanned!(at=> __resilient::RateLimiterSettings::new(#permits, #per)),
                    None,
                    None,
                )
            }
            (Some(policy), Some(rate)) => {
                let mut second = TokenStream::new();
                crate::duration::write(SECOND, at, &mut second);
                (
                    policy.to_token_stream(),
                    Some(rate),
                    Some(Written::new(second, policy)),
                )
            }
            (Some(policy), None) => (policy.to_token_stream(), permits(), per()),
        };
        let settings = with_knobs(
            base,
            [
                ("permits", permits),
                ("per", per),
                ("burst", checked_whole(&self.burst, "count")),
                ("max_wait", self.state.max_wait_setting()),
            ],
        );
        self.state.admitted(settings, self.most_at_once(), "burst")
    }
}

impl Layer for RateLimit {
    fn local(&self) -> &'static str {
        "rate_limit"
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

    fn constants(&self) -> Vec<&Expr> {
        let own = [
            later(&self.per_second),
            later(&self.permits),
            later(&self.per),
            later(&self.burst),
        ];
        let own = own.into_iter().flatten();
        own.chain(self.state.constants()).collect()
    }

    fn declare(&self, site: &Ident) -> Declaration {
        state::declare(self, site)
    }

    fn wrap(&self, around: &Around<'_>, inside: Flow) -> Flow {
        state::guard(around, inside)
    }
}
