//! `#[retry]`
//!
//! ```text
//! let retry_settings = retry.code().count(..);        // where a knob is no literal
//! let mut attempts = retry.attempts_with(retry_settings).within(&retry_budget);
//! loop {
//!     let attempt = attempts.start();
//!     let call = ..;
//!     let call = attempt.run(call);                   // tells the code inside its number
//!     let pause = match attempts.next(call.await) {
//!         ControlFlow::Break(outcome) => break outcome,
//!         ControlFlow::Continue(pause) => pause,
//!     };
//!     pause.await;
//! }
//! ```
//!
//! The pause leaves the `match` before it is awaited: else the outcome would live on over the
//! await, in a bigger future that is `!Send` where the answer is.

use std::time::Duration;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Expr;

use super::budget::Budget;
use super::state::{State, Stateful};
use super::{Declaration, Layer};
use crate::args::{Args, Bare, Key};
use crate::errors::Errors;
use crate::flow::{Around, Flow, Rule, rules};
use crate::tokens::moved;
use crate::value::{self, Jitter, Setting, Zero, call, located, ungrouped};

const COUNT: u32 = 3;
/// `max_delay`, where it is not given.
const LONGEST: Duration = Duration::from_secs(30);
const BACKOFFS: &[&str] = &["constant", "linear", "exponential", "fib", "decorrelated"];

#[derive(Default)]
pub(crate) struct Retry {
    count: Option<Setting<u32>>,
    backoff: Option<Setting<&'static str>>,
    delay: Option<Setting<Duration>>,
    factor: Option<Setting<f64>>,
    max_delay: Option<Setting<Duration>>,
    jitter: Option<Setting<Jitter>>,
    max_elapsed: Option<Setting<Duration>>,
    on_timeout: Option<Setting<&'static str>>,
    on_open: Option<Setting<&'static str>>,
    when: Option<Expr>,
    when_ok: Option<Expr>,
    on_retry: Option<Expr>,
    budget: Budget,
    policy: Option<Expr>,
    clones: Vec<Ident>,
}

