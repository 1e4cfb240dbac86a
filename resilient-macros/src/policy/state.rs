//! What all layers with state have in common: whose the state is, and what a call asks of it.
//!
//! ```text
//! static __RESILIENT_BREAKER: BreakerLayer = BreakerLayer::new(&__RESILIENT_SITE, SETTINGS);
//!
//! key = host       BreakerLayer::keyed(&__RESILIENT_SITE, SETTINGS, 10_000)
//!                  let breaker = match &host { key => breaker.of_key(key!(key)) };
//! state = SHARED   BreakerLayer::shared(&__RESILIENT_SITE)
//!                  let state: &CircuitBreaker = &SHARED;
//!                  let breaker = breaker.over(state);
//! both             let state: &Keyed<CircuitBreaker> = &SHARED;
//!                  let breaker = match &host { key => breaker.over_key(state, key!(key)) };
//! of an impl       BreakerLayer::of_impl(&__RESILIENT_SITE, &__RESILIENT_IMPL_BREAKER_..)
//! ```

mod names;

use std::time::Duration;

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Expr, Path};

pub(crate) use self::names::Names;
use super::Declaration;
use crate::args::{Args, Key};
use crate::errors::Errors;
use crate::flow::{Around, Flow};
use crate::krate;
use crate::tokens::moved;
use crate::value::{self, Known, Setting, Written, Zero, call, checked_whole, later, located};

/// The knobs of every layer with state.
pub(super) const KEYS: &[Key] = &[
    Key::plain("state"),
    Key::plain("key"),
    Key::plain("max_keys"),
    Key::plain("scope"),
    Key::plain("policy"),
];

/// What may stand beside `state`: a state brings its settings with it.
const BESIDE_STATE: &[&str] = &[
    "state",
    "name",
    "crate",
    "key",
    "when",
    "when_ok",
    "ignore",
    "classify",
    "into_error",
    "cost",
    "max_wait",
];

const MAX_KEYS: u32 = 10_000;

/// A policy with state.
pub(crate) trait Stateful {
    fn names(&self) -> &'static Names;

    fn state(&self) -> &State;

    fn settings(&self) -> TokenStream;

