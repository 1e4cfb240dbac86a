//! The function under the attributes. Its signature is parsed, its body is not: what the user wrote
//! goes through as tokens, and a mistake in it is for the compiler to report.

use proc_macro2::{Delimiter, Group, Punct, TokenStream, TokenTree};
use quote::{ToTokens, TokenStreamExt, quote};
use syn::parse::{ParseStream, Parser};
use syn::{
    AttrStyle, Attribute, MacroDelimiter, Meta, MetaList, ReturnType, Signature, Token, Type,
    Visibility, token,
};

use crate::body::{self, Body};
use crate::errors::Errors;
use crate::tokens::{contains_ident, idents_in, is_ident, moved, see_through};

/// An item with its attributes taken apart from the rest.
pub(crate) struct Item {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) rest: Vec<TokenTree>,
}

impl Item {
    pub(crate) fn parse(tokens: TokenStream) -> syn::Result<Self> {
        // Not all of it in one: syn would take the body apart, too.
        let mut rest: Vec<TokenTree> = tokens.into_iter().collect();
        let mut attrs = Vec::new();
        while let Some([TokenTree::Punct(hash), TokenTree::Group(group)]) = rest.get(..2)
            && hash.as_char() == '#'
            && group.delimiter() == Delimiter::Bracket
        {
            attrs.extend(attribute(hash, group)?);
            rest.drain(..2);
        }
        Ok(Self { attrs, rest })
    }

    /// Which of `names` stand in the body.
    pub(crate) fn body_mentions<const N: usize>(&self, names: [&str; N]) -> [bool; N] {
        match self.rest.last() {
            Some(TokenTree::Group(body)) => idents_in(body.stream(), names),
            _ => [false; N],
        }
    }
}

fn attribute(hash: &Punct, brackets: &Group) -> syn::Result<Vec<Attribute>> {
    let mut inside = brackets.stream().into_iter();
    // `#[name(..)]`, as those of the family mostly are, is taken apart without syn.
    if let (Some(TokenTree::Ident(name)), Some(TokenTree::Group(parens)), None) =
        (inside.next(), inside.next(), inside.next())
        && parens.delimiter() == Delimiter::Parenthesis
    {
        let delimiter = MacroDelimiter::Paren(token::Paren(parens.delim_span()));
        return Ok(vec![Attribute {
            pound_token: Token![#](hash.span()),
            style: AttrStyle::Outer,
            bracket_token: token::Bracket(brackets.delim_span()),
            meta: Meta::List(MetaList {
                path: name.into(),
                delimiter,
                tokens: parens.stream(),
            }),
        }]);
    }
    let whole = [TokenTree::from(hash.clone()), brackets.clone().into()];
    Attribute::parse_outer.parse2(whole.into_iter().collect())
}

impl ToTokens for Item {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        for attr in &self.attrs {
            attr.to_tokens(tokens);
        }
        tokens.append_all(&self.rest);
    }
}

pub(crate) struct Function {
    pub(crate) vis: Visibility,
    defaultness: Option<Token![default]>,
    pub(crate) sig: Signature,
    /// All of these as they were written, if they still are.
    pub(crate) head: Option<TokenStream>,
    pub(crate) body: Body,
}

