//! The stack round the body. All that is written here has the span of the expansion, but for what
//! the compiler may complain about: the return type, the `async`, the user's own expressions.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::visit_mut::{VisitMut, visit_type_mut};
use syn::{Attribute, Expr, Token, Type};

use crate::body::Kind;
use crate::family::Family;
use crate::function::Function;
use crate::krate;
use crate::params::{Held, Params, without_mut};
use crate::policy::Policy;
use crate::stack::{Capture, Planned, Shared, Stack, refuses};
use crate::tokens::split_inner_attributes;

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
        match self {
            Self::Call(statements) => statements,
            Self::Outcome {
                statements,
                outcome,
            } => around.future(&quote!(#statements #outcome)),
            Self::Answer(body) => around.future(&body),
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
    pub(crate) output: &'a Output,
    shared: &'a Shared,
    async_span: Span,
    /// Whether a layer inside of this one can refuse: then a `Failure` arrives, else a `Judged`.
    pub(crate) refused_inside: bool,
    pub(crate) outermost: bool,
    /// Whether nobody outside needs the arguments any more.
    owns_arguments: bool,
    /// The function's arguments, as they can be handed to another.
    pub(crate) handed_on: Vec<TokenStream>,
}

impl Around<'_> {
    /// `body` as a future for the next layer.
    pub(crate) fn future(&self, body: &TokenStream) -> TokenStream {
        let at = Span::mixed_site();
        let asyncness = asyncness(self.async_span);
        let capture = self.owns_arguments.then(|| Token![move](at));
        quote_spanned!(at=> let call = #asyncness #capture { #body };)
    }

    /// `outcome` as the function answers with it.
    pub(crate) fn finish(&self, outcome: &TokenStream) -> TokenStream {
        let at = Span::mixed_site();
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
        quote_spanned!(at=> #outcome.map_err(#convert))
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

    /// An answer of the function's own type, made ready for the layers outside if there are any.
    pub(crate) fn rejudged(&self, answer: TokenStream) -> TokenStream {
        if self.outermost {
            return answer;
        }
        let at = Span::mixed_site();
        let judge = judge(self.output, self.shared);
        let wrap = self
            .refused_inside
            .then(|| quote_spanned!(at=> .map_err(__resilient::Failure::Error)));
        quote_spanned!(at=> __resilient::judge(#answer, #judge) #wrap)
    }
}

/// The return type, in the three ways in which it is written.
pub(crate) struct Output {
    /// With `_` for each `impl Trait`: where the compiler infers.
    pub(crate) hinted: Type,
    /// With `()` for each `impl Trait`: where it must not have to.
    pub(crate) nameable: Type,
    /// Where it stands, with the names of this expansion.
    pub(crate) span: Span,
}

impl Output {
    fn new(ty: &Type) -> Self {
        Self {
            hinted: without_impl_trait(ty, &syn::parse_quote!(_)),
            nameable: without_impl_trait(ty, &syn::parse_quote!(())),
            span: Span::mixed_site().located_at(syn::spanned::Spanned::span(ty)),
        }
    }
}

fn without_impl_trait(ty: &Type, by: &Type) -> Type {
    struct Replace<'a>(&'a Type);

    impl VisitMut for Replace<'_> {
        fn visit_type_mut(&mut self, ty: &mut Type) {
            if matches!(ty, Type::ImplTrait(_)) {
                *ty = self.0.clone();
            } else {
                visit_type_mut(self, ty);
            }
        }
    }

    let mut ty = ty.clone();
    Replace(by).visit_type_mut(&mut ty);
    ty
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
    output: &Output,
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

// |error: &ErrorOf<R>| classify!(error)
fn judge(output: &Output, shared: &Shared) -> TokenStream {
    let at = Span::mixed_site();
    let ty = &output.nameable;
    let verdict = match &shared.classify {
        Some(path) => quote_spanned!(at=> __resilient::classified!(error, #path)),
        None => quote_spanned!(at=> __resilient::classify!(error)),
    };
    let type_at = output.span;
    let error = quote_spanned!(type_at=> __resilient::ErrorOf<#ty>);
    quote_spanned!(at=> |error: &#error| #verdict)
}

fn asyncness(span: Span) -> TokenStream {
    let at = Span::mixed_site().located_at(span);
    quote_spanned!(at=> async)
}

/// The whole function anew.
pub(crate) fn function(
    mut function: Function,
    attrs: &[Attribute],
    family: &Family,
    stack: &Stack,
    params: &Params,
    output: &Type,
) -> TokenStream {
    let mutable = stack
        .copies
        .iter()
        .filter(|copied| copied.mutable.is_some());
    let mutable: Vec<String> = mutable.map(|copied| copied.ident.to_string()).collect();
    if !mutable.is_empty() {
        without_mut(&mut function.sig, &mut function.body, &mutable);
    }
    let (inner_attrs, block) = match function.body.kind {
        // They are the function's own, and not allowed on the block that its body becomes.
        Kind::Async => without_inner_attributes(&function.body.block),
        Kind::AsyncTrait | Kind::Boxed => (TokenStream::new(), function.body.block.clone()),
    };
    let output = Output::new(output);
    let at = Span::mixed_site();
    let uses = family.uses();
    let import = krate::import(stack.shared.krate.as_ref());
    let site = site(stack);
    let prepare = stack
        .layers
        .iter()
        .map(|layer| layer.policy.layer().prepare(&layer.local));
    let run = run(&function, stack, params, &output, &block);
    let statements = quote_spanned!(at=>
        #inner_attrs
        #uses
        #import
        #site
        #(#prepare)*
        #run
    );
    let mut outer = Group::new(Delimiter::Brace, statements);
    outer.set_span(function.body.block.span());
    function.write(attrs, &function.body.rebuild(outer))
}

// { #![allow(..)] BODY } -> (#![allow(..)], { BODY })
fn without_inner_attributes(block: &Group) -> (TokenStream, Group) {
    let (attrs, statements) = split_inner_attributes(block.stream());
    if attrs.is_empty() {
        return (attrs, block.clone());
    }
    let mut without = Group::new(Delimiter::Brace, statements);
    without.set_span(block.span());
    (attrs, without)
}

// let (retry, timeout) = {
//     static __RESILIENT_SITE: Site = ..;
//     static __RESILIENT_RETRY: RetryLayer = ..;
//     ..
//     (&__RESILIENT_RETRY, ..)
// };
fn site(stack: &Stack) -> TokenStream {
    let at = Span::mixed_site();
    let marker = Ident::new(crate::family::MARKER, at);
    let items: Vec<&Ident> = stack.layers.iter().map(|layer| &layer.item).collect();
    let locals: Vec<&Ident> = stack.layers.iter().map(|layer| &layer.local).collect();
    let statics = stack.layers.iter().map(|layer| {
        let declaration = layer.policy.layer().declare(&marker);
        let (item, kind, value) = (&layer.item, &declaration.kind, &declaration.value);
        quote_spanned!(at=> static #item: #kind = #value;)
    });
    let name = match &stack.shared.name {
        Some(name) => quote_spanned!(at=> || #name),
        None => quote_spanned!(at=> || {
            fn here() {}
            ::core::any::type_name_of_val(&here)
        }),
    };
    let (pattern, value) = match (locals.as_slice(), items.as_slice()) {
        ([local], [item]) => (quote!(#local), quote_spanned!(at=> &#item)),
        (locals, items) => (
            quote_spanned!(at=> (#(#locals),*)),
            quote_spanned!(at=> (#(&#items),*)),
        ),
    };
    quote_spanned!(at=>
        let #pattern = {
            static #marker: __resilient::Site = __resilient::Site::new(
                #name,
                ::core::file!(),
                ::core::line!(),
                &[#(&#items),*],
            );
            #(#statics)*
            __resilient::register! { &#marker }
            #value
        };
    )
}

/// The layers, folded round the body from the inside out.
fn run(
    function: &Function,
    stack: &Stack,
    params: &Params,
    output: &Output,
    block: &Group,
) -> TokenStream {
    let async_span = function.body.async_span;
    let mut flow = Flow::Call(attempt(stack, output, async_span, block));
    for (at, layer) in stack.layers.iter().enumerate().rev() {
        let (outside, inside) = stack.layers.split_at(at);
        let around = Around {
            local: &layer.local,
            output,
            shared: &stack.shared,
            async_span,
            refused_inside: refuses(inside),
            outermost: outside.is_empty(),
            owns_arguments: stack.owns_arguments(outside, params),
            handed_on: handed_on(stack, params, outside),
        };
        flow = layer.policy.layer().wrap(&around, flow);
        if around.outermost {
            return finished(&around, flow);
        }
    }
    TokenStream::new()
}

fn finished(around: &Around<'_>, flow: Flow) -> TokenStream {
    let at = Span::mixed_site();
    match flow {
        Flow::Call(statements) => {
            let answer = around.finish(&quote_spanned!(at=> call.await));
            quote_spanned!(at=> #statements #answer)
        }
        Flow::Outcome {
            statements,
            outcome,
        } => {
            let answer = around.finish(&quote_spanned!(at=> outcome));
            quote_spanned!(at=> #statements let outcome = #outcome; #answer)
        }
        Flow::Answer(body) => body,
    }
}

// let call = async {
//     if let Some(ret) = None::<R> { return ret; }
//     let ret: R = { BODY };
//     ret
// };
// let call = judged(call, |error| ..);
//
// The hint ties every `?` and `return` in the body to the declared type, as in the bare function.
fn attempt(stack: &Stack, output: &Output, async_span: Span, block: &Group) -> TokenStream {
    let at = Span::mixed_site();
    let type_at = output.span;
    let hinted = &output.hinted;
    let asyncness = asyncness(async_span);
    let capture: Option<Token![move]> = match stack.capture {
        Capture::Move => Some(Token![move](at)),
        Capture::Borrow => None,
    };
    let copies = stack.copies.iter().map(|copied| {
        let (own, copy) = (copied.own_name(), copied.copy());
        quote_spanned!(at=> let #own = #copy;)
    });
    let owned = stack.copies.iter().map(|copied| {
        let (ident, mutable, own) = (&copied.ident, copied.mutable, copied.own_name());
        // Some forbid shadowing; this is the same argument to whoever reads the function.
        quote_spanned!(at=> #[allow(clippy::shadow_unrelated)] let #mutable #ident = #own;)
    });
    let judge = judge(output, &stack.shared);
    let hint = quote_spanned!(type_at=>
        if let ::core::option::Option::Some(ret) = ::core::option::Option::None::<#hinted> {
            return ret;
        }
    );
    let ret = quote_spanned!(type_at=> let ret: #hinted = #block;);
    let judged = quote_spanned!(type_at=> __resilient::judged);
    quote_spanned!(at=>
        #(#copies)*
        let call = #asyncness #capture {
            #hint
            #(#owned)*
            #ret
            #[allow(unreachable_code)]
            ret
        };
        let call = #judged(call, #judge);
    )
}

/// The arguments for another function; copies of them where this happens once for each attempt.
fn handed_on(stack: &Stack, params: &Params, outside: &[Planned]) -> Vec<TokenStream> {
    let again = outside
        .iter()
        .any(|layer| matches!(layer.policy, Policy::Retry(_)));
    let hand = |ident: &Ident, held: Held| {
        let at = Span::mixed_site().located_at(ident.span());
        let copied = stack.copies.iter().find(|copied| copied.ident == *ident);
        match (again, copied, held) {
            (true, _, Held::Exclusive) => quote_spanned!(at=> &mut *#ident),
            (true, Some(copied), _) => copied.copy(),
            _ => ident.to_token_stream(),
        }
    };
    let receiver = params
        .receiver
        .iter()
        .map(|receiver| (&receiver.ident, receiver.held));
    let named = params
        .list
        .iter()
        .filter_map(|param| Some((param.name.as_ref()?, param.held)));
    receiver
        .chain(named)
        .map(|(ident, held)| hand(ident, held))
        .collect()
}
