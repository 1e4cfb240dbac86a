//! `#[adaptive_concurrency]`
//!
//! ```text
//! static __RESILIENT_LIMITER: AdaptiveLayer<Elasticity> = ..;
//! let call = limiter.guard(call);
//! ```

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Expr;

use super::state::{self, Names, State, Stateful};
use super::{Declaration, Layer};
use crate::args::{Args, Bare, Key};
use crate::errors::Errors;
use crate::flow::{Around, Flow};
use crate::value::{self, Setting, checked_whole, later, with_knobs};

const NAMES: Names = Names::new("limiter", "AdaptiveLayer", "AdaptiveConcurrency");

const SIDES: &[&str] = &["server", "client"];
const ALGORITHMS: &[&str] = &["elasticity", "aimd", "gradient2", "vegas"];

/// `min` and `max`, where they are not given.
const LEAST: u32 = 1;
const MOST: u32 = 1000;

#[derive(Default)]
pub(crate) struct AdaptiveConcurrency {
    /// `None` where the state brings it, and after a mistake that has been reported.
    algorithm: Option<Algorithm>,
    initial: Option<Setting<u32>>,
    min: Option<Setting<u32>>,
    max: Option<Setting<u32>>,
    max_queue: Option<Setting<u32>>,
    state: State,
}

enum Algorithm {
    Ours(&'static str),
    /// A type of the user's, as it is written.
    Own(Expr),
}

impl AdaptiveConcurrency {
    pub(super) const KEYS: &'static [Key] = &[
        Key::plain("side"),
        Key::or_type("algorithm"),
        Key::plain("initial"),
        Key::plain("min"),
        Key::plain("max"),
        Key::plain("max_queue"),
        Key::duration("max_wait"),
        Key::plain("classify"),
    ];
    pub(super) const BARE: Bare = Bare::Means("side", |expr| {
        value::string(expr).is_some_and(|text| SIDES.contains(&text.value().as_str()))
    });
    pub(super) const ELSEWHERE: &'static [(&'static str, &'static str)] = &[
        // Netflix concurrency-limits and its ports
        ("limiter", "algorithm"),
        ("limit", "max"),
        ("strategy", "algorithm"),
        ("initial_limit", "initial"),
        ("min_limit", "min"),
        ("max_limit", "max"),
        ("backlog_size", "max_queue"),
        ("backlog_timeout", "max_wait"),
        // Envoy and others
        ("min_concurrency", "min"),
        ("max_concurrency", "max"),
        ("max_concurrent", "max"),
        ("max_concurrency_limit", "max"),
        ("queue", "max_queue"),
        ("timeout", "max_wait"),
        ("role", "side"),
    ];

    pub(super) fn parse(args: &Args, errors: &mut Errors) -> Self {
        let calls = "is a number of calls at a time";
        let limiter = Self {
            algorithm: algorithm(args, errors),
            initial: value::count(args, "initial", calls, errors),
            min: value::count(args, "min", calls, errors),
            max: value::count(args, "max", calls, errors),
            max_queue: value::amount(args, "max_queue", "is a number of waiting calls", errors),
            state: State::parse(args, &NAMES, errors),
        };
        limiter.state.check_queue(&limiter.max_queue, errors);
        limiter.check_range(errors);
        limiter
    }

    fn check_range(&self, errors: &mut Errors) {
        let known = |setting: &Option<Setting<u32>>, otherwise| match setting {
            Some(setting) => setting.literal(),
            None => self.state.is_of_code().then_some(otherwise),
        };
        let (least, most) = (known(&self.min, LEAST), known(&self.max, MOST));
        if let (Some(least), Some(most)) = (least, most)
            && least > most
        {
            match (&self.max, &self.min) {
                (Some(max), _) => errors.over(
                    &max.expr,
                    format!("`max` is below `min`, which is {least}: raise it, or lower `min`"),
                ),
                (None, Some(min)) => errors.over(
                    &min.expr,
                    format!("the limit is at most {most} unless `max` says otherwise: give a `max` as well"),
                ),
                (None, None) => {}
            }
            return;
        }
        let Some(initial) = &self.initial else { return };
        let Some(begin) = initial.literal() else {
            return;
        };
        if let Some(least) = least.filter(|least| begin < *least) {
            let message =
                format!("`initial` is below `min`, which is {least}: raise it, or lower `min`");
            errors.over(&initial.expr, message);
        } else if let Some(most) = most.filter(|most| begin > *most) {
            let message =
                format!("`initial` is above `max`, which is {most}: lower it, or raise `max`");
            errors.over(&initial.expr, message);
        }
    }
}