impl Function {
    /// Reads what stands below the attributes; `None` if it is nothing that a stack fits round.
    pub(crate) fn parse(own: &str, item: &Item, errors: &mut Errors) -> Option<Self> {
        let (head_tokens, block) = split_body(&item.rest);
        let parser = |input: ParseStream<'_>| {
            let head = head(input)?;
            let rest: TokenStream = input.parse()?;
            Ok((head, rest.is_empty()))
        };
        let ((vis, defaultness, sig), whole) = match parser.parse2(head_tokens.clone()) {
            Ok(parts) => parts,
            Err(error) => {
                errors.push(not_a_function(own, &item.rest).unwrap_or(error));
                return None;
            }
        };
        check_signature(own, &sig, errors);
        let Some(block) = block.filter(|_| whole) else {
            let message = format!(
                "`#[{own}]` needs a body to wrap: put it on the method in each `impl`, or give this one a body"
            );
            errors.over(&sig.ident, message);
            return None;
        };
        let body = match body::read(&sig, block.clone()) {
            Some(body) => body,
            None => {
                errors.push(not_async(own, item, &sig, &block));
                return None;
            }
        };
        check_output(own, &sig, &body, errors);
        Some(Self {
            vis,
            defaultness,
            sig,
            head: Some(head_tokens),
            body,
        })
    }

    /// The function with `block` in the place of its body.
    pub(crate) fn write(self, attrs: &[Attribute], block: &Group) -> TokenStream {
        let head = self.head.unwrap_or_else(|| {
            let (vis, defaultness, sig) = (&self.vis, &self.defaultness, &self.sig);
            quote!(#vis #defaultness #sig)
        });
        let head = moved(head);
        quote!(#(#attrs)* #head #block)
    }
}

type Head = (Visibility, Option<Token![default]>, Signature);

/// A function up to its body.
pub(crate) fn head(input: ParseStream<'_>) -> syn::Result<Head> {
    let vis = input.parse()?;
    // `default` is also a name that a visibility or an item may begin with.
    let defaultness = if input.peek(Token![default]) {
        input.parse()?
    } else {
        None
    };
    Ok((vis, defaultness, input.parse()?))
}

/// What stands before the body, and the body.
fn split_body(rest: &[TokenTree]) -> (TokenStream, Option<Group>) {
    if let Some((last, head)) = rest.split_last()
        && let Some(block) = braces(last)
    {
        return (head.iter().cloned().collect(), Some(block));
    }
    (rest.iter().cloned().collect(), None)
}

/// The brace group that `token` is, also out of a `macro_rules!` fragment.
pub(crate) fn braces(token: &TokenTree) -> Option<Group> {
    match token {
        TokenTree::Group(group) => {
            let group = see_through(group.clone());
            (group.delimiter() == Delimiter::Brace).then_some(group)
        }
        _ => None,
    }
}

/// What a function is called, where its signature may not be one.
pub(crate) fn name(rest: &[TokenTree]) -> String {
    let mut tokens = rest.iter();
    tokens.find(|token| is_ident(Some(token), "fn"));
    tokens
        .next()
        .map(|name| name.to_string())
        .unwrap_or_default()
}

fn not_a_function(own: &str, rest: &[TokenTree]) -> Option<syn::Error> {
    let keyword = rest.iter().find_map(|token| match token {
        TokenTree::Ident(ident) => {
            let text = ident.to_string();
            ["fn", "trait", "struct", "enum", "mod"]
                .contains(&text.as_str())
                .then_some(ident)
        }
        _ => None,
    })?;
    let message = match keyword.to_string().as_str() {
        "fn" => return None,
        "trait" => {
            format!(
                "`#[{own}]` goes on an `async fn`, not on a `trait`: put it on each `impl`, or on a method with a body"
            )
        }
        what => format!("`#[{own}]` goes on an `async fn`, not on a `{what}`"),
    };
    Some(syn::Error::new(keyword.span(), message))
}

fn check_signature(own: &str, sig: &Signature, errors: &mut Errors) {
    let Signature {
        constness,
        asyncness: _,
        safety,
        abi,
        fn_token: _,
        ident: _,
        generics: _,
        paren_token: _,
        inputs: _,
        variadic: _,
        output: _,
    } = sig;
    if let Some(constness) = constness {
        errors.over(constness, format!("`#[{own}]` cannot wrap a `const fn`"));
    }
    if let syn::Safety::Unsafe(unsafety) = safety {
        let message = format!(
            "`#[{own}]` cannot wrap an `unsafe fn`: put it on a safe function that calls this one"
        );
        errors.over(unsafety, message);
    }
    if let Some(abi) = abi {
        let message = format!("`#[{own}]` cannot wrap a function of another ABI");
        errors.over(abi, message);
    }
}

/// Why a function is not async, as far as it shows.
fn not_async(own: &str, item: &Item, sig: &Signature, block: &Group) -> syn::Error {
    let is_test = |attr: &Attribute| {
        let last = attr.path().segments.last();
        last.is_some_and(|segment| segment.ident == "test")
    };
    let body = || block.stream();
    let message = if contains_ident(body(), "block_on") || item.attrs.iter().any(is_test) {
        format!(
            "`#[{own}]` goes on an async function: if `#[tokio::test]`, `#[tokio::main]` or the like stands above and has \
             made this one sync, put that below; else write `async fn {}`",
            sig.ident
        )
    } else if contains_ident(body(), INSTRUMENTED) {
        format!(
            "`#[instrument]` above has already rewritten this function: put it below `#[{own}]`"
        )
    } else {
        format!(
            "`#[{own}]` goes on an async function: write `async fn {}`, or end the body in \
             `Box::pin(async move {{ .. }})` or `async move {{ .. }}`",
            sig.ident
        )
    };
    syn::Error::new(sig.fn_token.span, message)
}

/// Stands in every body that `#[instrument]` has rewritten.
pub(crate) const INSTRUMENTED: &str = "__tracing_attr_span";

/// Types that are no `Result` under any alias that a person would write.
const NO_RESULT: &[&str] = &[
    "Option", "Vec", "Box", "Arc", "Rc", "String", "str", "char", "bool", "u8", "u16", "u32",
    "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "f32", "f64",
];

fn check_output(own: &str, sig: &Signature, body: &Body, errors: &mut Errors) {
    let says = |what: &str| {
        format!(
            "`#[{own}]` tells success from failure by the `Result` that a function returns, and this one returns \
             {what}: return `Result<T, E>`"
        )
    };
    let Some(output) = &body.output else {
        errors.over(&sig.ident, says("nothing"));
        return;
    };
    let mut output = output;
    while let Type::Group(group) = output {
        output = &group.elem;
    }
    match output {
        Type::Path(path) if path.qself.is_none() => {
            let last = path.path.segments.last();
            let name = last.map(|segment| segment.ident.to_string());
            if let Some(name) = name.filter(|name| NO_RESULT.contains(&name.as_str())) {
                errors.over(output, says(&format!("`{name}`")));
            }
        }
        Type::Tuple(tuple) if tuple.elems.is_empty() => errors.over(output, says("`()`")),
        Type::Tuple(_) => errors.over(output, says("a tuple")),
        Type::Reference(_) => errors.over(output, says("a reference")),
        Type::Array(_) | Type::Slice(_) => errors.over(output, says("an array")),
        Type::Never(_) => errors.over(output, says("never")),
        Type::ImplTrait(_) => errors.over(output, says("an `impl Trait`")),
        _ => {}
    }
}

/// The type after `->`.
pub(crate) fn declared(output: &ReturnType) -> Option<&Type> {
    match output {
        ReturnType::Default => None,
        ReturnType::Type(_, ty) => Some(ty),
    }
}
