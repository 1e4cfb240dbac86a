//! The function's return type, and what is said by it.

use std::borrow::Cow;

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Type;
use syn::visit_mut::{VisitMut, visit_type_mut};

use crate::stack::Shared;
use crate::tokens::moved;

/// The return type, in the three ways in which it is written.
pub(crate) struct Output<'a> {
    /// With `_` for each `impl Trait`: where the compiler infers.
    pub(crate) hinted: Cow<'a, Type>,
    /// With `()` for each `impl Trait`: where it must not have to.
    pub(crate) nameable: Cow<'a, Type>,
    /// Where it stands, with the names of this expansion.
    pub(crate) span: Span,
}

impl<'a> Output<'a> {
    pub(crate) fn new(ty: &'a Type) -> Self {
        let (hinted, nameable) = match without_impl_trait(ty, &quote!(_)) {
            None => (Cow::Borrowed(ty), Cow::Borrowed(ty)),
            Some(hinted) => {
                let nameable = without_impl_trait(ty, &quote!(()));
                (
                    Cow::Owned(hinted),
                    nameable.map_or(Cow::Borrowed(ty), Cow::Owned),
                )
            }
        };
        Self {
            hinted,
            nameable,
            span: Span::mixed_site().located_at(syn::spanned::Spanned::span(ty)),
        }
    }
}

/// `None` if there is none in it.
fn without_impl_trait(ty: &Type, by: &TokenStream) -> Option<Type> {
    struct Replace<'a> {
        by: &'a TokenStream,
        found: bool,
    }

    impl VisitMut for Replace<'_> {
        fn visit_type_mut(&mut self, ty: &mut Type) {
            if matches!(ty, Type::ImplTrait(_)) {
                let by = self.by;
                *ty = syn::parse_quote!(#by);
                self.found = true;
            } else {
                visit_type_mut(self, ty);
            }
        }
    }

    let mut ty = ty.clone();
    let mut replace = Replace { by, found: false };
    replace.visit_type_mut(&mut ty);
    replace.found.then_some(ty)
}

// |error: &ErrorOf<R>| classify!(error)
pub(crate) fn judge(output: &Output<'_>, shared: &Shared) -> TokenStream {
    let at = Span::mixed_site();
    let ty = &output.nameable;
    let type_at = output.span;
    let error = moved(quote_spanned!(at=> |error: &));
    let error = moved(quote_spanned!(type_at=> #error __resilient::ErrorOf<#ty>));
    match &shared.classify {
        Some(path) => quote_spanned!(at=> #error| __resilient::classified!(error, #path)),
        None => quote_spanned!(at=> #error| __resilient::classify!(error)),
    }
}
