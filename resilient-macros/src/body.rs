//! Where in a body the stack goes, for each kind of function that has one.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{ParseStream, Parser};
use syn::{Signature, Type};

use crate::function::declared;
use crate::tokens::{is_ident, is_punct, see_through};

/// A body: the block that is the business, and what stands around it.
pub(crate) struct Body {
    pub(crate) kind: Kind,
    /// The user's block, braces and all.
    pub(crate) block: Group,
    /// The type that the block answers with; `None` if that is nothing.
    pub(crate) output: Option<Type>,
    /// The user's `async`, to which rustc's complaints about captures are to point.
    pub(crate) async_span: Span,
    /// What stands around the block, from the inside out.
    frames: Vec<Frame>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `async fn f(..) -> R { BLOCK }`
    Async,
    /// What `#[async_trait]` makes of an `async fn`.
    AsyncTrait,
    /// `fn f(..) -> impl Future<Output = R> { ..; async move { BLOCK } }`, boxed and pinned or not.
    Boxed,
}

/// The tokens on both sides of a hole, and the delimiters around them.
struct Frame {
    before: TokenStream,
    after: TokenStream,
    around: Group,
}

impl Body {
    /// The whole body with `block` in the user's place.
    pub(crate) fn rebuild(&self, block: Group) -> Group {
        self.frames.iter().fold(block, |inner, frame| {
            let (before, after) = (&frame.before, &frame.after);
            let mut group = Group::new(frame.around.delimiter(), quote!(#before #inner #after));
            group.set_span(frame.around.span());
            group
        })
    }

    /// What runs before the user's block, next to it: where `#[async_trait]` takes the arguments in.
    pub(crate) fn before(&self) -> TokenStream {
        self.frames
            .first()
            .map(|frame| frame.before.clone())
            .unwrap_or_default()
    }

    pub(crate) fn set_before(&mut self, tokens: TokenStream) {
        if let Some(frame) = self.frames.first_mut() {
            frame.before = tokens;
        }
    }

    /// Whether the function itself, outside of its future, mentions `name`.
    pub(crate) fn outside_mentions(&self, name: &str) -> bool {
        self.frames
            .iter()
            .any(|frame| crate::tokens::contains_ident(frame.before.clone(), name))
    }
}

/// `None` if the function is not async in any of the ways that can be seen.
pub(crate) fn read(sig: &Signature, block: Group) -> Option<Body> {
    if let Some(asyncness) = sig.asyncness {
        return Some(Body {
            kind: Kind::Async,
            block,
            output: declared(&sig.output).cloned(),
            async_span: asyncness.span,
            frames: Vec::new(),
        });
    }
    let future = find_future(block)?;
    let is_async_trait = sig
        .generics
        .lifetimes()
        .any(|param| param.lifetime.ident == "async_trait");
    if is_async_trait && let Some(body) = async_trait(&future) {
        return Some(body);
    }
    Some(Body {
        kind: Kind::Boxed,
        block: future.block,
        output: declared(&sig.output).map(awaited),
        async_span: future.async_span,
        frames: future.frames,
    })
}

/// An async block that is a body's last expression.
struct Future {
    block: Group,
    async_span: Span,
    frames: Vec<Frame>,
}

// `{ ..; async move { BLOCK } }` or `{ ..; Box::pin(async move { BLOCK }) }`
fn find_future(body: Group) -> Option<Future> {
    let mut before: Vec<TokenTree> = body.stream().into_iter().collect();
    let last = match before.pop()? {
        TokenTree::Group(group) => see_through(group),
        _ => return None,
    };
    match last.delimiter() {
        Delimiter::Brace => {
            let async_span = ends_in_async(&before)?;
            Some(Future {
                block: last,
                async_span,
                frames: vec![frame(before, body)],
            })
        }
        Delimiter::Parenthesis if ends_in_box_pin(&before) => {
            let mut inner: Vec<TokenTree> = last.stream().into_iter().collect();
            // A comma after the only argument.
            if is_punct(inner.last(), ',') {
                inner.pop();
            }
            let block = match inner.pop()? {
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => group,
                _ => return None,
            };
            let async_span = ends_in_async(&inner)?;
            Some(Future {
                block,
                async_span,
                frames: vec![frame(inner, last), frame(before, body)],
            })
        }
        _ => None,
    }
}

fn frame(before: Vec<TokenTree>, around: Group) -> Frame {
    Frame {
        before: before.into_iter().collect(),
        after: TokenStream::new(),
        around,
    }
}

/// The span of `async` if `tokens` end in `async` or `async move` and nothing that goes on before it.
fn ends_in_async(tokens: &[TokenTree]) -> Option<Span> {
    let rest = match tokens {
        [rest @ .., last] if is_ident(Some(last), "move") => rest,
        rest => rest,
    };
    match rest {
        [rest @ .., TokenTree::Ident(keyword)] if keyword == "async" => {
            is_statement_end(rest.last()).then(|| keyword.span())
        }
        _ => None,
    }
}

/// Whether `tokens` end in `Box::pin`, under any path to it, and nothing that goes on before it: not a
/// closure, an assignment or another operand.
fn ends_in_box_pin(tokens: &[TokenTree]) -> bool {
    let [rest @ .., last] = tokens else {
        return false;
    };
    let Some([rest @ .., name]) = before_colons(rest) else {
        return false;
    };
    if !is_ident(Some(last), "pin") || !is_ident(Some(name), "Box") {
        return false;
    }
    let mut rest = rest;
    while let Some(outer) = before_colons(rest) {
        rest = match outer {
            [outer @ .., TokenTree::Ident(name)] if name != "return" => outer,
            outer => outer,
        };
    }
    match rest {
        [rest @ .., last] if is_ident(Some(last), "return") => is_statement_end(rest.last()),
        rest => is_statement_end(rest.last()),
    }
}

/// What stands before the `::` in which `tokens` end.
fn before_colons(tokens: &[TokenTree]) -> Option<&[TokenTree]> {
    match tokens {
        [rest @ .., colon, again] if is_punct(Some(colon), ':') && is_punct(Some(again), ':') => {
            Some(rest)
        }
        _ => None,
    }
}

fn is_statement_end(token: Option<&TokenTree>) -> bool {
    match token {
        None => true,
        Some(TokenTree::Punct(punct)) => punct.as_char() == ';',
        Some(TokenTree::Group(group)) => {
            matches!(group.delimiter(), Delimiter::Brace | Delimiter::Bracket)
        }
        Some(_) => false,
    }
}

// Input, as async-trait leaves it:
//     Box::pin(async move {
//         if let Some(__ret) = None::<R> { return __ret; }
//         let __self = self;
//         let key = key;
//         let __ret: R = { BLOCK };
//         __ret
//     })
// The hole is `{ BLOCK }`: there the arguments are plain locals again.
fn async_trait(future: &Future) -> Option<Body> {
    let tokens: Vec<TokenTree> = future.block.stream().into_iter().collect();
    let start = tokens.windows(3).position(|window| match window {
        [a, b, c] => {
            is_ident(Some(a), "let") && is_ident(Some(b), "__ret") && is_punct(Some(c), ':')
        }
        _ => false,
    })?;
    let (before, typed) = (tokens.get(..start + 3)?, tokens.get(start + 3..)?);
    let hole = typed.windows(3).position(|window| match window {
        [equals, TokenTree::Group(group), end] => {
            is_punct(Some(equals), '=')
                && group.delimiter() == Delimiter::Brace
                && is_punct(Some(end), ';')
        }
        _ => false,
    })?;
    let ty: TokenStream = typed.get(..hole)?.iter().cloned().collect();
    let block = match typed.get(hole + 1)? {
        TokenTree::Group(group) => group.clone(),
        _ => return None,
    };
    let mut frames = vec![Frame {
        before: before.iter().chain(typed.get(..=hole)?).cloned().collect(),
        after: typed.get(hole + 2..)?.iter().cloned().collect(),
        around: future.block.clone(),
    }];
    frames.extend(future.frames.iter().map(|frame| Frame {
        before: frame.before.clone(),
        after: frame.after.clone(),
        around: frame.around.clone(),
    }));
    Some(Body {
        kind: Kind::AsyncTrait,
        block,
        output: Some(syn::parse2(ty).ok()?),
        async_span: future.async_span,
        frames,
    })
}

/// What a future of type `ty` answers with: the `R` of `Output = R` if it stands there, so that
/// errors can point to it; a projection for an alias.
fn awaited(ty: &Type) -> Type {
    if let Some(output) = named_output(ty.to_token_stream()) {
        return output;
    }
    let at = Span::mixed_site().located_at(syn::spanned::Spanned::span(ty));
    let projection = quote::quote_spanned!(at=> <#ty as ::core::future::Future>::Output);
    syn::parse2(projection).unwrap_or_else(|_| ty.clone())
}

fn named_output(tokens: TokenStream) -> Option<Type> {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        if is_ident(Some(&token), "Output") && is_punct(tokens.peek(), '=') {
            tokens.next();
            let first = |input: ParseStream<'_>| {
                let ty: Type = input.parse()?;
                input.parse::<TokenStream>()?;
                Ok(ty)
            };
            return first.parse2(tokens.collect()).ok();
        }
        if let TokenTree::Group(group) = token
            && let Some(found) = named_output(group.stream())
        {
            return Some(found);
        }
    }
    None
}

/// A statement `let PATTERN = ..;` of those that async-trait puts before the user's block.
pub(crate) fn let_pattern(statement: &[TokenTree]) -> Option<(syn::Pat, TokenStream)> {
    let parser = |input: ParseStream<'_>| {
        input.parse::<syn::Token![let]>()?;
        let pat = syn::Pat::parse_single(input)?;
        input.parse::<syn::Token![=]>()?;
        Ok((pat, input.parse::<TokenStream>()?))
    };
    parser.parse2(statement.iter().cloned().collect()).ok()
}

/// The name `__self`, which stands for `self` in the body under `#[async_trait]`.
pub(crate) fn self_name(kind: Kind, span: Span) -> Ident {
    let name = match kind {
        Kind::AsyncTrait => "__self",
        Kind::Async | Kind::Boxed => "self",
    };
    Ident::new(name, span)
}
