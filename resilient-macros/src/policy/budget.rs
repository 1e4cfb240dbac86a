//! The budget of a `#[retry]`: whose it is, and where a call finds it.
//!
//! ```text
//! static __RESILIENT_RETRY: RetryLayer = RetryLayer::new(&__RESILIENT_SITE, SETTINGS);
//!
//! budget = "none"                  RetryLayer::unbudgeted(&__RESILIENT_SITE, SETTINGS)
//! budget = RetryBudget::strict()   RetryLayer::budgeted(&__RESILIENT_SITE, SETTINGS, RetryBudget::strict())
//! key = host                       RetryLayer::keyed(&__RESILIENT_SITE, SETTINGS, RetryBudget::new(), 10_000)
//!                                  let retry_budget = match &host { key => retry.budget_of_key(key!(key)) };
//! budget = SHARED                  RetryLayer::shared(&__RESILIENT_SITE, SETTINGS)
//!                                  let state: &RetryBudget = &SHARED;
//!                                  let retry_budget = retry.budget_over(state);
//! both                             let state: &Keyed<RetryBudget> = &SHARED;
//!                                  let retry_budget = match &host { key => retry.budget_over_key(state, key!(key)) };
//! of an impl                       RetryLayer::of_impl(&__RESILIENT_SITE, SETTINGS, &__RESILIENT_IMPL_RETRY_..)
//! ```

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Expr, Lit};

use super::Declaration;
use super::state::{self, Names, State, Stateful};
use crate::args::Args;
use crate::errors::Errors;
use crate::tokens::moved;
use crate::value::{self, later, literal};

const NAMES: Names = Names {
    knob: "budget",
    part: Some("budget"),
    of_impl: false,
    ..Names::new("retry budget", "RetryLayer", "RetryBudget")
};

const NONE: &str = "none";

#[derive(Default)]
pub(super) struct Budget {
    none: bool,
    /// One of this site's own, where it is not the default.
    own: Option<Expr>,
    /// Whose it is; the one that is there already, if that is what `budget` names.
    pub(super) state: State,
}

impl Budget {
    pub(super) fn parse(args: &Args, errors: &mut Errors) -> Self {
        let budget = args.expr("budget");
        if let Some(expr) = &budget
            && value::string(expr).is_some_and(|text| text.value() == NONE)
        {
            none_stands_alone(args, errors);
            return Self {
                none: true,
                ..Self::default()
            };
        }
        let mut state = State::parse(args, &NAMES, errors);
        let mut own = None;
        if let Some(expr) = budget {
            if let Some((negative, lit)) = literal(&expr) {
                errors.over(&expr, instead_of(negative, lit));
            } else if let Some(made) = made_here(&expr) {
                own = Some(made.clone());
            } else if begins_in(&expr, |ty, function| {
                function == "new" && ["Arc", "Rc", "Box"].iter().any(|name| ty == name)
            }) {
                let message = "this makes a new budget for each call, which then shares it with no other: name one that is \
                               there already, or write `RetryBudget::new()` for one of this function's own";
                errors.over(&expr, message);
            } else {
                beside_one_that_is_there(args, errors);
                state.state = Some(expr);
            }
        }
        Self {
            none: false,
            own,
            state,
        }
    }

    pub(super) fn constants(&self) -> impl Iterator<Item = &Expr> {
        self.own.iter().chain(later(&self.state.max_keys))
    }

    /// Whether each call looks its budget up.
    fn is_looked_up(&self) -> bool {
        self.state.is_elsewhere() || self.state.key.is_some()
    }

