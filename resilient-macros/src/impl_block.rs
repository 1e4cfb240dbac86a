//! `#[resilient(..)]` on an `impl`: the stack for each of its async methods.
//!
//! ```text
//! #[resilient(rate_limit(per_second = 100), timeout("1s"))]
//! impl Get for Store {
//!     async fn get(&self) -> Result<u32, Status> { .. }
//! }
//! ```
//!
//! becomes
//!
//! ```text
//! static __RESILIENT_IMPL_RATE_LIMIT_H..: RateLimiter = { .. };
//! impl Get for Store {
//!     #[::resilient_runtime::resilient(__of_impl(H..), rate_limit(per_second = 100), timeout("1s"))]
//!     async fn get(&self) -> Result<u32, Status> { .. }
//! }
//! ```
//!
//! The `impl` sees the attributes of its methods before `cfg_attr` is resolved, a method's own
//! attribute sees them after: so the stack is handed to each method as its topmost attribute, and the
//! method decides. The statics stand beside the `impl` and not in a block around it, which would show
//! in the names of the methods.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Attribute;
use syn::parse::{ParseStream, Parser};

use crate::body;
use crate::errors::Errors;
use crate::family::Family;
use crate::function::{Item, braces, head};
use crate::policy::state::{self, Stateful};
use crate::policy::{Parsed, RESILIENT};
use crate::resilient;
use crate::stack::{Shared, numbered};
use crate::tokens::{is_ident, is_punct};
use crate::validate;

/// Stands first in what is handed to a method; in its parentheses is what the statics' names end in.
const MARK: &str = "__of_impl";

/// Whether the tokens after an item's attributes are those of an `impl`.
pub(crate) fn is_impl(rest: &[TokenTree]) -> bool {
    let mut words = rest.iter();
    loop {
        match words.next() {
            Some(TokenTree::Ident(word)) if word == "impl" => return true,
            Some(TokenTree::Ident(word)) if word == "unsafe" || word == "default" => {}
            _ => return false,
        }
    }
}

