//! After a mistake: the errors, and the function as it was, without the family's attributes, so that
//! nothing else in the crate breaks because of it.

use proc_macro2::TokenStream;
use quote::ToTokens;

pub(crate) fn recover(error: &syn::Error, item: &impl ToTokens) -> TokenStream {
    let mut tokens = error.to_compile_error();
    item.to_tokens(&mut tokens);
    tokens
}
