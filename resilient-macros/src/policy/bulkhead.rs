//! `#[bulkhead]`
//!
//! ```text
//! let call = bulkhead.guard(call);
//! ```

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::Expr;

use super::state::{self, Names, State, Stateful};
use super::{Declaration, Layer};
use crate::args::{Args, Bare, Key};
use crate::errors::Errors;
use crate::flow::{Around, Flow};
use crate::value::{self, Setting, checked_whole, later, with_knobs};

const NAMES: Names = Names::new("bulkhead", "BulkheadLayer", "Bulkhead");

/// `max_concurrent`, where it is not given.
const PLACES: u32 = 10;

#[derive(Default)]
pub(crate) struct Bulkhead {
    max_concurrent: Option<Setting<u32>>,
    max_queue: Option<Setting<u32>>,
    state: State,
}

impl Bulkhead {
    pub(super) const KEYS: &'static [Key] = &[
        Key::plain("max_concurrent"),
        Key::plain("max_queue"),
        Key::duration("max_wait"),
        Key::plain("cost"),
    ];
    pub(super) const BARE: Bare = Bare::Means("max_concurrent", |expr| {
        matches!(value::literal(expr), Some((false, syn::Lit::Int(_))))
    });
    pub(super) const ELSEWHERE: &'static [(&'static str, &'static str)] = &[
        // resilience4j
        ("max_concurrent_calls", "max_concurrent"),
        ("max_wait_duration", "max_wait"),
        ("queue_capacity", "max_queue"),
        // Polly
        ("permit_limit", "max_concurrent"),
        ("queue_limit", "max_queue"),
        ("max_parallelization", "max_concurrent"),
        ("max_queuing_actions", "max_queue"),
        // Hystrix
        ("max_concurrent_requests", "max_concurrent"),
        ("max_queue_size", "max_queue"),
        // tower and others
        ("max", "max_concurrent"),
        ("limit", "max_concurrent"),
        ("permits", "max_concurrent"),
        ("concurrency", "max_concurrent"),
        ("max_in_flight", "max_concurrent"),
        ("waiting_task_queue", "max_queue"),
        ("queue", "max_queue"),
        ("timeout", "max_wait"),
        ("weight", "cost"),
    ];

    pub(super) fn parse(args: &Args, errors: &mut Errors) -> Self {
        let bulkhead = Self {
            max_concurrent: value::count(
                args,
                "max_concurrent",
                "is a number of calls at a time",
                errors,
            ),
            max_queue: value::amount(args, "max_queue", "is a number of waiting calls", errors),
            state: State::parse(args, &NAMES, errors),
        };
        bulkhead.state.check_queue(&bulkhead.max_queue, errors);
        if let (Some(cost), Some(places)) = (&bulkhead.state.cost, bulkhead.places())
            && cost.literal().is_some_and(|cost| cost > places)
        {
            let message = format!(
                "a call that takes more than the {places} places that there are never begins: raise `max_concurrent`, or lower `cost`"
            );
            errors.over(&cost.expr, message);
        }
        bulkhead
    }

    /// How many places there are, if it is known while compiling.
    fn places(&self) -> Option<u32> {
        match &self.max_concurrent {
            Some(places) => places.literal(),
            None => self.state.is_of_code().then_some(PLACES),
        }
    }
}

impl Stateful for Bulkhead {
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
            None => quote_spanned!(at=> __resilient::BulkheadSettings::new()),
        };
        let settings = with_knobs(
            base,
            [
                (
                    "max_concurrent",
                    checked_whole(&self.max_concurrent, "count"),
                ),
                ("max_queue", checked_whole(&self.max_queue, "amount")),
                ("max_wait", self.state.max_wait_setting()),
            ],
        );
        self.state.admitted(settings, self.places(), "places")
    }
}

impl Layer for Bulkhead {
    fn local(&self) -> &'static str {
        "bulkhead"
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
        let own = [later(&self.max_concurrent), later(&self.max_queue)];
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
