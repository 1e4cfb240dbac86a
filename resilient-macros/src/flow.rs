//! How a layer goes round what is inside of it.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Expr, Token};

use crate::output::{Output, judge};
use crate::stack::Shared;
use crate::tokens::moved;

/// What the layers inside have come to.
pub(crate) enum Flow {
    /// Statements of which the last is `let call = <future>;`.
    Call(TokenStream),
    /// Statements, and then an expression that is the outcome.
    Outcome {
        statements: TokenStream,
        outcome: TokenStream,
    },
    /// Statements and an expression that is what the function answers with.
    Answer(TokenStream),
}

impl Flow {
    pub(crate) fn into_call(self, around: &Around<'_>) -> TokenStream {
        self.into_call_that(around.owns_arguments, around)
    }

    /// The same for what is made more than once, and so owns nothing.
    pub(crate) fn into_call_again(self, around: &Around<'_>) -> TokenStream {
        self.into_call_that(false, around)
    }

    fn into_call_that(self, owns: bool, around: &Around<'_>) -> TokenStream {
        match self {
            Self::Call(statements) => statements,
            Self::Outcome {
                statements,
                outcome,
            } => {
                let (statements, outcome) = (moved(statements), moved(outcome));
                future(
                    TokenStream::new(),
                    around.async_span,
                    owns,
                    quote!(#statements #outcome),
                )
            }
            Self::Answer(body) => future(TokenStream::new(), around.async_span, owns, body),
        }
    }

    /// Statements, and then a `match` on the outcome, which leaves nothing of it behind.
    pub(crate) fn into_match(self, arms: &TokenStream) -> (TokenStream, TokenStream) {
        let at = Span::mixed_site();
        match self {
            Self::Call(statements) => (statements, quote_spanned!(at=> match call.await { #arms })),
            Self::Outcome {
                statements,
                outcome,
            } => {
                let (statements, outcome) = (moved(statements), moved(outcome));
                let scope = quote_spanned!(at=> {
                    #statements
                    let outcome = #outcome;
                    match outcome { #arms }
                });
                (TokenStream::new(), scope)
            }
            Self::Answer(body) => (body, TokenStream::new()),
        }
    }
}

/// What a layer knows of its surroundings.
pub(crate) struct Around<'a> {
    pub(crate) local: &'a Ident,
    pub(crate) output: &'a Output<'a>,
    pub(crate) shared: &'a Shared,
    pub(crate) async_span: Span,
    /// Whether a layer inside of this one can refuse: then a `Failure` arrives, else a `Judged`.
    pub(crate) refused_inside: bool,
    pub(crate) outermost: bool,
    /// Whether nobody outside needs the arguments any more.
    pub(crate) owns_arguments: bool,
    /// The function's arguments, as they can be handed to another, where the layer does so.
    pub(crate) handed_on: Vec<TokenStream>,
}

impl Around<'_> {
    /// `body` as a future for the next layer.
    pub(crate) fn future(&self, body: TokenStream) -> TokenStream {
        future(
            TokenStream::new(),
            self.async_span,
            self.owns_arguments,
            body,
        )
    }

    // running.end(outcome).map_err(Failure::into_error)
    //
    // After `before`, `outcome` as the function answers with it. It goes through `running` while it still says what it means.
    pub(crate) fn finish(&self, before: TokenStream) -> TokenStream {
        let (at, before) = (Span::mixed_site(), moved(before));
        let convert = if self.refused_inside {
            match &self.shared.into_error {
                Some(path) => quote_spanned!(at=> |failure| failure.into_error_by(#path)),
                None => {
                    let at = self.output.span;
                    quote_spanned!(at=> __resilient::Failure::into_error)
                }
            }
        } else {
            quote_spanned!(at=> __resilient::Judged::into_error)
        };
        let convert = moved(convert);
        quote_spanned!(at=> #before running.end(outcome).map_err(#convert))
    }

    /// A failure as the function's own error.
    pub(crate) fn error_of(&self, failure: &TokenStream) -> TokenStream {
        match (&self.shared.into_error, self.refused_inside) {
            (Some(path), true) => {
                let at = Span::mixed_site();
                quote_spanned!(at=> #failure.into_error_by(#path))
            }
            (_, refused) => {
                let at = if refused {
                    self.output.span
                } else {
                    Span::mixed_site()
                };
                quote_spanned!(at=> #failure.into_error())
            }
        }
    }

    /// The function that makes the error of a `PolicyError`.
    pub(crate) fn conversion(&self) -> TokenStream {
        match &self.shared.into_error {
            Some(path) => path.to_token_stream(),
            None => {
                let at = self.output.span;
                quote_spanned!(at=> __resilient::from_policy)
            }
        }
    }

    /// An answer of the function's own type, made ready for the layers outside.
    pub(crate) fn rejudged(&self, answer: &TokenStream) -> TokenStream {
        let at = Span::mixed_site();
        let judge = judge(self.output, self.shared);
        let wrap = self
            .refused_inside
            .then(|| quote_spanned!(at=> .map_err(__resilient::Failure::Error)));
        quote_spanned!(at=> __resilient::judge(#answer, #judge) #wrap)
    }
}

/// A knob that is handed to the layer beside the future.
pub(crate) struct Rule {
    name: &'static str,
    value: TokenStream,
}

impl Rule {
    pub(crate) const fn new(name: &'static str, value: TokenStream) -> Self {
        Self { name, value }
    }

    pub(crate) fn given(name: &'static str, expr: Option<&Expr>) -> Option<Self> {
        expr.map(|expr| Self::new(name, expr.to_token_stream()))
    }
}

// rules::<R>().when(|error| ..).when_ok(|value| ..)
pub(crate) fn rules<const N: usize>(
    output: &Output<'_>,
    rules: [Option<Rule>; N],
) -> Option<TokenStream> {
    let at = Span::mixed_site();
    let calls: Vec<TokenStream> = rules
        .into_iter()
        .flatten()
        .map(|rule| crate::value::call(rule.name, &rule.value))
        .collect();
    let ty = &output.nameable;
    (!calls.is_empty()).then(|| quote_spanned!(at=> __resilient::rules::<#ty>() #(#calls)*))
}

// BEFORE let call = async { .. };
//
// The keyword is where the user wrote it: there the compiler points when an argument is gone.
pub(crate) fn future(
    before: TokenStream,
    async_span: Span,
    owns: bool,
    body: TokenStream,
) -> TokenStream {
    let (at, before, body) = (Span::mixed_site(), moved(before), moved(body));
    let async_at = at.located_at(async_span);
    let asyncness = Token![async](async_at);
    let capture = owns.then(|| Token![move](at));
    quote_spanned!(at=> #before let call = #asyncness #capture { #body };)
}