pub(crate) fn expand(own: &str, args: TokenStream, mut item: Item) -> TokenStream {
    let mut errors = Errors::default();
    if own != RESILIENT {
        let message = format!(
            "`#[{own}]` goes on an `async fn`: for all async methods of an `impl`, write `#[resilient({own}(..))]` on it"
        );
        errors.at(Span::call_site(), message);
    }
    let family = Family::collect(own, args.clone(), &mut item.attrs, &mut errors);
    for sibling in family.members.iter().skip(1) {
        let message = "the stack of an `impl` stands in one attribute: name this layer in its `#[resilient(..)]`";
        errors.at(sibling.name.span(), message);
    }
    let block = match Block::parse(&item.rest) {
        Ok(block) => block,
        Err(error) => {
            errors.push(error);
            let error = errors.finish().map(|error| error.to_compile_error());
            return quote!(#error #item);
        }
    };
    let mark = mark(&args, &item);
    let plan = if own == RESILIENT {
        plan(&args, &mark, &block, &mut errors)
    } else {
        Plan::default()
    };
    let krate = plan.shared.krate.as_ref();
    let (before, mark, args) = match errors.finish() {
        // Without a stack of its `impl`: what a method says of itself still holds.
        Some(error) => {
            let (error, uses) = (error.to_compile_error(), family.uses());
            (quote!(#error #uses), None, TokenStream::new())
        }
        None => {
            let statics = &plan.statics;
            (quote!(#(#statics)*), Some(mark), quote!(, #args))
        }
    };
    let attrs = &item.attrs;
    let block = block.write(|method| {
        let handed = method.is_async || method.skips(&args);
        handed.then(|| push(krate, mark.as_ref(), &args, method.name.span()))
    });
    quote!(#before #(#attrs)* #block)
}

#[derive(Default)]
struct Plan {
    shared: Shared,
    statics: Vec<TokenStream>,
}

/// What the `impl` can check of its stack, and the states that are one for all methods.
fn plan(args: &TokenStream, mark: &Ident, block: &Block, errors: &mut Errors) -> Plan {
    let name = Ident::new(RESILIENT, Span::call_site());
    let (layers, own) = resilient::parse(&name, args.clone(), errors);
    let attributes = layers.iter().map(|layer| &layer.args).chain([&own]);
    let shared = Shared::merge(attributes, errors);
    validate::check_impl(&layers, &shared, &block.generics, errors);
    if block.methods().all(|method| !method.is_async) {
        let message =
            "`#[resilient]` goes round the async methods of an `impl`, and this one has none";
        errors.at(name.span(), message);
    }
    let statics = statics(&layers, mark).into_iter().flatten();
    let statics = statics
        .map(|(policy, name)| state::declare_of_impl(policy, &name, shared.krate.as_ref()))
        .collect();
    Plan { shared, statics }
}

/// Of each layer the static of the `impl`, if it has its state there.
fn statics<'a>(layers: &'a [Parsed], mark: &Ident) -> Vec<Option<(&'a dyn Stateful, Ident)>> {
    let mut kinds = Vec::new();
    layers
        .iter()
        .map(|layer| {
            let layer = layer.policy.layer();
            let stateful = layer
                .stateful()
                .filter(|stateful| state::is_of_impl(*stateful))?;
            let (_, item) = numbered(layer.local(), &mut kinds);
            let name = item.to_string().replacen("RESILIENT", "RESILIENT_IMPL", 1);
            Some((stateful, format_ident!("{name}_{mark}", span = item.span())))
        })
        .collect()
}

/// Hands a method's layers the states of its `impl`.
pub(crate) fn take_statics(layers: &mut [Parsed], mark: &Ident) {
    let names: Vec<Option<Ident>> = statics(layers, mark)
        .into_iter()
        .map(|found| found.map(|(_, name)| name))
        .collect();
    for (layer, name) in layers.iter_mut().zip(names) {
        if let (Some(state), Some(name)) = (layer.policy.layer_mut().state_mut(), name) {
            state.take(name);
        }
    }
}

// #[::resilient_runtime::resilient(__of_impl(MARK), ..)]
//
// It seems to be written where the method's name is: so the line of the call site is the method's.
fn push(
    krate: Option<&syn::Path>,
    mark: Option<&Ident>,
    args: &TokenStream,
    at: Span,
) -> TokenStream {
    let of_impl = Ident::new(MARK, at);
    let path = match krate {
        Some(path) => path.to_token_stream(),
        None => quote_spanned!(at=> ::resilient_runtime),
    };
    quote_spanned!(at=> #[#path::resilient(#of_impl(#mark) #args)])
}

/// What the `impl` handed to the attribute of one of its methods.
pub(crate) struct OfImpl {
    /// `None` after a mistake on the `impl`.
    pub(crate) mark: Option<Ident>,
    pub(crate) args: TokenStream,
}

impl OfImpl {
    /// `None` where a user wrote the attribute.
    pub(crate) fn read(args: &TokenStream) -> Option<Self> {
        let mut args = args.clone().into_iter();
        if !is_ident(args.next().as_ref(), MARK) {
            return None;
        }
        let TokenTree::Group(group) = args.next()? else {
            return None;
        };
        let mut args = args.peekable();
        if is_punct(args.peek(), ',') {
            args.next();
        }
        Some(Self {
            mark: syn::parse2(group.stream()).ok(),
            args: args.collect(),
        })
    }
}

/// A name for this `impl` that no other in its module has: FNV-1a over all that it is made of.
fn mark(args: &TokenStream, item: &Item) -> Ident {
    let text = format!("{args} {}", item.to_token_stream());
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format_ident!("H{hash:016X}", span = Span::mixed_site())
}

/// An `impl`, as far as it has to be known.
struct Block {
    header: TokenStream,
    generics: syn::Generics,
    braces: Group,
    inner_attrs: Vec<Attribute>,
    items: Vec<Entry>,
}

enum Entry {
    Method(Method),
    Other(TokenStream),
}

struct Method {
    attrs: Vec<Attribute>,
    name: Ident,
    rest: TokenStream,
    is_async: bool,
}

impl Method {
    /// Whether it bears a `#[resilient(skip)]`, as a sync one may, too.
    fn skips(&self, args: &TokenStream) -> bool {
        let (mut attrs, mut errors) = (self.attrs.clone(), Errors::default());
        let mut family = Family::collect(RESILIENT, args.clone(), &mut attrs, &mut errors);
        family.take_skip().is_some()
    }
}

impl Block {
    fn parse(rest: &[TokenTree]) -> syn::Result<Self> {
        let (last, header) = rest.split_last().unzip();
        let header: TokenStream = header.into_iter().flatten().cloned().collect();
        let braces = last
            .and_then(braces)
            .ok_or_else(|| syn::Error::new_spanned(&header, "expected an `impl` with a body"))?;
        let (inner_attrs, items) = read_items.parse2(braces.stream())?;
        Ok(Self {
            generics: read_generics.parse2(header.clone())?,
            header,
            braces,
            inner_attrs,
            items,
        })
    }

    fn methods(&self) -> impl Iterator<Item = &Method> {
        self.items.iter().filter_map(|item| match item {
            Entry::Method(method) => Some(method),
            Entry::Other(_) => None,
        })
    }

    /// The whole of it again, each method with what `push` puts on top.
    fn write(&self, push: impl Fn(&Method) -> Option<TokenStream>) -> TokenStream {
        let inner_attrs = &self.inner_attrs;
        let items = self.items.iter().map(|item| match item {
            Entry::Other(tokens) => tokens.clone(),
            Entry::Method(method) => {
                let pushed = push(method);
                let (attrs, rest) = (&method.attrs, &method.rest);
                quote!(#pushed #(#attrs)* #rest)
            }
        });
        let mut body = Group::new(Delimiter::Brace, quote!(#(#inner_attrs)* #(#items)*));
        body.set_span(self.braces.span());
        let header = &self.header;
        quote!(#header #body)
    }
}

fn read_generics(input: ParseStream<'_>) -> syn::Result<syn::Generics> {
    while !input.peek(syn::Token![impl]) {
        input.parse::<TokenTree>()?;
    }
    input.parse::<syn::Token![impl]>()?;
    // `impl <T as Trait>::Type` has none.
    let generics = input.fork().parse().unwrap_or_default();
    input.parse::<TokenStream>()?;
    Ok(generics)
}

fn read_items(input: ParseStream<'_>) -> syn::Result<(Vec<Attribute>, Vec<Entry>)> {
    let inner_attrs = input.call(Attribute::parse_inner)?;
    let mut items = Vec::new();
    while !input.is_empty() {
        let ahead = input.fork();
        if let Ok(method) = read_method(&ahead) {
            syn::parse::discouraged::Speculative::advance_to(input, &ahead);
            items.push(Entry::Method(method));
        } else {
            let item: syn::ImplItem = input.parse()?;
            items.push(Entry::Other(item.into_token_stream()));
        }
    }
    Ok((inner_attrs, items))
}

fn read_method(input: ParseStream<'_>) -> syn::Result<Method> {
    let attrs = input.call(Attribute::parse_outer)?;
    let (vis, defaultness, sig) = head(input)?;
    let block = braces(&input.parse::<TokenTree>()?);
    let block = block.ok_or_else(|| input.error("expected a body"))?;
    Ok(Method {
        attrs,
        name: sig.ident.clone(),
        is_async: body::read(&sig, block.clone()).is_some(),
        rest: quote!(#vis #defaultness #sig #block),
    })
}
