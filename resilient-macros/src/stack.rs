//! The plan: the layers in order with their names, what holds for all of them, who owns the arguments,
//! and of which each attempt gets a copy.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote_spanned};
use syn::ext::IdentExt;
use syn::{Attribute, Expr, Path};

use crate::args::Args;
use crate::errors::Errors;
use crate::krate;
use crate::params::{Held, Params};
use crate::policy::{Need, Parsed, Policy};
use crate::tokens::uses;

pub(crate) struct Stack {
    /// The outermost first.
    pub(crate) layers: Vec<Planned>,
    pub(crate) shared: Shared,
    pub(crate) copies: Vec<Copied>,
}

pub(crate) struct Planned {
    pub(crate) policy: Policy,
    pub(crate) local: Ident,
    pub(crate) item: Ident,
}

/// What is said once for the whole stack, on whichever attribute.
#[derive(Default)]
pub(crate) struct Shared {
    pub(crate) name: Option<Expr>,
    pub(crate) krate: Option<Path>,
    pub(crate) into_error: Option<Expr>,
    pub(crate) classify: Option<Expr>,
}

impl Shared {
    pub(crate) fn merge<'a>(all: impl IntoIterator<Item = &'a Args>, errors: &mut Errors) -> Self {
        let mut shared = Self::default();
        for args in all {
            once(&mut shared.name, args, "name", errors);
            once(&mut shared.into_error, args, "into_error", errors);
            once(&mut shared.classify, args, "classify", errors);
            if let Some(expr) = args.expr("crate")
                && let Some(path) = krate::path(&expr, errors)
            {
                match &shared.krate {
                    Some(other) if !same(other, &path) => {
                        errors.over(
                            &expr,
                            "another attribute of this function names another `crate`",
                        );
                    }
                    _ => shared.krate = Some(path),
                }
            }
        }
        if let Some(name) = &shared.name
            && let Some((_, literal)) = crate::value::literal(name)
            && crate::value::string(name).is_none_or(|text| text.value().trim().is_empty())
        {
            errors.over(
                literal,
                "`name` is a text that is not empty, like `name = \"cache.get\"`",
            );
        }
        shared
    }
}

impl Shared {
    /// The `name` of an `impl` becomes that of one of its methods: `cache` that of `cache::get`.
    pub(crate) fn put_before(&mut self, method: &Ident) {
        if let Some(name) = &mut self.name
            && let Some(text) = crate::value::string(name)
        {
            let whole = format!("{}::{}", text.value(), method.unraw());
            let whole = syn::LitStr::new(&whole, text.span());
            *name = syn::parse_quote!(#whole);
        }
    }
}

/// Takes a knob that the stack has once; saying the same again does no harm.
fn once(slot: &mut Option<Expr>, args: &Args, name: &str, errors: &mut Errors) {
    let Some(expr) = args.expr(name) else { return };
    match slot {
        Some(earlier) if !same(earlier, &expr) => {
            let message = format!(
                "`{name}` holds for the whole function, and another attribute gives it otherwise: say it once"
            );
            errors.over(&expr, message);
        }
        Some(_) => {}
        None => *slot = Some(expr),
    }
}

fn same(one: &impl ToTokens, other: &impl ToTokens) -> bool {
    one.to_token_stream().to_string() == other.to_token_stream().to_string()
}

/// An argument that each attempt gets as its own.
pub(crate) struct Copied {
    pub(crate) ident: Ident,
    pub(crate) mutable: Option<syn::Token![mut]>,
    pub(crate) held: Held,
    pub(crate) generic: bool,
    pub(crate) cfgs: Vec<Attribute>,
}

impl Stack {
    pub(crate) fn plan(layers: Vec<Parsed>, shared: Shared, params: &Params) -> Self {
        let policies: Vec<Policy> = layers.into_iter().map(|parsed| parsed.policy).collect();
        let copies = copies(&policies, params);
        let mut kinds = Vec::new();
        let layers = policies
            .into_iter()
            .map(|policy| {
                let (local, item) = numbered(policy.layer().local(), &mut kinds);
                Planned {
                    policy,
                    local,
                    item,
                }
            })
            .collect();
        Self {
            layers,
            shared,
            copies,
        }
    }

