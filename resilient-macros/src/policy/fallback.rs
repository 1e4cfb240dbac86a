//! `#[fallback]`
//!
//! ```text
//! let failure = match call.await {
//!     Err(failure) if fallback.replaces(&failure) => failure,
//!     outcome => return running.end(outcome).map_err(Failure::into_error),
//! };
//! let ret = answer(stale(client, key, failure.into_error())).await;
//! running.answer(ret)
//! ```
//!
//! The outcome is gone before the other answer is awaited: else it would live on over that await, in a
//! bigger future that is `!Send` where the answer is.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Expr;

use super::{Declaration, Layer};
use crate::args::{Args, Bare, Key};
use crate::errors::Errors;
use crate::flow::{Around, Flow};
use crate::value::{located, ungrouped};

pub(crate) struct Fallback {
    /// `None` after a mistake that has been reported.
    answer: Option<Answer>,
    pub(crate) when: Option<Expr>,
    when_ok: Option<Expr>,
    clones: Vec<Ident>,
}

enum Answer {
    Value(Expr),
    With(Expr),
}

impl Fallback {
    pub(super) const KEYS: &'static [Key] = &[
        Key::plain("value"),
        Key::plain("with"),
        Key::plain("when"),
        Key::plain("when_ok"),
        Key::names("clone"),
        Key::plain("classify"),
    ];
    pub(super) const BARE: Bare = Bare::Means("with", |expr| {
        matches!(ungrouped(expr), Expr::Path(_) | Expr::Closure(_))
    });
    pub(super) const ELSEWHERE: &'static [(&'static str, &'static str)] = &[
        ("default", "value"),
        ("method", "with"),
        ("function", "with"),
        ("handler", "with"),
    ];

    pub(super) fn parse(args: &Args, errors: &mut Errors) -> Self {
        let answer = match (args.expr("value"), args.expr("with")) {
            (Some(value), None) => Some(Answer::Value(value)),
            (None, Some(with)) => Some(Answer::With(with)),
            (Some(_), Some(_)) => {
                if let Some(with) = args.given("with") {
                    let message =
                        "`value` and `with` each give the other answer: keep one of the two";
                    errors.at(with.key.span(), message);
                }
                None
            }
            (None, None) => {
                // A knob that could not be read has been reported.
                if args.is_whole() {
                    let message = "a fallback needs its other answer: write `value = expression`, or `with = function` \
                                   that takes the same arguments and the error";
                    errors.at(args.attribute.span(), message);
                }
                None
            }
        };
        if let (Some(Answer::With(_)), Some(knob)) = (&answer, args.given("when_ok")) {
            let message = "an `Ok` has no error to hand to `with`: use `value`, or drop `when_ok`";
            errors.at(knob.key.span(), message);
        }
        Self {
            answer,
            when: args.expr("when"),
            when_ok: args.expr("when_ok"),
            clones: args.names("clone"),
        }
    }

    // fallback.replaces(&failure)
    // fallback.replaces_when(&failure, from_policy, predicate::<R, _>(|error| ..))
    // fallback.replaces_own_when(&failure, predicate::<R, _>(|error| ..))
    fn replaces(&self, around: &Around<'_>, failure: &TokenStream) -> TokenStream {
        let at = Span::mixed_site();
        let (local, output) = (around.local, &around.output.nameable);
        match &self.when {
            None => quote_spanned!(at=> #local.replaces(#failure)),
            Some(when) => {
                let method = |name| located(when, |at| Ident::new(name, at).to_token_stream());
                let when = located(
                    when,
                    |at| quote_spanned!(at=> __resilient::predicate::<#output, _>(#when)),
                );
                if around.refused_inside {
                    let method = method("replaces_when");
                    let convert = around.conversion();
                    quote!(#local.#method(#failure, #convert, #when))
                } else {
                    let method = method("replaces_own_when");
                    quote!(#local.#method(#failure, #when))
                }
            }
        }
    }

    /// A pattern with its guard.
    fn condition(&self, around: &Around<'_>) -> TokenStream {
        let at = Span::mixed_site();
        let (local, output) = (around.local, &around.output.nameable);
        let replaces = |failure| self.replaces(around, &failure);
        match &self.when_ok {
            None => {
                let replaces = replaces(quote_spanned!(at=> &failure));
                quote_spanned!(at=> __resilient::Err(failure) if #replaces)
            }
            Some(when_ok) => {
                let on_error = replaces(quote_spanned!(at=> failure));
                let when_ok = located(
                    when_ok,
                    |at| quote_spanned!(at=> __resilient::ok_predicate::<#output, _>(#when_ok)),
                );
                quote_spanned!(at=>
                    outcome if #local.replaces_outcome(
                        &outcome,
                        |failure| #on_error,
                        #when_ok,
                    )
                )
            }
        }
    }
}

impl Layer for Fallback {
    fn local(&self) -> &'static str {
        "fallback"
    }

    fn refuses(&self) -> bool {
        false
    }

    fn hands_on(&self) -> bool {
        matches!(self.answer, Some(Answer::With(_)))
    }

    fn afterwards(&self) -> Vec<&Expr> {
        let answer = self.answer.as_ref().map(|answer| match answer {
            Answer::Value(expr) | Answer::With(expr) => expr,
        });
        answer
            .into_iter()
            .chain(&self.when)
            .chain(&self.when_ok)
            .collect()
    }

    fn when_ok(&self) -> Option<&Expr> {
        self.when_ok.as_ref()
    }

    fn clones(&self) -> &[Ident] {
        &self.clones
    }

    fn declare(&self, site: &Ident) -> Declaration {
        let at = Span::mixed_site();
        Declaration::new("FallbackLayer", quote_spanned!(at=> &#site))
    }

    fn wrap(&self, around: &Around<'_>, inside: Flow) -> Flow {
        let at = Span::mixed_site();
        let pattern = self.condition(around);
        let passed = if around.outermost {
            around.finish(TokenStream::new())
        } else {
            quote_spanned!(at=> outcome)
        };
        let answered = answered(around);
        let output = &around.output.hinted;
        let answer = match &self.answer {
            None => return inside,
            Some(Answer::Value(expr)) => {
                let (statements, chosen) = inside.into_match(&quote_spanned!(at=>
                    #pattern => {}
                    outcome => return #passed,
                ));
                quote_spanned!(at=>
                    #statements
                    #chosen
                    let ret: #output = #expr;
                    #answered
                )
            }
            Some(Answer::With(function)) => {
                // Out of a `macro_rules!` fragment a closure has lost its group once it is written.
                let function = match ungrouped(function) {
                    path @ Expr::Path(_) => quote_spanned!(at=> #path),
                    function => quote_spanned!(at=> (#function)),
                };
                let handed = &around.handed_on;
                let error = around.error_of(&quote_spanned!(at=> failure));
                let (statements, chosen) = inside.into_match(&quote_spanned!(at=>
                    #pattern => failure,
                    outcome => return #passed,
                ));
                quote_spanned!(at=>
                    #statements
                    let failure = #chosen;
                    let ret = __resilient::answer(#function(#(#handed,)* #error)).await;
                    #answered
                )
            }
        };
        if around.outermost {
            Flow::Answer(answer)
        } else {
            Flow::Call(around.future(answer))
        }
    }
}

// running.answer(ret)
// judge(fallback.answered(ret), |error| ..)
//
// It is the answer of the function where no layer is around, and of the fallback in any case.
fn answered(around: &Around<'_>) -> TokenStream {
    let at = Span::mixed_site();
    if around.outermost {
        return quote_spanned!(at=> running.answer(ret));
    }
    let local = around.local;
    around.rejudged(&quote_spanned!(at=> #local.answered(ret)))
}
