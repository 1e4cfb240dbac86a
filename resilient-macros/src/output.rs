//! The function's return type, and what is said by it.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Type;
use syn::visit_mut::{VisitMut, visit_type_mut};

use crate::stack::Shared;
use crate::tokens::moved;

/// The return type, in the three ways in which it is written.
pub(crate) struct Output {
    /// With `_` for each `impl Trait`: where the compiler infers.
    pub(crate) hinted: Type,
    /// With `()` for each `impl Trait`: where it must not have to.
    pub(crate) nameable: Type,
    /// Where it stands, with the names of this expansion.
    pub(crate) span: Span,
}

impl Output {
    pub(crate) fn new(ty: &Type) -> Self {
        let nameable = without_impl_trait(ty, &quote!(()));
        Self {
            hinted: nameable
                .is_some()
                .then(|| without_impl_trait(ty, &quote!(_)))
                .flatten()
                .unwrap_or_else(|| ty.clone()),
            nameable: nameable.unwrap_or_else(|| ty.clone()),
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
pub(crate) fn judge(output: &Output, shared: &Shared) -> TokenStream {
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
