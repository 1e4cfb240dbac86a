//! After a mistake: the errors, and the function as it was, without the family's attributes, so that
//! nothing else in the crate breaks because of it.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{ToTokens, TokenStreamExt, quote};

use crate::function::Item;
use crate::tokens::{is_ident, split_inner_attributes};

/// `uses` names the attributes that were taken off, whose imports would else count as unused.
pub(crate) fn recover(error: &syn::Error, item: &Item, uses: &TokenStream) -> TokenStream {
    let mut tokens = error.to_compile_error();
    tokens.extend(untouched(item, uses));
    tokens
}

/// The function as it was, without the family's attributes.
pub(crate) fn untouched(item: &Item, uses: &TokenStream) -> TokenStream {
    let mut tokens = TokenStream::new();
    for attr in &item.attrs {
        attr.to_tokens(&mut tokens);
    }
    tokens.append_all(with_uses(item.rest.clone(), uses));
    tokens
}

/// Puts `uses` at the beginning of a function's body; leaves all else alone.
fn with_uses(mut tokens: Vec<TokenTree>, uses: &TokenStream) -> Vec<TokenTree> {
    let is_fn = tokens.iter().any(|token| is_ident(Some(token), "fn"));
    if let Some(TokenTree::Group(body)) = tokens.last_mut()
        && is_fn
        && body.delimiter() == Delimiter::Brace
    {
        let span = body.span();
        let (attrs, statements) = split_inner_attributes(body.stream());
        *body = Group::new(Delimiter::Brace, quote!(#attrs #uses #statements));
        body.set_span(span);
    }
    tokens
}
