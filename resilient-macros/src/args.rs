//! `knob = value, knob = value`: the grammar that all attributes share.
//!
//! Every mistake is reported and the next knob read on from the next comma, so that one slip does
//! not hide another.

use proc_macro2::{Literal, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Expr, Ident, Lit, PathArguments, Token, Type, token};

use crate::errors::Errors;
use crate::nearest::nearest;

/// A knob that an attribute understands.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) form: Form,
    or_type: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `knob = expression`
    Plain,
    /// `knob = "250ms"`, or `knob_ms = 250`
    Duration,
    /// `knob(a, b)`
    Names,
}

impl Key {
    pub(crate) const fn plain(name: &'static str) -> Self {
        Self::of(name, Form::Plain)
    }

    pub(crate) const fn duration(name: &'static str) -> Self {
        Self::of(name, Form::Duration)
    }

    /// A plain one whose value may be a type: `Own<3>` is no expression.
    pub(crate) const fn or_type(name: &'static str) -> Self {
        Self {
            or_type: true,
            ..Self::plain(name)
        }
    }

    pub(crate) const fn names(name: &'static str) -> Self {
        Self::of(name, Form::Names)
    }

    const fn of(name: &'static str, form: Form) -> Self {
        Self {
            name,
            form,
            or_type: false,
        }
    }
}

/// Understood by every attribute: they speak of the function, not of one layer.
pub(crate) const SHARED: &[Key] = &[
    Key::plain("name"),
    Key::plain("crate"),
    Key::plain("into_error"),
];

/// What one attribute takes.
#[derive(Debug)]
pub(crate) struct Schema {
    pub(crate) attribute: &'static str,
    pub(crate) keys: &'static [&'static [Key]],
    pub(crate) bare: Bare,
    /// Names that other libraries give to a knob of this attribute.
    pub(crate) elsewhere: &'static [(&'static str, &'static str)],
}

/// What an expression without a knob's name is taken for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bare {
    Nothing,
    /// If it comes first, for the value of this knob.
    Is(&'static str),
    /// For a slip, and if it is of this form, for one that meant this knob.
    Means(&'static str, fn(&Expr) -> bool),
}

/// One knob as the user wrote it.
pub(crate) struct Knob {
    pub(crate) name: &'static str,
    pub(crate) key: Ident,
    pub(crate) value: Value,
}

pub(crate) enum Value {
    Expr(Expr),
    /// From a knob with the suffix `_ms`.
    Millis(Expr),
    Names(Vec<Ident>),
    Type(Type),
}

/// The arguments of one attribute, each knob known and there once.
pub(crate) struct Args {
    /// The attribute's name as written, for errors about the whole of it.
    pub(crate) attribute: Ident,
    knobs: Vec<Knob>,
    /// Whether a knob could not be read, so that one that seems missing may be that one.
    broken: bool,
}

impl Args {
    pub(crate) fn parse(
        attribute: Ident,
        tokens: TokenStream,
        schema: &Schema,
        errors: &mut Errors,
    ) -> Self {
        let mut args = Self {
            attribute,
            knobs: Vec::new(),
            broken: false,
        };
        let read = (|input: ParseStream<'_>| {
            args.read(input, schema, errors);
            Ok(())
        })
        .parse2(tokens);
        if let Err(error) = read {
            errors.push(error);
        }
        args
    }

    pub(crate) const fn none(attribute: Ident) -> Self {
        Self {
            attribute,
            knobs: Vec::new(),
            broken: false,
        }
    }

    pub(crate) fn given(&self, name: &str) -> Option<&Knob> {
        self.knobs.iter().find(|knob| knob.name == name)
    }

    pub(crate) fn knobs(&self) -> &[Knob] {
        &self.knobs
    }

    pub(crate) const fn is_whole(&self) -> bool {
        !self.broken
    }

    /// The expression of a plain knob.
    pub(crate) fn expr(&self, name: &str) -> Option<Expr> {
        match &self.given(name)?.value {
            Value::Expr(expr) | Value::Millis(expr) => Some(expr.clone()),
            Value::Names(_) | Value::Type(_) => None,
        }
    }

    pub(crate) fn ty(&self, name: &str) -> Option<&Type> {
        match &self.given(name)?.value {
            Value::Type(ty) => Some(ty),
            _ => None,
        }
    }

    pub(crate) fn names(&self, name: &str) -> Vec<Ident> {
        match self.given(name).map(|knob| &knob.value) {
            Some(Value::Names(names)) => names.clone(),
            _ => Vec::new(),
        }
    }

    fn read(&mut self, input: ParseStream<'_>, schema: &Schema, errors: &mut Errors) {
        let mut first = true;
        while !input.is_empty() {
            match read_one(input, schema, first) {
                Ok(knob) => self.insert(knob, errors),
                Err(error) => {
                    self.broken = true;
                    errors.push(error);
                    skip_to_comma(input);
                }
            }
            first = false;
            if input.is_empty() {
                break;
            }
            if input.peek(Token![,]) {
                let _ = input.parse::<Token![,]>();
            } else {
                errors.push(input.error("expected `,` before the next knob"));
                skip_to_comma(input);
                let _ = input.parse::<Token![,]>();
            }
        }
    }

    fn insert(&mut self, knob: Knob, errors: &mut Errors) {
        match self.given(knob.name) {
            None => self.knobs.push(knob),
            Some(earlier) if earlier.key == knob.key => {
                let message = format!("`{}` is given twice: keep one of the two", knob.key);
                errors.at(knob.key.span(), message);
            }
            Some(earlier) => {
                let message = format!(
                    "`{}` and `{}` say the same thing: keep one of the two",
                    earlier.key, knob.key
                );
                errors.at(knob.key.span(), message);
            }
        }
    }
}

