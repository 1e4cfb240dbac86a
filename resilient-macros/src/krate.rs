//! Where the runtime is: `::resilient_runtime`, or what `crate = path` says.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::{Expr, Path};

use crate::errors::Errors;
use crate::tokens::moved;

/// The crates whose paths lead to the attributes, whatever `crate = ..` says.
pub(crate) const CRATES: &[&str] = &["resilient_runtime", "resilient_macros"];

/// The path in `crate = path`. It must lead there from anywhere in the user's crate, for the code
/// that names it stands inside a function.
pub(crate) fn path(expr: &Expr, errors: &mut Errors) -> Option<Path> {
    match expr {
        Expr::Group(group) => path(&group.expr, errors),
        Expr::Path(path) if path.qself.is_none() && is_absolute(&path.path) => {
            Some(path.path.clone())
        }
        _ => {
            let message = "write the path of the runtime from the root: `crate = ::name`, or `crate = crate::path::to::it`";
            errors.over(expr, message);
            None
        }
    }
}

fn is_absolute(path: &Path) -> bool {
    let first = path
        .segments
        .first()
        .map(|segment| segment.ident.to_string());
    path.leading_colon.is_some() || matches!(first.as_deref(), Some("crate" | "$crate"))
}

/// What generated code calls.
pub(crate) fn private(path: Option<&Path>) -> TokenStream {
    let at = Span::mixed_site();
    match path {
        Some(path) => quote_spanned!(at=> #path::__private),
        None => quote_spanned!(at=> ::resilient_runtime::__private),
    }
}

/// After `before`, `use <runtime>::__private as __resilient;`
pub(crate) fn import(before: TokenStream, path: Option<&Path>) -> TokenStream {
    let (at, before) = (Span::mixed_site(), moved(before));
    match path {
        Some(path) => quote_spanned!(at=> #before use #path::__private as __resilient;),
        None => quote_spanned!(at=> #before use ::resilient_runtime::__private as __resilient;),
    }
}
