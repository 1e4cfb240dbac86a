//! Attribute macros: see `resilient-runtime`.

mod args;
mod body;
mod duration;
mod emit;
mod errors;
mod family;
mod function;
mod krate;
mod nearest;
mod params;
mod pipeline;
mod policy;
mod recover;
mod resilient;
mod stack;
mod tokens;
mod validate;
mod value;

#[cfg(test)]
mod snapshots;

use proc_macro::TokenStream;

#[proc_macro_attribute]
pub fn retry(args: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::expand("retry", args.into(), item.into()).into()
}

#[proc_macro_attribute]
pub fn timeout(args: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::expand("timeout", args.into(), item.into()).into()
}

#[proc_macro_attribute]
pub fn circuit_breaker(args: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::expand("circuit_breaker", args.into(), item.into()).into()
}

#[proc_macro_attribute]
pub fn fallback(args: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::expand("fallback", args.into(), item.into()).into()
}

#[proc_macro_attribute]
pub fn resilient(args: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::expand("resilient", args.into(), item.into()).into()
}
