//! The function's arguments: what they are called, how they are held, and how they can be handed on.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::visit_mut::{VisitMut, visit_pat_ident_mut};
use syn::{Attribute, FnArg, Pat, PatIdent, ReceiverKind, Signature, Type};

use crate::body::{self, Body, Kind};
use crate::tokens::{bound, contains_ident, idents_in, is_punct};

/// How an argument is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    Owned,
    Shared,
    Exclusive,
}

pub(crate) struct Receiver {
    pub(crate) ident: Ident,
    pub(crate) held: Held,
    pub(crate) mutable: bool,
}

pub(crate) struct Param {
    /// The name by which it can be handed on; `None` for `_` and for what is taken apart.
    pub(crate) name: Option<Ident>,
    /// What stands before the `:`, for errors.
    pub(crate) pat: TokenStream,
    pub(crate) held: Held,
    /// Whether it is certainly gone once it is moved.
    pub(crate) moves: bool,
    pub(crate) bindings: Vec<Binding>,
    /// Whether its type is one of the function's own parameters, or made of one.
    pub(crate) generic: bool,
    /// Under which conditions it is there at all.
    pub(crate) cfgs: Vec<Attribute>,
}

pub(crate) struct Binding {
    pub(crate) ident: Ident,
    pub(crate) mutable: Option<syn::Token![mut]>,
}

pub(crate) struct Params {
    pub(crate) receiver: Option<Receiver>,
    pub(crate) list: Vec<Param>,
}

impl Params {
    pub(crate) fn read(sig: &Signature, body: &Body) -> Self {
        let mut params = Self {
            receiver: None,
            list: Vec::new(),
        };
        let type_params = sig.generics.type_params();
        let own_types: Vec<String> = type_params.map(|param| param.ident.to_string()).collect();
        for input in &sig.inputs {
            match input {
                FnArg::Receiver(receiver) => {
                    params.receiver = Some(Receiver {
                        ident: body::self_name(body.kind, receiver.self_token.span),
                        held: held_receiver(&receiver.kind),
                        mutable: receiver.mutability.is_some(),
                    });
                }
                FnArg::Typed(typed) => params.list.push(Param {
                    name: handed_on(&typed.pat),
                    pat: typed.pat.to_token_stream(),
                    held: held(&typed.ty),
                    moves: moves(&typed.ty),
                    bindings: bindings(&typed.pat),
                    generic: mentions(&typed.ty, &own_types),
                    cfgs: cfgs(&typed.attrs),
                }),
            }
        }
        if body.kind == Kind::AsyncTrait {
            params.read_moves(body);
        }
        params
    }

    // Under `#[async_trait]` the patterns have moved into the future:
    //     let mut __self = self;
    //     let mut key = key;
    //     let (a, b) = { let __arg2 = __arg2; __arg2 };
    //     let __arg3 = __arg3;
    fn read_moves(&mut self, body: &Body) {
        for statement in statements(body.before()) {
            let Some((pat, value)) = body::let_pattern(&statement) else {
                continue;
            };
            let bound = bindings(&pat);
            if let (Some(receiver), [only]) = (&mut self.receiver, bound.as_slice())
                && only.ident == "__self"
            {
                receiver.mutable = only.mutable.is_some() && receiver.held == Held::Owned;
                continue;
            }
            let source = first_ident(value);
            let moved = |param: &&mut Param| {
                param
                    .name
                    .as_ref()
                    .is_some_and(|name| Some(name) == source.as_ref())
            };
            if let Some(param) = self.list.iter_mut().find(moved) {
                if is_positional(source.as_ref()) {
                    let wild = bound
                        .iter()
                        .all(|binding| is_positional(Some(&binding.ident)));
                    param.name = None;
                    param.pat = if wild {
                        "_".parse().unwrap_or_default()
                    } else {
                        pat.to_token_stream()
                    };
                }
                param.bindings = bound;
            }
        }
    }

    pub(crate) fn bindings(&self) -> impl Iterator<Item = &Binding> {
        self.list.iter().flat_map(|param| &param.bindings)
    }

    /// Every name under which the function's own arguments can be spoken of.
    pub(crate) fn names(&self) -> Vec<String> {
        let own = self.bindings().map(|binding| binding.ident.to_string());
        own.chain(["self".to_owned(), "__self".to_owned()])
            .collect()
    }
}

/// The statements of a block's beginning, each without its `;`.
fn statements(tokens: TokenStream) -> Vec<Vec<TokenTree>> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut statements: Vec<Vec<TokenTree>> = tokens
        .split(|token| is_punct(Some(token), ';'))
        .map(<[TokenTree]>::to_vec)
        .collect();
    // The `if let` that stands first ends in no `;`.
    for statement in &mut statements {
        if let Some(start) = statement
            .iter()
            .rposition(|t| crate::tokens::is_ident(Some(t), "let"))
        {
            statement.drain(..start);
        }
    }
    statements
}

fn first_ident(tokens: TokenStream) -> Option<Ident> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    match tokens.as_slice() {
        [TokenTree::Ident(ident)] => Some(ident.clone()),
        [TokenTree::Group(group)] => match group.stream().into_iter().last() {
            Some(TokenTree::Ident(ident)) => Some(ident),
            _ => None,
        },
        _ => None,
    }
}