impl AdaptiveConcurrency {
    /// What `check_range` could not know, checked once all is.
    fn in_range(&self, mut settings: TokenStream) -> TokenStream {
        let unknown = |knobs: &[&Option<Setting<u32>>]| {
            let mut knobs = knobs.iter();
            self.state.policy.is_some() || knobs.any(|knob| later(knob).is_some())
        };
        if let Some(culprit) = self.max.as_ref().or(self.min.as_ref())
            && unknown(&[&self.min, &self.max])
        {
            settings = value::agreed(&settings, "bounds", None, &culprit.expr);
        }
        if let Some(initial) = &self.initial
            && unknown(&[&self.initial, &self.min, &self.max])
        {
            settings = value::agreed(&settings, "initial", None, &initial.expr);
        }
        settings
    }
}

fn algorithm(args: &Args, errors: &mut Errors) -> Option<Algorithm> {
    let side = value::word(args, "side", SIDES, errors);
    if let (Some(_), Some(algorithm)) = (args.given("side"), args.given("algorithm")) {
        let message =
            "`side` chooses the algorithm, so `algorithm` says it again: keep one of the two";
        errors.at(algorithm.key.span(), message);
        return None;
    }
    if let Some(side) = &side {
        let chosen = side.literal().map(|side| match side {
            "server" => "elasticity",
            _ => "aimd",
        });
        if value::literal(&side.expr).is_none() {
            let message = "`side` is written out, for it chooses a type: \"server\" or \"client\"";
            errors.over(&side.expr, message);
        }
        return chosen.map(Algorithm::Ours);
    }
    if let Some(ty) = args.ty("algorithm") {
        return Some(Algorithm::Own(Expr::Verbatim(ty.to_token_stream())));
    }
    if let Some(expr) = args.expr("algorithm") {
        if value::literal(&expr).is_none() {
            let message = "`algorithm` is a type or one of \"elasticity\", \"aimd\", \"gradient2\", \"vegas\"; for settings of \
                           its own, make the limiter and name it by `state = ..`";
            errors.over(&expr, message);
            return None;
        }
        let word = value::word(args, "algorithm", ALGORITHMS, errors);
        return word.and_then(|word| word.literal()).map(Algorithm::Ours);
    }
    if args.given("side").is_none() && args.given("state").is_none() && args.is_whole() {
        let message = "which side is this? Write `side = \"server\"` where calls come in and the work is done, `side = \"client\"` \
                       where they go out to a service that others call too (or name the `algorithm`): what is right for the \
                       one is wrong for the other";
        errors.at(args.attribute.span(), message);
    }
    None
}

impl Algorithm {
    fn ty(&self, runtime: &dyn Fn(&str) -> TokenStream) -> TokenStream {
        match self {
            Self::Own(path) => path.to_token_stream(),
            Self::Ours("aimd") => runtime("Aimd"),
            Self::Ours("gradient2") => runtime("Gradient2"),
            Self::Ours("vegas") => runtime("Vegas"),
            Self::Ours(_) => runtime("Elasticity"),
        }
    }
}

impl Stateful for AdaptiveConcurrency {
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
            None => quote_spanned!(at=> __resilient::AdaptiveConcurrencySettings::new()),
        };
        let settings = with_knobs(
            base,
            [
                ("initial", checked_whole(&self.initial, "count")),
                ("min", checked_whole(&self.min, "count")),
                ("max", checked_whole(&self.max, "count")),
                ("max_queue", checked_whole(&self.max_queue, "amount")),
                ("max_wait", self.state.max_wait_setting()),
            ],
        );
        self.in_range(settings)
    }

    /// A static has to name it, also where each call brings another.
    fn generic(&self, runtime: &dyn Fn(&str) -> TokenStream) -> Option<TokenStream> {
        Some(match &self.algorithm {
            Some(algorithm) => algorithm.ty(runtime),
            None => runtime("Elasticity"),
        })
    }

    fn generic_elsewhere(&self) -> Option<TokenStream> {
        Some(quote!(_))
    }
}

impl Layer for AdaptiveConcurrency {
    fn local(&self) -> &'static str {
        "limiter"
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
        let algorithm = self
            .algorithm
            .as_ref()
            .and_then(|algorithm| match algorithm {
                Algorithm::Own(path) => Some(path),
                Algorithm::Ours(_) => None,
            });
        let own = [
            algorithm,
            later(&self.initial),
            later(&self.min),
            later(&self.max),
            later(&self.max_queue),
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
