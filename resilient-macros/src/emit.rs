//! The stack round the body. All that is written has the span of the expansion, but for what the
//! compiler may complain about: the return type, the `async`, the user's own expressions.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Attribute, Type};

use crate::body::Kind;
use crate::flow::{Around, Flow, future};
use crate::function::Function;
use crate::krate;
use crate::output::{Output, judge};
use crate::params::{Held, Params, without_mut};
use crate::stack::{Copied, Planned, Stack, refuses, repeats};
use crate::tokens::{moved, split_inner_attributes};

/// The whole function anew.
pub(crate) fn function(
    mut function: Function,
    attrs: &[Attribute],
    uses: &TokenStream,
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
        function.head = None;
    }
    let (inner_attrs, block) = match function.body.kind {
        // They are the function's own, and not allowed on the block that its body becomes.
        Kind::Async => without_inner_attributes(&function.body.block),
        Kind::AsyncTrait | Kind::Boxed => (TokenStream::new(), function.body.block.clone()),
    };
    let output = Output::new(output);
    let inner_attrs = moved(inner_attrs);
    let uses = quote!(#inner_attrs #uses);
    let import = krate::import(uses, stack.shared.krate.as_ref());
    let site = moved(site(import, stack));
    let prepare = stack
        .layers
        .iter()
        .map(|layer| moved(layer.policy.layer().prepare(&layer.local)));
    let run = moved(run(&function, stack, params, &output, &block));
    let statements = quote!(#site #(#prepare)* #run);
    let mut outer = Group::new(Delimiter::Brace, statements);
    outer.set_span(function.body.block.span());
    let body = function.body.rebuild(outer);
    function.write(attrs, &body)
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

// BEFORE
// let (site, retry, timeout) = {
//     static __RESILIENT_SITE: Site = ..;
//     static __RESILIENT_RETRY: RetryLayer = ..;
//     ..
//     (&__RESILIENT_SITE, &__RESILIENT_RETRY, ..)
// };
// let running = site.enter();
fn site(before: TokenStream, stack: &Stack) -> TokenStream {
    let (at, before) = (Span::mixed_site(), moved(before));
    let marker = Ident::new(crate::family::MARKER, at);
    let items: Vec<&Ident> = stack.layers.iter().map(|layer| &layer.item).collect();
    let locals: Vec<&Ident> = stack.layers.iter().map(|layer| &layer.local).collect();
    let name = moved(match &stack.shared.name {
        Some(name) => quote_spanned!(at=> || #name),
        None => quote_spanned!(at=> __resilient::path_of(&|| ())),
    });
    let mut statics = quote_spanned!(at=>
        static #marker: __resilient::Site = __resilient::site(#name, &[#(&#items),*]);
    );
    for layer in &stack.layers {
        let (before, item) = (moved(statics), &layer.item);
        let named = quote_spanned!(at=> #before static #item);
        statics = layer.policy.layer().declare(&marker).write(named);
    }
    let statics = moved(statics);
    quote_spanned!(at=>
        #before
        let (site, #(#locals),*) = {
            #statics
            __resilient::submit! { __resilient::Registration(&#marker) }
            (&#marker, #(&#items),*)
        };
        let running = site.enter();
    )
}

/// The layers, folded round the body from the inside out.
fn run(
    function: &Function,
    stack: &Stack,
    params: &Params,
    output: &Output<'_>,
    block: &Group,
) -> TokenStream {
    let async_span = function.body.async_span;
    let arguments = params.names();
    let owns = stack.owns_arguments(&stack.layers, &arguments);
    let mut flow = Flow::Call(attempt(stack, output, async_span, owns, block));
    for (at, layer) in stack.layers.iter().enumerate().rev() {
        let (outside, inside) = stack.layers.split_at(at);
        let policy = layer.policy.layer();
        let around = Around {
            local: &layer.local,
            output,
            shared: &stack.shared,
            async_span,
            refused_inside: refuses(inside),
            outermost: outside.is_empty(),
            owns_arguments: stack.owns_arguments(outside, &arguments),
            handed_on: match policy.hands_on() {
                true => handed_on(stack, params, outside),
                false => Vec::new(),
            },
        };
        flow = policy.wrap(&around, flow);
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
            let statements = moved(statements);
            around.finish(quote_spanned!(at=> #statements let outcome = call.await;))
        }
        Flow::Outcome {
            statements,
            outcome,
        } => {
            let (statements, outcome) = (moved(statements), moved(outcome));
            around.finish(quote_spanned!(at=> #statements let outcome = #outcome;))
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
fn attempt(
    stack: &Stack,
    output: &Output<'_>,
    async_span: Span,
    owns: bool,
    block: &Group,
) -> TokenStream {
    let at = Span::mixed_site();
    let type_at = output.span;
    let hinted = &output.hinted;
    let (copies, owned): (Vec<_>, Vec<_>) = stack
        .copies
        .iter()
        .map(|copied| own(copied, stack.is_shared()))
        .unzip();
    let judge = moved(judge(output, &stack.shared));
    let hint = quote_spanned!(type_at=>
        if let __resilient::Some(ret) = __resilient::None::<#hinted> {
            return ret;
        }
    );
    let hint = moved(hint);
    let owned = moved(quote!(#hint #(#owned)*));
    // A body that only panics is no mistake of its own; bound to a name, it would look like one.
    let ret = quote_spanned!(type_at=>
        #owned
        #[allow(clippy::diverging_sub_expression)]
        let ret: #hinted = #block;
    );
    let ret = moved(ret);
    let body = quote_spanned!(at=>
        #ret
        #[allow(unreachable_code)]
        ret
    );
    let call = moved(future(quote!(#(#copies)*), async_span, owns, body));
    let judged = moved(quote_spanned!(at=> #call let call =));
    let judged = moved(quote_spanned!(type_at=> #judged __resilient::judged));
    quote_spanned!(at=> #judged(call, #judge);)
}

// let own_list = copy(&list);      let mut list = own_list;
//
// The copy is made before the attempt, which then need not hold the original. Where attempts run at once that is
// no gain, and what is `Copy` would stay behind: there it is made inside.
//
//                                  let mut list = copy(&list);
fn own(copied: &Copied, shared: bool) -> (TokenStream, TokenStream) {
    let at = Span::mixed_site();
    let Copied {
        ident,
        mutable,
        cfgs,
        ..
    } = copied;
    let copy = copied.copy();
    // Some forbid shadowing; this is the same argument to whoever reads the function.
    let owned = |value, lints| quote_spanned!(at=> #(#cfgs)* #[allow(#lints)] let #mutable #ident = #value;);
    if shared {
        let lints = quote!(clippy::shadow_reuse, clippy::shadow_unrelated);
        return (TokenStream::new(), owned(copy, lints));
    }
    let own = copied.own_name();
    (
        quote_spanned!(at=> #(#cfgs)* let #own = #copy;),
        owned(own.into_token_stream(), quote!(clippy::shadow_unrelated)),
    )
}

/// The arguments for another function; copies of them where this happens once for each attempt.
fn handed_on(stack: &Stack, params: &Params, outside: &[Planned]) -> Vec<TokenStream> {
    let again = repeats(outside);
    let hand = |ident: &Ident, held: Held, cfgs: &[Attribute]| {
        let at = Span::mixed_site().located_at(ident.span());
        let copied = stack.copies.iter().find(|copied| copied.ident == *ident);
        let value = match (again, copied, held) {
            (true, _, Held::Exclusive) => quote_spanned!(at=> &mut *#ident),
            (true, Some(copied), _) => copied.copy(),
            _ => ident.to_token_stream(),
        };
        quote!(#(#cfgs)* #value)
    };
    let receiver = params
        .receiver
        .iter()
        .map(|receiver| (&receiver.ident, receiver.held, &[][..]));
    let named = params
        .list
        .iter()
        .filter_map(|param| Some((param.name.as_ref()?, param.held, &*param.cfgs)));
    receiver
        .chain(named)
        .map(|(ident, held, cfgs)| hand(ident, held, cfgs))
        .collect()
}
