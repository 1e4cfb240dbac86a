//! From one attribute and the item below it to the rewritten function, or to errors and the
//! function as it was.

use proc_macro2::{Ident, TokenStream};

use crate::args::Args;
use crate::body::Kind;
use crate::emit;
use crate::errors::Errors;
use crate::family::{self, Family, Member};
use crate::function::{self, Function, Item};
use crate::impl_block::{self, OfImpl};
use crate::params::Params;
use crate::policy::{Parsed, Policy, RESILIENT};
use crate::recover::{recover, untouched};
use crate::resilient;
use crate::stack::{Shared, Stack};
use crate::tokens::rename_self;
use crate::validate;

pub(crate) fn expand(own: &str, args: TokenStream, item: TokenStream) -> TokenStream {
    if family::only_names(&args, &item) {
        return TokenStream::new();
    }
    let item = match Item::parse(item.clone()) {
        Ok(item) => item,
        Err(error) => {
            let errors = error.to_compile_error();
            return quote::quote!(#errors #item);
        }
    };
    if impl_block::is_impl(&item.rest) {
        return impl_block::expand(own, args, item);
    }
    match OfImpl::read(&args) {
        Some(of_impl) => expand_method(of_impl, item),
        None => expand_function(own, args, item),
    }
}

fn expand_function(own: &str, args: TokenStream, mut item: Item) -> TokenStream {
    let mut errors = Errors::default();
    let mut family = Family::collect(own, args, &mut item.attrs, &mut errors);
    let uses = family.uses();
    if let Some(skip) = family.take_skip() {
        let error = syn::Error::new(skip.span(), unseen_skip(own, &item));
        return recover(&error, &item, &uses);
    }
    write(own, &family, &item, &uses, None, errors)
}

/// What a `skip` has to be told that no `impl` has taken.
fn unseen_skip(own: &str, item: &Item) -> &'static str {
    if Function::parse(own, item, &mut Errors::default()).is_none() {
        return "the stack of an `impl` goes round its async methods only, so there is nothing to `skip` here: drop the \
                attribute";
    }
    "`skip` takes a method out of the stack of its `impl`, which knows it by the attribute's own name alone: write \
     `#[resilient(skip)]` or `#[resilient_runtime::resilient(skip)]`, or say on the `impl` by `crate = ..` which crate \
     re-exports it; where the `impl` has no stack, drop the attribute"
}

/// A method to which its `impl` has handed a stack: its own attributes come before that.
fn expand_method(of_impl: OfImpl, mut item: Item) -> TokenStream {
    let mut errors = Errors::default();
    let mut family = Family::collect(RESILIENT, of_impl.args, &mut item.attrs, &mut errors);
    let uses = family.uses();
    let handed = family.members.remove(0);
    family.krate = family::named_crate(&handed.args);
    let skip = family.take_skip();
    if let (Some(skip), false) = (&skip, family.members.is_empty()) {
        let message = "a method's own attributes stand in the place of its `impl`'s stack already: keep them, or `skip`";
        errors.at(skip.span(), message);
    }
    match (of_impl.mark, family.members.first()) {
        (_, Some(first)) => {
            let own = first.name.to_string();
            write(&own, &family, &item, &uses, None, errors)
        }
        (Some(mark), None) if skip.is_none() => {
            let errors = Errors::on_method(function::name(&item.rest));
            family.members.push(handed);
            write(RESILIENT, &family, &item, &uses, Some(&mark), errors)
        }
        _ => untouched(&item, &uses),
    }
}

fn write(
    own: &str,
    family: &Family,
    item: &Item,
    uses: &TokenStream,
    of_impl: Option<&Ident>,
    mut errors: Errors,
) -> TokenStream {
    let rewritten = rewrite(own, family, item, uses, of_impl, &mut errors);
    match (rewritten, errors.finish()) {
        (Some(function), None) => function,
        (_, Some(error)) => recover(&error, item, uses),
        (None, None) => quote::quote!(#item),
    }
}

fn rewrite(
    own: &str,
    family: &Family,
    item: &Item,
    uses: &TokenStream,
    of_impl: Option<&Ident>,
    errors: &mut Errors,
) -> Option<TokenStream> {
    let [rewritten, instrumented] = item.body_mentions([family::MARKER, function::INSTRUMENTED]);
    if rewritten {
        family::refuse_second(own, errors);
        return None;
    }
    let function = Function::parse(own, item, errors);
    let kind = function.as_ref().map(|function| function.body.kind);
    let (mut layers, loose) = parse(&family.members, kind, errors);
    let attributes = layers.iter().map(|layer| &layer.args).chain(&loose);
    let mut shared = Shared::merge(attributes, errors);
    shared.krate = shared.krate.or_else(|| family.krate.clone());

    let mut function = function?;
    function.body.output.as_ref()?;
    if let Some(mark) = of_impl {
        impl_block::take_statics(&mut layers, mark);
        shared.put_before(&function.sig.ident);
    }
    let params = Params::read(&function.sig, &function.body);
    validate::check(
        &layers,
        &shared,
        &function,
        &params,
        of_impl.is_some(),
        instrumented,
        errors,
    );
    let stack = Stack::plan(layers, shared, &params);
    let output = function.body.output.take()?;
    Some(emit::function(
        function,
        &item.attrs,
        uses,
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