fn read_one(input: ParseStream<'_>, schema: &Schema, first: bool) -> syn::Result<Knob> {
    let ahead = input.fork();
    let key = ahead.call(Ident::parse_any).ok();
    let assigned = ahead.peek(Token![=]) && !ahead.peek(Token![==]);
    let called = !assigned && ahead.peek(token::Paren);
    let alone = !assigned && is_at_end(&ahead);

    match key {
        Some(key) if assigned => {
            input.call(Ident::parse_any)?;
            input.parse::<Token![=]>()?;
            let known = look_up(&key, schema);
            if let Ok((known, _)) = known
                && known.or_type
                && let Some(ty) = read_type(input)
            {
                return Ok(Knob {
                    name: known.name,
                    key,
                    value: Value::Type(ty),
                });
            }
            // Read in any case: a comma in the value of an unknown knob begins no other.
            let value = read_value(&key, input);
            let (known, in_ms) = known?;
            if known.form == Form::Names {
                let message =
                    format!("`{key}` takes names in parentheses: write `{key}(argument)`");
                return Err(syn::Error::new(key.span(), message));
            }
            let value = value?;
            Ok(Knob {
                name: known.name,
                key,
                value: if in_ms {
                    Value::Millis(value)
                } else {
                    Value::Expr(value)
                },
            })
        }
        Some(key) if called && names_a_knob(&key, schema) => {
            let (known, _) = look_up(&key, schema)?;
            if known.form != Form::Names {
                let message = format!("`{key}` takes a value: write `{key} = value`");
                return Err(syn::Error::new(key.span(), message));
            }
            input.call(Ident::parse_any)?;
            Ok(Knob {
                name: known.name,
                value: Value::Names(read_names(&key, input)?),
                key,
            })
        }
        Some(key) if alone && names_a_knob(&key, schema) => {
            let message = match look_up(&key, schema)?.0.form {
                Form::Names => format!("`{key}` needs the names of arguments: `{key}(argument)`"),
                Form::Plain | Form::Duration => {
                    format!("`{key}` needs a value: `{key} = value`")
                }
            };
            Err(syn::Error::new(key.span(), message))
        }
        key => match schema.bare {
            Bare::Is(name) if first => {
                let expr = read_expr(input)?;
                if let Expr::Assign(assign) = &expr {
                    return Err(no_name(assign));
                }
                let span = syn::spanned::Spanned::span(&expr);
                Ok(Knob {
                    name,
                    key: Ident::new(name, span),
                    value: Value::Expr(expr),
                })
            }
            // A slip in a knob's name is more likely than a bare expression.
            bare => Err(match (key, input.fork().parse::<Expr>()) {
                (Some(key), _) if (alone || called) && meant(&key, schema).is_some() => {
                    unknown(&key, schema)
                }
                (_, Ok(Expr::Assign(assign))) => no_name(&assign),
                (_, Ok(expr)) if bare.means(&expr).is_some() => {
                    // Past its commas.
                    read_expr(input)?;
                    nameless(&expr, schema)
                }
                (Some(key), _) if alone || called => unknown(&key, schema),
                _ => input.error("expected `knob = value`"),
            }),
        },
    }
}

/// A key by its name; true if it was written with the suffix `_ms`.
fn look_up(key: &Ident, schema: &Schema) -> syn::Result<(&'static Key, bool)> {
    let written = key.to_string();
    all_keys(schema)
        .find_map(|known| {
            if known.name == written {
                return Some((known, false));
            }
            let short = written.strip_suffix("_ms")?;
            (known.form == Form::Duration && known.name == short).then_some((known, true))
        })
        .ok_or_else(|| unknown(key, schema))
}

fn names_a_knob(key: &Ident, schema: &Schema) -> bool {
    look_up(key, schema).is_ok()
}

fn all_keys(schema: &Schema) -> impl Iterator<Item = &'static Key> {
    schema.keys.iter().copied().flatten().chain(SHARED)
}

/// The knob that an unknown one was probably to be.
fn meant(key: &Ident, schema: &Schema) -> Option<String> {
    let written = key.to_string();
    let mut elsewhere = schema.elsewhere.iter();
    let ours = elsewhere.find(|(theirs, _)| *theirs == written);
    ours.map(|(_, ours)| (*ours).to_owned()).or_else(|| {
        let names: Vec<String> = all_keys(schema).flat_map(spellings).collect();
        nearest(&written, names.iter().map(String::as_str)).map(str::to_owned)
    })
}