    /// The static of a retry, with `settings` of the retry itself.
    pub(super) fn declare(&self, site: &Ident, settings: TokenStream) -> Declaration {
        let (at, settings) = (Span::mixed_site(), moved(settings));
        let state = &self.state;
        let settings = moved(quote_spanned!(at=> &#site, #settings));
        let (make, arguments) = match (&state.of_impl, &state.key) {
            _ if self.none => ("unbudgeted", quote!(#settings)),
            _ if state.is_elsewhere() => ("shared", quote!(#settings)),
            (Some(of_impl), None) => ("of_impl", quote_spanned!(at=> #settings, &#of_impl)),
            (Some(of_impl), Some(_)) => {
                ("of_impl_keyed", quote_spanned!(at=> #settings, &#of_impl))
            }
            (None, Some(_)) => {
                let one = self.one(&quote_spanned!(at=> __resilient::RetryBudget));
                let max_keys = state.max_keys();
                ("keyed", quote_spanned!(at=> #settings, #one, #max_keys))
            }
            (None, None) => match &self.own {
                None => ("new", quote!(#settings)),
                Some(own) => ("budgeted", quote_spanned!(at=> #settings, #own)),
            },
        };
        Declaration {
            make,
            ..Declaration::new("RetryLayer", arguments)
        }
    }

    pub(super) fn prepare(&self, local: &Ident) -> TokenStream {
        if self.is_looked_up() {
            state::prepare(self, local)
        } else {
            TokenStream::new()
        }
    }

    /// `.within(&retry_budget)`
    pub(super) fn within(&self, local: &Ident) -> Option<TokenStream> {
        let at = Span::mixed_site();
        let budget = NAMES.local(local);
        self.is_looked_up()
            .then(|| quote_spanned!(at=> .within(&#budget)))
    }
}

impl Stateful for Budget {
    fn names(&self) -> &'static Names {
        &NAMES
    }

    fn state(&self) -> &State {
        &self.state
    }

    fn settings(&self) -> TokenStream {
        TokenStream::new()
    }

    fn one(&self, of: &TokenStream) -> TokenStream {
        let at = Span::mixed_site();
        match &self.own {
            Some(own) => own.to_token_stream(),
            None => quote_spanned!(at=> #of::new()),
        }
    }
}

/// What makes a budget, and does not name one that is there: it begins in a call of the type's own
/// function, `RetryBudget::new().named("cache")`. `Registry::global().budget()` names one.
fn made_here(expr: &Expr) -> Option<&Expr> {
    match expr {
        Expr::Group(inner) => made_here(&inner.expr),
        Expr::Paren(inner) => made_here(&inner.expr),
        Expr::Reference(inner) => made_here(&inner.expr),
        _ => begins_in(expr, |ty, _| ty == "RetryBudget").then_some(expr),
    }
}

/// Whether an expression begins in a call of such a type's function.
fn begins_in(expr: &Expr, is_meant: impl Fn(&Ident, &Ident) -> bool) -> bool {
    let mut expr = value::ungrouped(expr);
    loop {
        expr = match expr {
            Expr::Paren(inner) => value::ungrouped(&inner.expr),
            Expr::MethodCall(call) => value::ungrouped(&call.receiver),
            Expr::Call(call) => {
                let Expr::Path(path) = value::ungrouped(&call.func) else {
                    return false;
                };
                let mut segments = path.path.segments.iter().rev();
                let (function, ty) = (segments.next(), segments.next());
                return match (function, ty) {
                    (Some(function), Some(ty)) => is_meant(&ty.ident, &function.ident),
                    _ => false,
                };
            }
            _ => return false,
        };
    }
}

fn none_stands_alone(args: &Args, errors: &mut Errors) {
    for name in ["key", "max_keys", "scope"] {
        if let Some(knob) = args.given(name) {
            let message = format!(
                "`budget = \"none\"` keeps no budget, so `{name}` has nothing to say: keep one of the two"
            );
            errors.at(knob.key.span(), message);
        }
    }
}

fn beside_one_that_is_there(args: &Args, errors: &mut Errors) {
    if let Some(scope) = args.given("scope") {
        let message = "`budget` names one that is there already, so `scope` has nothing to say: keep one of the two";
        errors.at(scope.key.span(), message);
    }
    if let (Some(max_keys), Some(_)) = (args.given("max_keys"), args.given("key")) {
        let message = "`budget` names a `Keyed` with a bound of its own, so `max_keys` would change nothing: set it where \
                       that is made";
        errors.at(max_keys.key.span(), message);
    }
}

/// What to write in the place of a literal.
fn instead_of(negative: bool, lit: &Lit) -> String {
    let settings = |set: String| format!("RetryBudget::with(RetryBudgetSettings::new().{set})");
    let write = match lit {
        Lit::Float(ratio) if !negative => settings(format!("ratio({})", ratio.base10_digits())),
        Lit::Int(capacity) if !negative => {
            settings(format!("capacity({})", capacity.base10_digits()))
        }
        Lit::Str(text) if text.value() == "strict" => "RetryBudget::strict()".to_owned(),
        Lit::Bool(on) if on.value => "RetryBudget::new()".to_owned(),
        Lit::Bool(_) => format!("\"{NONE}\""),
        _ => {
            return format!(
                "a budget is a `RetryBudget`: write `budget = RetryBudget::strict()`, or the name of one that several \
                 functions share, or `budget = \"{NONE}\"`"
            );
        }
    };
    format!("a budget is a `RetryBudget`: write `budget = {write}`")
}