/// Whether async-trait made the name up, for an argument that has none.
fn is_positional(ident: Option<&Ident>) -> bool {
    ident.is_some_and(|ident| {
        let text = ident.to_string();
        let number = text.strip_prefix("__arg");
        number.is_some_and(|number| number.parse::<usize>().is_ok())
    })
}

fn cfgs(attrs: &[Attribute]) -> Vec<Attribute> {
    let cfgs = attrs.iter().filter(|attr| attr.path().is_ident("cfg"));
    cfgs.cloned().collect()
}

fn held_receiver(kind: &ReceiverKind) -> Held {
    match kind {
        ReceiverKind::Reference(_, _, Some(_)) => Held::Exclusive,
        ReceiverKind::Reference(_, _, None) => Held::Shared,
        ReceiverKind::Typed(_, ty) => held(ty),
        _ => Held::Owned,
    }
}

fn held(ty: &Type) -> Held {
    match ty {
        Type::Group(group) => held(&group.elem),
        Type::Paren(paren) => held(&paren.elem),
        Type::Reference(reference) if reference.mutability.is_some() => Held::Exclusive,
        Type::Reference(_) => Held::Shared,
        _ => Held::Owned,
    }
}

/// Whether a value of this type is certainly gone once it is moved, as far as its name tells.
fn moves(ty: &Type) -> bool {
    const NAMES: &[&str] = &[
        "String",
        "Vec",
        "Box",
        "Arc",
        "Rc",
        "VecDeque",
        "HashMap",
        "HashSet",
        "BTreeMap",
        "BTreeSet",
        "BinaryHeap",
        "PathBuf",
        "OsString",
        "CString",
        "Mutex",
        "RwLock",
        "Cell",
        "RefCell",
    ];
    match ty {
        Type::Group(group) => moves(&group.elem),
        Type::Paren(paren) => moves(&paren.elem),
        Type::Reference(reference) => reference.mutability.is_some(),
        Type::Tuple(tuple) => tuple.elems.iter().any(moves),
        Type::Array(array) => moves(&array.elem),
        Type::Path(path) => {
            let last = path.path.segments.last();
            last.is_some_and(|last| NAMES.contains(&last.ident.to_string().as_str()))
        }
        _ => false,
    }
}

fn handed_on(pat: &Pat) -> Option<Ident> {
    match pat {
        Pat::Ident(PatIdent {
            by_ref: None,
            subpat: None,
            ident,
            ..
        }) => Some(ident.clone()),
        _ => None,
    }
}

fn bindings(pat: &Pat) -> Vec<Binding> {
    let binding = |pat: &PatIdent| Binding {
        ident: pat.ident.clone(),
        mutable: pat.mutability.filter(|_| pat.by_ref.is_none()),
    };
    bound(pat).iter().map(binding).collect()
}

/// Takes `mut` off the named bindings: the copies that the attempts get bear it in their place, and
/// the compiler would call the one on the argument unused.
pub(crate) fn without_mut(sig: &mut Signature, body: &mut Body, names: &[String]) {
    let mut strip = Strip(names);
    if body.kind == Kind::AsyncTrait {
        body.set_before(strip.statements(body.before()));
    } else {
        let names: Vec<String> = names
            .iter()
            .filter(|name| !body.outside_mentions(name))
            .cloned()
            .collect();
        strip = Strip(&names);
        for input in &mut sig.inputs {
            if let FnArg::Typed(typed) = input {
                strip.visit_pat_mut(&mut typed.pat);
            }
        }
    }
}

struct Strip<'a>(&'a [String]);

impl VisitMut for Strip<'_> {
    fn visit_pat_ident_mut(&mut self, pat: &mut PatIdent) {
        if pat.by_ref.is_none() && self.0.iter().any(|name| pat.ident == name) {
            pat.mutability = None;
        }
        visit_pat_ident_mut(self, pat);
    }
}

impl Strip<'_> {
    // `let mut key = key;` -> `let key = key;`
    fn statements(&mut self, tokens: TokenStream) -> TokenStream {
        let mut out: Vec<TokenTree> = Vec::new();
        let mut rest = tokens.into_iter().peekable();
        while let Some(token) = rest.next() {
            let named = |next: Option<&TokenTree>| match next {
                Some(TokenTree::Ident(ident)) => self.0.iter().any(|name| ident == name),
                _ => false,
            };
            match token {
                TokenTree::Ident(ident) if ident == "mut" && named(rest.peek()) => {}
                TokenTree::Group(group) => {
                    let inner = self.statements(group.stream());
                    let mut stripped = proc_macro2::Group::new(group.delimiter(), inner);
                    stripped.set_span(group.span());
                    out.push(TokenTree::Group(stripped));
                }
                other => out.push(other),
            }
        }
        out.into_iter().collect()
    }
}

/// Whether a type is one of `params`, or made of one, or of one that has no name or another in each `impl`.
fn mentions(ty: &Type, params: &[String]) -> bool {
    let tokens = ty.to_token_stream();
    idents_in(tokens.clone(), ["impl", "Self"]).contains(&true)
        || params
            .iter()
            .any(|name| contains_ident(tokens.clone(), name))
}

/// Where a whole argument is, for errors.
pub(crate) fn span(param: &Param) -> Span {
    syn::spanned::Spanned::span(&param.pat)
}