fn unknown(key: &Ident, schema: &Schema) -> syn::Error {
    let attribute = schema.attribute;
    let written = key.to_string();
    let message = match meant(key, schema) {
        Some(meant) => {
            format!("`#[{attribute}]` has no knob `{written}`: did you mean `{meant}`?")
        }
        None => {
            let names: Vec<String> = all_keys(schema)
                .map(|key| format!("`{}`", key.name))
                .collect();
            format!(
                "`#[{attribute}]` has no knob `{written}`: it has {}",
                names.join(", ")
            )
        }
    };
    syn::Error::new(key.span(), message)
}

impl Bare {
    fn means(self, expr: &Expr) -> Option<&'static str> {
        match self {
            Self::Means(name, fits) => fits(expr).then_some(name),
            Self::Nothing | Self::Is(_) => None,
        }
    }
}

fn nameless(expr: &Expr, schema: &Schema) -> syn::Error {
    let attribute = schema.attribute;
    let name = schema.bare.means(expr).unwrap_or("knob");
    let written = match crate::value::ungrouped(expr) {
        Expr::Closure(_) => "|..| ..".to_owned(),
        expr => expr.to_token_stream().to_string().replace(' ', ""),
    };
    let message = format!("`#[{attribute}]` takes its knobs by name: say `{name} = {written}`");
    syn::Error::new_spanned(expr, message)
}

/// `"knob" = value`
fn no_name(assign: &syn::ExprAssign) -> syn::Error {
    let message = match crate::value::string(&assign.left) {
        Some(name) => format!(
            "a knob's name has no quotes round it: write `{} = ..`",
            name.value()
        ),
        None => "expected `knob = value`".to_owned(),
    };
    syn::Error::new_spanned(&assign.left, message)
}

fn spellings(key: &'static Key) -> Vec<String> {
    match key.form {
        Form::Duration => vec![key.name.to_owned(), format!("{}_ms", key.name)],
        Form::Plain | Form::Names => vec![key.name.to_owned()],
    }
}

pub(crate) fn read_value(key: &Ident, input: ParseStream<'_>) -> syn::Result<Expr> {
    if is_at_end(input) {
        let message = format!("expected a value after `{key} =`");
        return Err(syn::Error::new(key.span(), message));
    }
    read_expr(input)
}

/// Reads an expression; if there is none, `input` still stands before it.
fn read_expr(input: ParseStream<'_>) -> syn::Result<Expr> {
    let ahead = input.fork();
    // Most are a literal and no more, which takes no grammar.
    if let Ok(literal) = ahead.parse::<Literal>()
        && is_at_end(&ahead)
    {
        syn::parse::discouraged::Speculative::advance_to(input, &ahead);
        let (attrs, lit) = (Vec::new(), Lit::new(literal));
        return Ok(Expr::Lit(syn::ExprLit { attrs, lit }));
    }
    let ahead = input.fork();
    let expr = ahead.parse::<Expr>()?;
    syn::parse::discouraged::Speculative::advance_to(input, &ahead);
    Ok(expr)
}

/// Reads the path of a type; if something else stands there, or more than that, `input` still stands before it.
fn read_type(input: ParseStream<'_>) -> Option<Type> {
    let ahead = input.fork();
    let ty = ahead.parse::<Type>().ok()?;
    if !is_path(&ty) || !is_at_end(&ahead) {
        return None;
    }
    syn::parse::discouraged::Speculative::advance_to(input, &ahead);
    Some(ty)
}

/// Whether a value ends here.
fn is_at_end(input: ParseStream<'_>) -> bool {
    input.is_empty() || input.peek(Token![,])
}

fn is_path(ty: &Type) -> bool {
    match ty {
        Type::Group(group) => is_path(&group.elem),
        // `Mine::new()` can be read as a type, like `Fn()`.
        Type::Path(path) => {
            let mut segments = path.path.segments.iter();
            !segments.any(|segment| matches!(segment.arguments, PathArguments::Parenthesized(_)))
        }
        _ => false,
    }
}

fn read_names(key: &Ident, input: ParseStream<'_>) -> syn::Result<Vec<Ident>> {
    let list;
    let parens = syn::parenthesized!(list in input);
    let names: Vec<Ident> = list
        .parse_terminated(Ident::parse_any, Token![,])?
        .into_iter()
        .collect();
    if names.is_empty() {
        let message = format!("`{key}()` names no argument: write `{key}(argument)`");
        return Err(syn::Error::new(parens.span.join(), message));
    }
    Ok(names)
}

pub(crate) fn skip_to_comma(input: ParseStream<'_>) {
    while !input.is_empty() && !input.peek(Token![,]) {
        if input.parse::<TokenTree>().is_err() {
            break;
        }
    }
}