    /// One that is not of this function alone; `of` is its type.
    fn one(&self, of: &TokenStream) -> TokenStream {
        let settings = self.settings();
        located(of, |at| quote_spanned!(at=> #of::with(#settings)))
    }

    /// What its type is generic over, if it is; `runtime` gives a name of the runtime's its path.
    fn generic(&self, _runtime: &dyn Fn(&str) -> TokenStream) -> Option<TokenStream> {
        None
    }

    /// The same for a state that comes from elsewhere.
    fn generic_elsewhere(&self) -> Option<TokenStream> {
        None
    }
}

#[derive(Default)]
pub(crate) struct State {
    pub(super) state: Option<Expr>,
    pub(super) key: Option<Expr>,
    pub(super) max_keys: Option<Setting<u32>>,
    pub(super) policy: Option<Expr>,
    pub(super) cost: Option<Setting<u32>>,
    pub(super) max_wait: Option<Setting<Duration>>,
    scope: Option<Setting<&'static str>>,
    /// Whether a knob could not be read, which may be any that seems missing.
    broken: bool,
    /// The static of the `impl`, where it is that.
    pub(super) of_impl: Option<Ident>,
}

impl State {
    pub(super) fn parse(args: &Args, names: &Names, errors: &mut Errors) -> Self {
        let state = Self {
            state: args.expr("state"),
            key: args.expr("key"),
            max_keys: value::count(args, "max_keys", "is a number of keys", errors),
            policy: args.expr("policy"),
            cost: value::count(args, "cost", "is what one call takes", errors),
            max_wait: value::duration(args, "max_wait", Zero::Allowed, errors),
            scope: value::word(args, "scope", &["impl", "method"], errors)
                .filter(|scope| !matches!(scope.value, Known::Unread)),
            broken: !args.is_whole(),
            of_impl: None,
        };
        state.check(args, names.noun, errors);
        state
    }

    fn check(&self, args: &Args, noun: &str, errors: &mut Errors) {
        if let Some(scope) = &self.scope
            && !scope.is_literal()
        {
            errors.over(
                &scope.expr,
                "`scope` is written out: \"impl\" or \"method\"",
            );
        }
        if self.state.is_some() {
            for knob in args.knobs() {
                let message = match knob.name {
                    name if BESIDE_STATE.contains(&name) => continue,
                    "scope" => "`state` says whose it is, so `scope` has nothing to say: keep one of the two".to_owned(),
                    _ => format!(
                        "`state` brings its own settings, so `{}` would change nothing: set it where that {noun} is made",
                        knob.key
                    ),
                };
                errors.at(knob.key.span(), message);
            }
        } else if let (Some(max_keys), None, false) =
            (args.given("max_keys"), args.given("key"), self.broken)
        {
            let message = "`max_keys` bounds what there is one of for each `key`: say `key = ..` too, or drop it";
            errors.at(max_keys.key.span(), message);
        }
    }

    /// A wait for a place in a queue that has none, and a queue in which nobody may wait.
    pub(super) fn check_queue(&self, max_queue: &Option<Setting<u32>>, errors: &mut Errors) {
        let places = match max_queue {
            Some(places) => places.literal(),
            None => self.is_of_code().then_some(0),
        };
        let Some(max_wait) = &self.max_wait else {
            return;
        };
        let waits = max_wait.literal().is_none_or(|wait| !wait.is_zero());
        if places == Some(0) && waits {
            let message = format!(
                "nobody waits in a queue without places, so `{}` has nothing to say: give a `max_queue` as well, or drop it",
                max_wait.key
            );
            errors.at(max_wait.key.span(), message);
        }
        if places.is_some_and(|places| places > 0) && !waits {
            let message =
                "no time at all leaves the queue unused: write more than zero, or drop `max_queue`";
            errors.over(&max_wait.expr, message);
        }
    }

    /// Whether all its settings stand in the attribute, or are the defaults.
    pub(super) fn is_of_code(&self) -> bool {
        self.state.is_none() && self.policy.is_none() && !self.broken
    }

    /// What ends up in a static, of the knobs that are read here.
    pub(super) fn constants(&self) -> impl Iterator<Item = &Expr> {
        let max_wait = later(&self.max_wait).filter(|_| self.state.is_none());
        [later(&self.max_keys), self.policy.as_ref(), max_wait]
            .into_iter()
            .flatten()
    }

    pub(super) fn held(&self) -> Vec<&Expr> {
        self.state.iter().collect()
    }

    /// Whether it is one that is there already.
    pub(crate) const fn is_elsewhere(&self) -> bool {
        self.state.is_some()
    }

    /// Where `scope` stands, if it does.
    pub(crate) fn scope(&self) -> Option<&Ident> {
        self.scope.as_ref().map(|scope| &scope.key)
    }

    /// Takes the state of the `impl` instead of one of its own.
    pub(crate) fn take(&mut self, of_impl: Ident) {
        self.of_impl = Some(of_impl);
    }

    /// `max_wait` where it is part of the settings.
    pub(super) fn max_wait_setting(&self) -> Option<Written> {
        value::plain(&self.max_wait)
    }

    /// Settings under which a call of this cost can be admitted: checked once all are known, unless `most`
    /// has been while compiling.
    pub(super) fn admitted(
        &self,
        settings: TokenStream,
        most: Option<u32>,
        check: &str,
    ) -> TokenStream {
        match &self.cost {
            Some(cost) if cost.is_literal() && most.is_none() => {
                value::agreed(&settings, check, Some(&cost.to_token_stream()), &cost.expr)
            }
            _ => settings,
        }
    }

    pub(super) fn max_keys(&self) -> TokenStream {
        checked_whole(&self.max_keys, "count").map_or_else(
            || Literal::u32_unsuffixed(MAX_KEYS).into_token_stream(),
            ToTokens::into_token_stream,
        )
    }
}

fn runtime(name: &str) -> TokenStream {
    runtime_at(Span::mixed_site(), name)
}

fn runtime_at(at: Span, name: &str) -> TokenStream {
    let name = Ident::new(name, at);
    quote_spanned!(at=> __resilient::#name)
}

/// Where the compiler is to point if a type does not fit: to what it is generic over, if it is.
fn generic_at(generic: Option<&TokenStream>) -> Span {
    let span = generic.map_or_else(Span::mixed_site, syn::spanned::Spanned::span);
    Span::mixed_site().located_at(span)
}

/// A path that stands, to the compiler, elsewhere.
fn moved_to(at: Span, path: TokenStream) -> TokenStream {
    let moved = path.into_iter().map(|mut token| {
        token.set_span(token.span().located_at(at));
        token
    });
    moved.collect()
}

/// `RateLimiter`, or `Keyed<RateLimiter>`.
fn kind(
    policy: &dyn Stateful,
    generic: Option<&TokenStream>,
    name: impl Fn(&str) -> TokenStream,
) -> TokenStream {
    let at = generic_at(generic);
    let generic = generic.map(|generic| quote_spanned!(at=> <#generic>));
    let state = name(policy.names().state);
    match policy.state().key {
        None => quote!(#state #generic),
        Some(_) => {
            let keyed = name("Keyed");
            quote_spanned!(at=> #keyed<#state #generic>)
        }
    }
}

/// The static of a function.
pub(super) fn declare(policy: &dyn Stateful, site: &Ident) -> Declaration {
    let state = policy.state();
    let generic = policy.generic(&runtime);
    let at = generic_at(generic.as_ref());
    let settings = || moved(policy.settings());
    let (make, arguments) = match (&state.of_impl, &state.state, &state.key) {
        (Some(shared), _, None) => ("of_impl", quote_spanned!(at=> &#site, &#shared)),
        (Some(shared), _, Some(_)) => ("of_impl_keyed", quote_spanned!(at=> &#site, &#shared)),
        (None, Some(_), _) => ("shared", quote_spanned!(at=> &#site)),
        (None, None, None) => {
            let settings = settings();
            ("new", quote_spanned!(at=> &#site, #settings))
        }
        (None, None, Some(_)) => {
            let (settings, max_keys) = (settings(), state.max_keys());
            ("keyed", quote_spanned!(at=> &#site, #settings, #max_keys))
        }
    };
    Declaration {
        generic: generic.map(|generic| quote_spanned!(at=> <#generic>)),
        make,
        at,
        ..Declaration::new(policy.names().layer, arguments)
    }
}

/// Whether the state is one for all methods of an `impl`.
pub(crate) fn is_of_impl(policy: &dyn Stateful) -> bool {
    let state = policy.state();
    let scope = state.scope.as_ref().and_then(Setting::literal);
    state.state.is_none() && scope.map_or(policy.names().of_impl, |scope| scope == "impl")
}

/// `static NAME: RateLimiter = { .. };` beside an `impl`.
pub(crate) fn declare_of_impl(
    policy: &dyn Stateful,
    name: &Ident,
    krate: Option<&Path>,
) -> TokenStream {
    let state = policy.state();
    let at = Span::mixed_site();
    let private = krate::private(krate);
    let from_outside = |name: &str| {
        let name = Ident::new(name, at);
        quote_spanned!(at=> #private::#name)
    };
    let generic = policy.generic(&from_outside);
    let type_at = generic_at(generic.as_ref());
    let kind = kind(policy, generic.as_ref(), |name| {
        moved_to(type_at, from_outside(name))
    });
    let import = krate::import(TokenStream::new(), krate);
    let one = policy.one(&runtime_at(type_at, policy.names().state));
    let value = match &state.key {
        None => one,
        Some(_) => {
            let max_keys = state.max_keys();
            quote_spanned!(at=> __resilient::Keyed::new(#one).max_keys(#max_keys))
        }
    };
    quote_spanned!(at=>
        static #name: #kind = {
            #import
            #value
        };
    )
}

// let _ = &raw const SHARED;                 let there = elsewhere(self.shared());
// let state: &Bulkhead = &SHARED;            let state: &Bulkhead = &there;
//
/// A state that is named and not made. A constant, or what a function gives by value, would be another one in each
/// call, and a state that forgets everything looks like one that works.
fn there_already(expr: &Expr) -> (Option<TokenStream>, TokenStream) {
    let mut named = value::ungrouped(expr);
    while let Expr::Reference(inner) = named {
        named = value::ungrouped(&inner.expr);
    }
    let at = Span::mixed_site();
    let place = operand(named);
    match named {
        Expr::Call(_) | Expr::MethodCall(_) | Expr::Block(_) | Expr::Const(_) => {
            let there = located(
                named,
                |at| quote_spanned!(at=> __resilient::elsewhere(#place)),
            );
            let bound = quote_spanned!(at=> let there = #there;);
            (Some(bound), located(named, |at| quote_spanned!(at=> there)))
        }
        Expr::Path(_) => {
            let named = located(named, |at| quote_spanned!(at=> let _ = &raw const #place;));
            (Some(named), place)
        }
        _ => (None, operand(expr)),
    }
}

/// What a call asks, and of whose state.
pub(super) fn prepare(policy: &dyn Stateful, local: &Ident) -> TokenStream {
    let at = Span::mixed_site();
    let state = policy.state();
    if state.state.is_none() && state.key.is_none() && state.cost.is_none() {
        return TokenStream::new();
    }
    let named = state.state.as_ref().map(|expr| {
        let name = state_name(local);
        let generic = policy.generic_elsewhere();
        let kind = located(expr, |at| {
            let kind = kind(policy, generic.as_ref(), |name| {
                let name = Ident::new(name, at);
                quote_spanned!(at=> __resilient::#name)
            });
            quote_spanned!(at=> &#kind)
        });
        let (checked, place) = there_already(expr);
        let borrowed = located(expr, |at| quote_spanned!(at=> &#place));
        (
            name.clone(),
            quote_spanned!(at=> #checked let #name: #kind = #borrowed;),
        )
    });
    let (name, named) = named.unzip();
    let max_wait = state.max_wait.as_ref().filter(|_| name.is_some());
    let asked: Vec<TokenStream> = [
        state.cost.as_ref().map(cost),
        max_wait.map(|max_wait| call("max_wait", max_wait)),
    ]
    .into_iter()
    .flatten()
    .collect();
    let names = policy.names();
    let found = match (&state.key, &name) {
        (None, None) => quote_spanned!(at=> #local.own() #(#asked)*),
        (None, Some(name)) => {
            let over = names.method("over");
            quote_spanned!(at=> #local.#over(#name) #(#asked)*)
        }
        (Some(key), name) => {
            let borrowed = located(key, |at| {
                let place = operand(key);
                quote_spanned!(at=> &#place)
            });
            let key = located(key, |at| quote_spanned!(at=> __resilient::key!(key)));
            let found = match name {
                None => {
                    let of_key = names.method("of_key");
                    quote_spanned!(at=> #local.#of_key(#key))
                }
                Some(name) => {
                    let over_key = names.method("over_key");
                    quote_spanned!(at=> #local.#over_key(#name, #key))
                }
            };
            quote_spanned!(at=> match #borrowed { key => #found #(#asked)*, })
        }
    };
    let local = names.local(local);
    quote_spanned!(at=> #named let #local = #found;)
}

// let call = bulkhead.guard(call);
pub(super) fn guard(around: &Around<'_>, inside: Flow) -> Flow {
    let at = Span::mixed_site();
    let (local, inside) = (around.local, moved(inside.into_call(around)));
    Flow::Call(quote_spanned!(at=> #inside let call = #local.guard(call);))
}

// .cost(3), .cost(__resilient::cost(items.len()))
fn cost(cost: &Setting<u32>) -> TokenStream {
    if cost.is_literal() {
        return call("cost", cost);
    }
    let whole = located(
        &cost.expr,
        |at| quote_spanned!(at=> __resilient::cost(#cost)),
    );
    call("cost", &whole)
}

/// `state` for `breaker`, `state_2` for `breaker_2`.
fn state_name(local: &Ident) -> Ident {
    let text = local.to_string();
    let number: String = text
        .chars()
        .rev()
        .take_while(char::is_ascii_digit)
        .collect();
    let number: String = number.chars().rev().collect();
    match number.as_str() {
        "" => Ident::new("state", local.span()),
        number => Ident::new(&format!("state_{number}"), local.span()),
    }
}

/// An expression as it can stand behind `&`, also where a block follows.
fn operand(expr: &Expr) -> TokenStream {
    let whole = matches!(
        expr,
        Expr::Path(_)
            | Expr::Field(_)
            | Expr::MethodCall(_)
            | Expr::Call(_)
            | Expr::Index(_)
            | Expr::Lit(_)
            | Expr::Macro(_)
            | Expr::Paren(_)
            | Expr::Tuple(_)
            | Expr::Array(_)
            | Expr::Reference(_)
            | Expr::Unary(_)
            | Expr::Try(_)
            | Expr::Await(_)
    );
    if whole {
        return expr.to_token_stream();
    }
    let at = Span::mixed_site().located_at(syn::spanned::Spanned::span(expr));
    quote_spanned!(at=> (#expr))
}