impl Retry {
    pub(super) const KEYS: &'static [Key] = &[
        Key::plain("count"),
        Key::plain("backoff"),
        Key::duration("delay"),
        Key::plain("factor"),
        Key::duration("max_delay"),
        Key::plain("jitter"),
        Key::duration("max_elapsed"),
        Key::plain("when"),
        Key::plain("when_ok"),
        Key::plain("on_timeout"),
        Key::plain("on_open"),
        Key::plain("budget"),
        Key::plain("key"),
        Key::plain("max_keys"),
        Key::plain("scope"),
        Key::plain("on_retry"),
        Key::names("clone"),
        Key::plain("classify"),
        Key::plain("policy"),
    ];
    pub(super) const BARE: Bare = Bare::Means("count", |expr| {
        matches!(value::literal(expr), Some((false, syn::Lit::Int(_))))
    });
    pub(super) const ELSEWHERE: &'static [(&'static str, &'static str)] = &[
        ("attempts", "count"),
        ("max_attempts", "count"),
        ("max_retries", "count"),
        ("retries", "count"),
        ("times", "count"),
        ("strategy", "backoff"),
        ("wait", "delay"),
        ("base_delay", "delay"),
        ("initial_delay", "delay"),
        ("multiplier", "factor"),
        ("retry_if", "when"),
        ("max_duration", "max_elapsed"),
        ("retry_budget", "budget"),
        ("state", "budget"),
        ("throttling", "budget"),
    ];

    pub(super) fn parse(args: &Args, errors: &mut Errors) -> Self {
        const ZERO: Zero = Zero::Refused("no time at all leaves no room for a retry");
        let retry = Self {
            count: value::count(
                args,
                "count",
                "counts all attempts, the first included",
                errors,
            ),
            backoff: value::word(args, "backoff", BACKOFFS, errors),
            delay: value::duration(args, "delay", Zero::Allowed, errors),
            factor: value::factor(args, "factor", errors),
            max_delay: value::duration(args, "max_delay", Zero::Allowed, errors),
            jitter: value::jitter(args, errors),
            max_elapsed: value::duration(args, "max_elapsed", ZERO, errors),
            on_timeout: value::word(args, "on_timeout", &["retry", "abort"], errors),
            on_open: value::word(args, "on_open", &["abort", "wait"], errors),
            when: args.expr("when"),
            when_ok: args.expr("when_ok"),
            on_retry: args.expr("on_retry"),
            budget: Budget::parse(args, errors),
            policy: args.expr("policy"),
            clones: args.names("clone"),
        };
        retry.check(args, errors);
        retry
    }

    fn check(&self, args: &Args, errors: &mut Errors) {
        if let Some(count) = &self.count
            && count.literal() == Some(1)
            && let Some(idle) = args
                .knobs()
                .iter()
                .find(|knob| says_how_to_retry(knob.name))
        {
            let message = format!(
                "`count = 1` is one attempt and no retry, so `{}` has nothing to say: raise `count`, or drop the other knobs",
                idle.key
            );
            errors.over(&count.expr, message);
        }
        if let (Some(delay), Some(cap)) = (&self.delay, &self.max_delay)
            && let (Some(shortest), Some(longest)) = (delay.literal(), cap.literal())
            && longest < shortest
        {
            let message = format!(
                "`{}` caps every pause, and is below `{}`: raise it, or lower `{}`",
                cap.key, delay.key, delay.key
            );
            errors.over(&cap.expr, message);
        }
        if let Some(delay) = &self.delay
            && delay.literal().is_some_and(|delay| delay > LONGEST)
            && self.max_delay.is_none()
            && self.policy.is_none()
        {
            let message = format!(
                "no pause is longer than {LONGEST:?} unless `max_delay` says so: give a `max_delay` as well"
            );
            errors.over(&delay.expr, message);
        }
        if let (Some(factor), Some(backoff)) = (&self.factor, &self.backoff)
            && backoff.literal().is_some_and(|word| word != "exponential")
        {
            let message = "only `backoff = \"exponential\"` grows by a factor: drop `factor`, or change `backoff`";
            errors.at(factor.key.span(), message);
        }
    }

    /// What the site's static holds, as long as the code knows it.
    fn settings(&self) -> TokenStream {
        let at = Span::mixed_site();
        let count = self.count.as_ref().filter(|count| count.is_literal());
        let mut settings = match (&self.policy, count) {
            (Some(policy), None) => quote_spanned!(at=> #policy),
            (Some(policy), Some(count)) => quote_spanned!(at=> #policy.count(#count)),
            (None, Some(count)) => quote_spanned!(at=> __resilient::Retry::new(#count)),
            (None, None) => {
                let count = proc_macro2::Literal::u32_unsuffixed(COUNT);
                quote_spanned!(at=> __resilient::Retry::new(#count))
            }
        };
        if let Some(backoff) = self.backoff.as_ref().and_then(Setting::literal) {
            let method = Ident::new(backoff, at);
            settings.extend(quote_spanned!(at=> .#method()));
        }
        for knob in self.knobs() {
            if let Some(value) = knob.now {
                settings.extend(call(knob.name, &value));
            }
        }
        settings
    }

    /// All knobs but `count` and `backoff`, which are not set like the others.
    fn knobs(&self) -> Vec<Written> {
        let at = Span::mixed_site();
        let mut knobs = Vec::new();
        let mut add = |name, now: bool, value: TokenStream| {
            let (now, later) = if now {
                (Some(value), None)
            } else {
                (None, Some(value))
            };
            knobs.push(Written { name, now, later });
        };
        if let Some(delay) = &self.delay {
            add("delay", delay.is_literal(), quote!(#delay));
        }
        if let Some(factor) = &self.factor {
            add("factor", factor.is_literal(), quote!(#factor));
        }
        if let Some(max_delay) = &self.max_delay {
            add("max_delay", max_delay.is_literal(), quote!(#max_delay));
        }
        if let Some(jitter) = &self.jitter {
            let value = match jitter.literal() {
                Some(_) => quote!(#jitter),
                None => quote_spanned!(at=> __resilient::Jitter::from(#jitter)),
            };
            add("jitter", jitter.is_literal(), value);
        }
        if let Some(max_elapsed) = &self.max_elapsed {
            add(
                "max_elapsed",
                max_elapsed.is_literal(),
                quote!(#max_elapsed),
            );
        }
        if let Some(on_timeout) = &self.on_timeout {
            let value = match on_timeout.literal() {
                Some("abort") => quote_spanned!(at=> __resilient::OnTimeout::Abort),
                Some(_) => quote_spanned!(at=> __resilient::OnTimeout::Retry),
                None => on_timeout.expr.to_token_stream(),
            };
            add("on_timeout", on_timeout.is_literal(), value);
        }
        if let Some(on_open) = &self.on_open {
            let value = match on_open.literal() {
                Some("wait") => quote_spanned!(at=> __resilient::OnOpen::Wait),
                Some(_) => quote_spanned!(at=> __resilient::OnOpen::Abort),
                None => on_open.expr.to_token_stream(),
            };
            add("on_open", on_open.is_literal(), value);
        }
        knobs
    }

    fn later_backoff(&self) -> Option<&Expr> {
        let later = self
            .backoff
            .as_ref()
            .filter(|backoff| !backoff.is_literal());
        later.map(|backoff| &backoff.expr)
    }

    /// A backoff that is a closure stands where it is called: it may read what the body changes.
    fn inline_backoff(&self) -> Option<&Expr> {
        self.later_backoff().filter(|expr| is_closure(expr))
    }

    /// A backoff that is evaluated once per call.
    fn backoff_value(&self) -> Option<&Expr> {
        self.later_backoff().filter(|expr| !is_closure(expr))
    }

    /// What is evaluated once per call, by its knob; but a backoff, which is no plain value.
    fn later(&self) -> Vec<(&'static str, TokenStream)> {
        let count = self.count.as_ref().filter(|count| !count.is_literal());
        let count = count.map(|count| ("count", quote!(#count)));
        let others = self.knobs().into_iter();
        let others = others.filter_map(|knob| Some((knob.name, knob.later?)));
        count.into_iter().chain(others).collect()
    }
}

struct Written {
    name: &'static str,
    now: Option<TokenStream>,
    later: Option<TokenStream>,
}

fn is_closure(expr: &Expr) -> bool {
    match ungrouped(expr) {
        Expr::Closure(_) => true,
        Expr::Paren(paren) => is_closure(&paren.expr),
        _ => false,
    }
}

fn settings_name(local: &Ident) -> Ident {
    format_ident!("{local}_settings", span = local.span())
}

fn backoff_name(local: &Ident) -> Ident {
    format_ident!("{local}_backoff", span = local.span())
}

/// Whether a knob only matters once there is a second attempt.
fn says_how_to_retry(name: &str) -> bool {
    !matches!(
        name,
        "count" | "name" | "crate" | "into_error" | "classify" | "policy"
    )
}

impl Layer for Retry {
    fn local(&self) -> &'static str {
        "retry"
    }

    fn refuses(&self) -> bool {
        false
    }

    fn repeats(&self) -> bool {
        true
    }

    fn stateful(&self) -> Option<&dyn Stateful> {
        Some(&self.budget)
    }

    fn state_mut(&mut self) -> Option<&mut State> {
        Some(&mut self.budget.state)
    }

    fn held(&self) -> Vec<&Expr> {
        let backoff = self.backoff_value().into_iter();
        backoff.chain(self.budget.state.held()).collect()
    }

    fn constants_beside_state(&self) -> Vec<&Expr> {
        self.policy.iter().collect()
    }

    fn constants(&self) -> Vec<&Expr> {
        self.budget.constants().collect()
    }

    fn when_ok(&self) -> Option<&Expr> {
        self.when_ok.as_ref()
    }

    fn clones(&self) -> &[Ident] {
        &self.clones
    }

    fn declare(&self, site: &Ident) -> Declaration {
        let at = Span::mixed_site();
        let settings = self.settings();
        let mut names: Vec<&str> = self.later().into_iter().map(|(name, _)| name).collect();
        if self.later_backoff().is_some() {
            names.push("backoff");
        }
        let per_call = (!names.is_empty()).then(|| quote_spanned!(at=> .per_call(&[#(#names),*])));
        Declaration {
            after: per_call,
            ..self.budget.declare(site, settings)
        }
    }

    fn prepare(&self, local: &Ident) -> TokenStream {
        let at = Span::mixed_site();
        let later = self.later();
        let settings = (!later.is_empty()).then(|| {
            let name = settings_name(local);
            let calls = later.iter().map(|(name, value)| call(name, value));
            quote_spanned!(at=> let #name = #local.code() #(#calls)*;)
        });
        let backoff = self.backoff_value().map(|expr| {
            let name = backoff_name(local);
            quote_spanned!(at=> let #name = #expr;)
        });
        let budget = self.budget.prepare(local);
        quote!(#settings #backoff #budget)
    }

    fn wrap(&self, around: &Around<'_>, inside: Flow) -> Flow {
        let at = Span::mixed_site();
        let (local, inside) = (around.local, moved(inside.into_call(around)));

        let attempts = moved(if self.later().is_empty() {
            quote_spanned!(at=> let mut attempts = #local.attempts())
        } else {
            let settings = settings_name(local);
            quote_spanned!(at=> let mut attempts = #local.attempts_with(#settings))
        });
        let within = self.budget.within(local);
        let by_backoff = match self.inline_backoff() {
            Some(closure) => Some(located(
                closure,
                |at| quote_spanned!(at=> &__resilient::backoff(#closure)),
            )),
            None => self.backoff_value().map(|expr| {
                let name = backoff_name(local);
                located(expr, |at| quote_spanned!(at=> &#name))
            }),
        };
        let rules = rules(
            around.output,
            [
                Rule::given("when", self.when.as_ref()),
                Rule::given("when_ok", self.when_ok.as_ref()),
                Rule::given("on_retry", self.on_retry.as_ref()),
                by_backoff.map(|value| Rule::new("backoff", value)),
            ],
        );
        let attempt = moved(quote_spanned!(at=>
            let attempt = attempts.start();
            #inside
            let call = attempt.run(call);
            let pause = match
        ));
        let next = moved(match rules {
            Some(rules) => quote_spanned!(at=> #attempt attempts.next_by(call.await, &#rules)),
            None => quote_spanned!(at=> #attempt attempts.next(call.await)),
        });
        Flow::Outcome {
            statements: quote_spanned!(at=> #attempts #within;),
            outcome: quote_spanned!(at=>
                loop {
                    #next {
                        __resilient::Break(outcome) => break outcome,
                        __resilient::Continue(pause) => pause,
                    };
                    pause.await;
                }
            ),
        }
    }
}