    /// Whether attempts run at once, and so share the arguments.
    pub(crate) fn is_shared(&self) -> bool {
        self.layers
            .iter()
            .any(|layer| layer.policy.layer().at_once())
    }

    /// Whether what is inside of the layers `outside` may own the arguments: it runs once, and nobody
    /// else needs them. Otherwise it borrows what it only uses.
    pub(crate) fn owns_arguments(&self, outside: &[Planned], arguments: &[String]) -> bool {
        let needed = |layer: &Planned| layer.policy.layer().need(arguments) > Need::Nothing;
        let outside = outside.iter().any(needed);
        // What one inside holds was borrowed at the entry, too.
        let named = |expr: &Expr| uses(expr, arguments);
        let held = |layer: &Planned| layer.policy.layer().held().into_iter().any(named);
        !outside && !self.layers.iter().any(held)
    }
}

/// Whether what is inside of the layers `outside` may run more than once.
pub(crate) fn repeats(outside: &[Planned]) -> bool {
    outside.iter().any(|layer| layer.policy.layer().repeats())
}

pub(crate) fn refuses(layers: &[Planned]) -> bool {
    layers.iter().any(|layer| layer.policy.layer().refuses())
}

// retry, __RESILIENT_RETRY; retry_2, __RESILIENT_RETRY_2
pub(crate) fn numbered(kind: &'static str, before: &mut Vec<&'static str>) -> (Ident, Ident) {
    before.push(kind);
    let number = before.iter().filter(|other| **other == kind).count();
    let at = Span::mixed_site();
    let capitals = kind.to_uppercase();
    match number {
        1 => (
            Ident::new(kind, at),
            format_ident!("__RESILIENT_{capitals}", span = at),
        ),
        _ => (
            format_ident!("{kind}_{number}", span = at),
            format_ident!("__RESILIENT_{capitals}_{number}", span = at),
        ),
    }
}

/// `clone(..)` asks for a copy; a `mut` argument that is used again needs one, or an attempt would see
/// what the one before did to it.
fn copies(policies: &[Policy], params: &Params) -> Vec<Copied> {
    let asked: Vec<String> = policies
        .iter()
        .flat_map(|policy| policy.layer().clones())
        .map(ToString::to_string)
        .collect();
    let used_again = |name: &str| {
        let name = [name.to_owned()];
        let mut layers = policies.iter().map(Policy::layer);
        layers.any(|layer| layer.need(&name) == Need::Again)
    };
    let mut copies = Vec::new();
    for param in &params.list {
        for binding in &param.bindings {
            let name = binding.ident.to_string();
            let mutated = binding.mutable.is_some() && used_again(&name);
            if mutated || asked.contains(&name) {
                copies.push(Copied {
                    ident: binding.ident.clone(),
                    mutable: binding.mutable,
                    held: param.held,
                    generic: param.generic,
                    cfgs: param.cfgs.clone(),
                });
            }
        }
    }
    copies
}

impl Copied {
    /// What a copy is called until the attempt has it: the original's name is still needed outside.
    pub(crate) fn own_name(&self) -> Ident {
        let at = Span::mixed_site().located_at(self.ident.span());
        format_ident!("own_{}", self.ident, span = at)
    }

    /// One more of it, while the original stays.
    pub(crate) fn copy(&self) -> TokenStream {
        let ident = &self.ident;
        let at = Span::mixed_site().located_at(ident.span());
        match self.held {
            Held::Exclusive => quote_spanned!(at=> &mut *#ident),
            // Where a bound is missing, the compiler is to propose `Clone`.
            _ if self.generic => quote_spanned!(at=> __resilient::Clone::clone(&#ident)),
            Held::Owned | Held::Shared => quote_spanned!(at=> __resilient::copy(&#ident)),
        }
    }
}
