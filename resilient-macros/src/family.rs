//! Finds the attributes of the family on one function. The topmost expands first and takes all the
//! others with it, so that one expansion sees the whole stack in the order in which it reads.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::quote_spanned;
use syn::{Attribute, Meta, Path};

use crate::errors::Errors;
use crate::krate::CRATES;
use crate::policy::{self, RESILIENT};
use crate::tokens::{is_ident, is_punct};

/// Stands in every body that the family has rewritten.
pub(crate) const MARKER: &str = "__RESILIENT_SITE";

/// One attribute of the family.
pub(crate) struct Member {
    /// Its name, with the span for errors about the whole of it.
    pub(crate) name: Ident,
    pub(crate) args: TokenStream,
    /// How a sibling's path was written. The compiler has resolved that of the attribute that
    /// expands, but never sees that of a sibling, whose `use` would then count as unused.
    path: Option<Path>,
}

pub(crate) struct Family {
    /// As they stand, the topmost first.
    pub(crate) members: Vec<Member>,
    /// Where the runtime is if none of them says so.
    pub(crate) krate: Option<Path>,
}

impl Family {
    /// Takes the family's attributes out of `attrs`.
    pub(crate) fn collect(
        own: &str,
        args: TokenStream,
        attrs: &mut Vec<Attribute>,
        errors: &mut Errors,
    ) -> Self {
        let by_path = |attr: &Attribute| attr.path().segments.len() > 1;
        let homes = match attrs.iter().any(by_path) {
            true => homes(&args, attrs),
            false => Vec::new(),
        };
        let mut members = vec![Member {
            name: Ident::new(own, Span::call_site()),
            args,
            path: None,
        }];
        attrs.retain(|attr| {
            let Some(name) = member_name(attr.path(), &homes) else {
                return true;
            };
            let args = match &attr.meta {
                Meta::Path(_) => TokenStream::new(),
                Meta::List(list) => list.tokens.clone(),
                Meta::NameValue(pair) => {
                    let message = format!("write `#[{name}(..)]`");
                    errors.over(pair, message);
                    TokenStream::new()
                }
            };
            members.push(Member {
                name,
                args,
                path: Some(attr.path().clone()),
            });
            false
        });
        Self {
            members,
            krate: None,
        }
    }

    /// Takes `#[resilient(skip)]` out, and gives its `skip`.
    pub(crate) fn take_skip(&mut self) -> Option<Ident> {
        let skip = |member: &Member| {
            if member.name != RESILIENT {
                return None;
            }
            let mut args = member.args.clone().into_iter();
            let skip = match args.next()? {
                TokenTree::Ident(word) if word == "skip" => word,
                _ => return None,
            };
            let alone = args.next().is_none_or(|comma| is_punct(Some(&comma), ','));
            (alone && args.next().is_none()).then_some(skip)
        };
        let found = |(at, member)| Some((at, skip(member)?));
        let (at, skip) = self.members.iter().enumerate().find_map(found)?;
        self.members.remove(at);
        Some(skip)
    }

    /// Names each removed path once more, which also makes the compiler resolve it.
    ///
    /// As an attribute: a `use` would look for a value of that name as well, and find an argument.
    pub(crate) fn uses(&self) -> TokenStream {
        let at = Span::mixed_site();
        let mut seen = Vec::new();
        let paths = self
            .members
            .iter()
            .filter_map(|member| member.path.as_ref());
        let paths = paths.filter(|path| {
            let path = unrooted(path);
            let first = !seen.contains(&path);
            seen.push(path);
            first
        });
        quote_spanned!(at=> #(#[#paths] use {};)*)
    }
}

/// Whether the attribute is only there to be [named](Family::uses): then it and its item leave nothing behind.
pub(crate) fn only_names(args: &TokenStream, item: &TokenStream) -> bool {
    if !args.is_empty() {
        return false;
    }
    let mut item = item.clone().into_iter();
    matches!(
        [item.next(), item.next(), item.next(), item.next()],
        [Some(word), Some(TokenTree::Group(nothing)), Some(_), None]
            if is_ident(Some(&word), "use") && nothing.stream().is_empty()
    )
}

/// The name of a family attribute, if `path` is that of one: bare, or from one of our crates.
/// `#[ntest::timeout(..)]` is somebody else's.
fn member_name(path: &Path, homes: &[String]) -> Option<Ident> {
    let last = &path.segments.last()?.ident;
    if !policy::is_attribute(&last.to_string()) {
        return None;
    }
    let ours = if path.segments.len() == 1 {
        path.leading_colon.is_none()
    } else {
        // In part too: `runtime::retry` where `crate = crate::vendor::runtime`.
        let written = format!("::{}", unrooted(path));
        homes
            .iter()
            .any(|known| format!("::{known}::{last}").ends_with(&written))
    };
    ours.then(|| last.clone())
}

/// The paths under which the attributes may be named: the crates' own, and each `crate = path`.
fn homes(args: &TokenStream, attrs: &[Attribute]) -> Vec<String> {
    let lists = attrs.iter().filter_map(|attr| match &attr.meta {
        Meta::List(list) => {
            let last = list.path.segments.last()?.ident.to_string();
            policy::is_attribute(&last).then_some(&list.tokens)
        }
        _ => None,
    });
    let crates = CRATES.iter().map(|name| (*name).to_owned());
    let named = std::iter::once(args).chain(lists).filter_map(named_crate);
    crates.chain(named.map(|path| unrooted(&path))).collect()
}

/// The path in `crate = path`, wherever it stands among the arguments.
pub(crate) fn named_crate(args: &TokenStream) -> Option<Path> {
    let mut tokens = args.clone().into_iter().peekable();
    while let Some(token) = tokens.next() {
        if is_ident(Some(&token), "crate") && is_punct(tokens.peek(), '=') {
            tokens.next();
            let path: TokenStream = tokens.take_while(|t| !is_punct(Some(t), ',')).collect();
            return syn::parse2(path).ok();
        }
    }
    None
}

/// A path without its leading `::`, as text to compare by.
fn unrooted(path: &Path) -> String {
    let names: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
    names.join("::")
}

/// An attribute under another name is invisible to its siblings: it expands last, over what they
/// have made of the body, and so inside of them wherever it stands.
pub(crate) fn refuse_second(own: &str, errors: &mut Errors) {
    let message = format!(
        "this function was already rewritten by another attribute of the family, which could not see this one \
         and so could not put it in its place: import the attribute under its own name (`{own}`), name the \
         crate that re-exports it by `crate = ..`, or put the whole stack into one `#[resilient(..)]`"
    );
    errors.at(Span::call_site(), message);
}
