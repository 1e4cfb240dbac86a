//! Questions asked of raw tokens, where parsing them would say too little or fail.

use std::cell::Cell;
use std::iter;

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::visit_mut::VisitMut;

/// Which of `names` stand anywhere in `tokens`, however deeply nested.
pub(crate) fn idents_in<const N: usize>(tokens: TokenStream, names: [&str; N]) -> [bool; N] {
    // The compiler writes a text sooner than it hands out the tokens.
    let text = tokens.to_string();
    names.map(|name| text.contains(name) && stands_in(tokens.clone(), name))
}

pub(crate) fn contains_ident(tokens: TokenStream, name: &str) -> bool {
    idents_in(tokens, [name]) == [true]
}

fn stands_in(tokens: TokenStream, name: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == name,
        TokenTree::Group(group) => stands_in(group.stream(), name),
        _ => false,
    })
}

/// The group inside invisible delimiters, which is how a `macro_rules!` fragment arrives.
pub(crate) fn see_through(mut group: Group) -> Group {
    while group.delimiter() == Delimiter::None {
        let mut inner = group.stream().into_iter();
        match (inner.next(), inner.next()) {
            (Some(TokenTree::Group(only)), None) => group = only,
            _ => break,
        }
    }
    group
}

/// Tokens for one place in a `quote!`, into which they move: where they come first they become the beginning
/// of what is quoted, and the compiler, to which each copy and each joint is a call, hears nothing of it.
pub(crate) struct Moved(Cell<TokenStream>);

pub(crate) const fn moved(tokens: TokenStream) -> Moved {
    Moved(Cell::new(tokens))
}

impl ToTokens for Moved {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let own = self.0.take();
        if tokens.is_empty() {
            *tokens = own;
        } else if !own.is_empty() {
            tokens.extend(iter::once(own));
        }
    }
}

pub(crate) fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

pub(crate) fn is_ident(token: Option<&TokenTree>, wanted: &str) -> bool {
    matches!(token, Some(TokenTree::Ident(ident)) if ident == wanted)
}

/// The `#![..]` at the beginning of a body, and the rest of it.
pub(crate) fn split_inner_attributes(body: TokenStream) -> (TokenStream, TokenStream) {
    let mut rest = body.clone().into_iter();
    if !is_punct(rest.next().as_ref(), '#') {
        return (TokenStream::new(), body);
    }
    let mut rest: Vec<TokenTree> = body.into_iter().collect();
    let mut length = 0;
    while let Some([hash, bang, TokenTree::Group(group)]) = rest.get(length..length + 3) {
        let opens = is_punct(Some(hash), '#') && is_punct(Some(bang), '!');
        if !opens || group.delimiter() != Delimiter::Bracket {
            break;
        }
        length += 3;
    }
    let attrs = rest.drain(..length).collect();
    (attrs, rest.into_iter().collect())
}

/// Writes `__self` for `self`, as `#[async_trait]` has done in the body but not in the attributes below it.
pub(crate) fn rename_self(tokens: TokenStream) -> TokenStream {
    let mut out = TokenStream::new();
    let mut rest = tokens.into_iter().peekable();
    while let Some(token) = rest.next() {
        out.extend([match token {
            // `self::limits::RATE` is a path to a module.
            TokenTree::Ident(ident) if ident == "self" && !is_punct(rest.peek(), ':') => {
                TokenTree::Ident(Ident::new("__self", ident.span()))
            }
            TokenTree::Group(group) => {
                let mut renamed = Group::new(group.delimiter(), rename_self(group.stream()));
                renamed.set_span(group.span());
                TokenTree::Group(renamed)
            }
            other => other,
        }]);
    }
    out
}

/// Whether `expr` uses one of `names`: mentions it, or has a macro write it into a text, `"no {key}"`.
pub(crate) fn uses(expr: &syn::Expr, names: &[String]) -> bool {
    mention(expr, names).is_some() || captures(expr.to_token_stream(), names, false)
}

/// `in_macro` if `tokens` are the arguments of one: a text elsewhere captures nothing.
fn captures(tokens: TokenStream, names: &[String], in_macro: bool) -> bool {
    let mut called = false;
    tokens.into_iter().any(|token| {
        let found = match &token {
            TokenTree::Group(group) => captures(group.stream(), names, in_macro || called),
            TokenTree::Literal(text) if in_macro => captured(&text.to_string(), names),
            _ => false,
        };
        called = is_punct(Some(&token), '!');
        found
    })
}

