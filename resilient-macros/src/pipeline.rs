//! From one attribute and the item below it to the rewritten function, or to errors and the
//! function as it was.

use proc_macro2::TokenStream;

use crate::args::Args;
use crate::body::Kind;
use crate::emit;
use crate::errors::Errors;
use crate::family::{self, Family, Member};
use crate::function::{Function, Item};
use crate::params::Params;
use crate::policy::{Parsed, Policy, RESILIENT};
use crate::recover::recover;
use crate::resilient;
use crate::stack::{Shared, Stack};
use crate::tokens::rename_self;
use crate::validate;

pub(crate) fn expand(own: &str, args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let mut item = match Item::parse(item.clone()) {
        Ok(item) => item,
        Err(error) => {
            let errors = error.to_compile_error();
            return quote::quote!(#errors #item);
        }
    };
    let family = Family::collect(own, args, &mut item.attrs, &mut errors);
    let rewritten = rewrite(own, &family, &item, &mut errors);
    match (rewritten, errors.finish()) {
        (Some(function), None) => function,
        (_, Some(error)) => recover(&error, &item, &family.uses()),
        (None, None) => quote::quote!(#item),
    }
}

fn rewrite(own: &str, family: &Family, item: &Item, errors: &mut Errors) -> Option<TokenStream> {
    if !family::check_first(own, &item.rest, errors) {
        return None;
    }
    let function = Function::parse(own, item, errors);
    let kind = function.as_ref().map(|function| function.body.kind);
    let (layers, loose) = parse(&family.members, kind, errors);
    let attributes = layers.iter().map(|layer| &layer.args).chain(&loose);
    let shared = Shared::merge(attributes, errors);

    let function = function?;
    let output = function.body.output.clone()?;
    let params = Params::read(&function.sig, &function.body);
    validate::check(&layers, &shared, &function, &params, errors);
    let stack = Stack::plan(layers, shared, &params);
    Some(emit::function(
        function,
        &item.attrs,
        family,
        &stack,
        &params,
        &output,
    ))
}

/// The layers that the attributes stand for, the outermost first, and the arguments of those that
/// stand for several.
fn parse(members: &[Member], kind: Option<Kind>, errors: &mut Errors) -> (Vec<Parsed>, Vec<Args>) {
    let (mut layers, mut loose) = (Vec::new(), Vec::new());
    for Member { name, args, .. } in members {
        let args = match kind {
            Some(Kind::AsyncTrait) => rename_self(args.clone()),
            _ => args.clone(),
        };
        if name == RESILIENT {
            let (more, shared) = resilient::parse(name, args, errors);
            layers.extend(more);
            loose.push(shared);
        } else {
            layers.extend(Policy::parse(name, args, errors));
        }
    }
    (layers, loose)
}