/// Whether one of `names` stands in a placeholder of `text`: `{key}`, `{key:?}`, `{0:key$}`.
fn captured(text: &str, names: &[String]) -> bool {
    let is_name = |word: &str| {
        names
            .iter()
            .any(|name| name.trim_start_matches("r#") == word)
    };
    let mut rest = text;
    while let Some((_, behind)) = rest.split_once('{') {
        if let Some(escaped) = behind.strip_prefix('{') {
            rest = escaped;
            continue;
        }
        let Some((inside, behind)) = behind.split_once('}') else {
            return false;
        };
        rest = behind;
        let (value, format) = inside.split_once(':').unwrap_or((inside, ""));
        let (sizes, _) = format.rsplit_once('$').unwrap_or_default();
        let begins = |c: char| c != '_' && !c.is_alphanumeric();
        let mut sizes = sizes
            .split('$')
            .filter_map(|size| size.rsplit(begins).next());
        if is_name(value.trim()) || sizes.any(is_name) {
            return true;
        }
    }
    false
}

/// The first of `names` that `expr` mentions as a value or a type: not as a field, a method, a
/// segment of a path, or the name of one of its own closure arguments.
pub(crate) fn mention(expr: &syn::Expr, names: &[String]) -> Option<Ident> {
    let mut names = names.to_vec();
    if let syn::Expr::Closure(closure) = expr {
        let own: Vec<syn::PatIdent> = closure.inputs.iter().flat_map(bound).collect();
        names.retain(|name| !own.iter().any(|pat| pat.ident == name));
    }
    find(expr.to_token_stream(), &names)
}

fn find(tokens: TokenStream, names: &[String]) -> Option<Ident> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        let before = |back: usize| at.checked_sub(back).and_then(|at| tokens.get(at));
        let found = match token {
            TokenTree::Group(group) => find(group.stream(), names),
            TokenTree::Ident(ident) if names.iter().any(|name| ident == name) => {
                // `a.name`, but not the range `a..name`.
                let member = is_punct(before(1), '.') && !is_punct(before(2), '.');
                let segment = is_punct(before(1), ':') && is_punct(before(2), ':');
                // `name::..` reaches into a module of that name; `Self::..` and `T::..` into a type.
                let module = is_punct(tokens.get(at + 1), ':')
                    && ident.to_string().starts_with(|c: char| c.is_lowercase());
                (!member && !segment && !module).then(|| ident.clone())
            }
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

/// The names of values in which `expr` begins: `host` of `host`, `&host.name[..]`, `host.name()` and `(host, 1)`.
pub(crate) fn roots(expr: &syn::Expr) -> Vec<&Ident> {
    use syn::Expr;
    match expr {
        Expr::Path(path) => path.path.get_ident().into_iter().collect(),
        Expr::Group(inner) => roots(&inner.expr),
        Expr::Paren(inner) => roots(&inner.expr),
        Expr::Reference(inner) => roots(&inner.expr),
        Expr::Unary(inner) => roots(&inner.expr),
        Expr::Field(inner) => roots(&inner.base),
        Expr::Index(inner) => roots(&inner.expr),
        Expr::MethodCall(inner) => roots(&inner.receiver),
        Expr::Tuple(inner) => inner.elems.iter().flat_map(roots).collect(),
        _ => Vec::new(),
    }
}

/// The places of a pattern that bind a name.
pub(crate) fn bound(pat: &syn::Pat) -> Vec<syn::PatIdent> {
    struct Collect(Vec<syn::PatIdent>);

    impl VisitMut for Collect {
        fn visit_pat_ident_mut(&mut self, pat: &mut syn::PatIdent) {
            self.0.push(pat.clone());
            syn::visit_mut::visit_pat_ident_mut(self, pat);
        }
    }

    let mut collect = Collect(Vec::new());
    collect.visit_pat_mut(&mut pat.clone());
    collect.0
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_text_in_a_macro_uses_what_stands_in_its_placeholders() {
        let uses = |expr: &str| {
            let expr = syn::parse_str(expr).expect("an expression");
            super::uses(&expr, &["key".to_owned(), "r#type".to_owned()])
        };
        for text in [
            r#"format!("no {key}")"#,
            r##"format!(r#"{} { key :?}"#, 1)"##,
            r#"Err(bad!(1, ["{{}} {0:>key$}"]))"#,
            r#"format!("{x:>1.key$}")"#,
            r#"format!("{type}")"#,
        ] {
            assert!(uses(text), "{text}");
        }
        for text in [
            r#"format!("key {{key}} {keys} {x:key} {}", 1)"#,
            r#"Ok("{key}")"#,
            r#"format!("{key")"#,
            "format!('{', \"}\")",
        ] {
            assert!(!uses(text), "{text}");
        }
    }
}
