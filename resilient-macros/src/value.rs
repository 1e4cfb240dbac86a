//! The values that knobs take. A literal is checked here, and a bad one reported on itself; any
//! other expression is left to the compiler or to the call.

use std::time::Duration;

use proc_macro2::{Literal, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{BinOp, Expr, Ident, Lit, LitStr, UnOp};

use crate::args::{Args, Value};
use crate::duration;
use crate::errors::Errors;
use crate::nearest::nearest;
use crate::tokens::{Moved, moved};

/// A knob that was given a usable value.
pub(crate) struct Setting<T> {
    pub(crate) key: Ident,
    pub(crate) expr: Expr,
    pub(crate) value: Known<T>,
}

pub(crate) enum Known<T> {
    /// A literal, checked.
    Now(T),
    /// An expression; `millis` if it counts milliseconds where a `Duration` is meant.
    Later { millis: bool },
    /// A literal with a mistake, which has been reported: given, but nobody knows what.
    Unread,
}

impl<T: Copy> Setting<T> {
    pub(crate) const fn literal(&self) -> Option<T> {
        match self.value {
            Known::Now(value) => Some(value),
            Known::Later { .. } | Known::Unread => None,
        }
    }

    pub(crate) const fn is_literal(&self) -> bool {
        matches!(self.value, Known::Now(_))
    }
}

impl<T: ToValue> ToTokens for Setting<T> {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let (expr, at) = (&self.expr, place(&self.expr));
        match &self.value {
            Known::Now(value) => value.write(at, tokens),
            Known::Later { millis: false } | Known::Unread => expr.to_tokens(tokens),
            Known::Later { millis: true } => {
                tokens.extend(quote_spanned!(at=> __resilient::Duration::from_millis(#expr)));
            }
        }
    }
}

/// How a checked literal is written into the code.
pub(crate) trait ToValue {
    fn write(&self, at: Span, tokens: &mut TokenStream);
}

impl ToValue for u32 {
    fn write(&self, at: Span, tokens: &mut TokenStream) {
        spanned(Literal::u32_unsuffixed(*self), at, tokens);
    }
}

impl ToValue for u64 {
    fn write(&self, at: Span, tokens: &mut TokenStream) {
        spanned(Literal::u64_unsuffixed(*self), at, tokens);
    }
}

impl ToValue for f64 {
    fn write(&self, at: Span, tokens: &mut TokenStream) {
        spanned(Literal::f64_unsuffixed(*self), at, tokens);
    }
}

impl ToValue for Duration {
    fn write(&self, at: Span, tokens: &mut TokenStream) {
        duration::write(*self, at, tokens);
    }
}

fn spanned(mut literal: Literal, at: Span, tokens: &mut TokenStream) {
    literal.set_span(at);
    literal.to_tokens(tokens);
}

/// A literal, also behind a minus sign, in parentheses or out of a `macro_rules!` fragment.
pub(crate) fn literal(expr: &Expr) -> Option<(bool, &Lit)> {
    match expr {
        Expr::Lit(lit) => Some((false, &lit.lit)),
        Expr::Group(group) => literal(&group.expr),
        Expr::Paren(paren) => literal(&paren.expr),
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => {
            literal(&unary.expr).map(|(negative, lit)| (!negative, lit))
        }
        _ => None,
    }
}

/// The expression that a `macro_rules!` fragment stands for.
pub(crate) fn ungrouped(mut expr: &Expr) -> &Expr {
    while let Expr::Group(group) = expr {
        expr = &group.expr;
    }
    expr
}

pub(crate) fn string(expr: &Expr) -> Option<&LitStr> {
    match literal(expr) {
        Some((false, Lit::Str(text))) => Some(text),
        _ => None,
    }
}

/// Looks a knob up and reads its literal by `read`, which says what is wrong with a bad one.
pub(crate) fn setting<T>(
    args: &Args,
    name: &str,
    errors: &mut Errors,
    read: impl FnOnce(bool, &Lit) -> Result<T, String>,
) -> Option<Setting<T>> {
    let knob = args.given(name)?;
    let (expr, millis) = match &knob.value {
        Value::Expr(expr) => (expr, false),
        Value::Millis(expr) => (expr, true),
        Value::Names(_) | Value::Type(_) => return None,
    };
    let value = match literal(expr) {
        None => Known::Later { millis },
        Some((negative, lit)) => match read(negative, lit) {
            Ok(value) => Known::Now(value),
            Err(message) => {
                errors.over(expr, message);
                Known::Unread
            }
        },
    };
    Some(Setting {
        key: knob.key.clone(),
        expr: expr.clone(),
        value,
    })
}

/// A whole number of at least one; `counts` says of what.
pub(crate) fn count(
    args: &Args,
    name: &str,
    counts: &str,
    errors: &mut Errors,
) -> Option<Setting<u32>> {
    let wanted = format!("`{name}` {counts}: write a whole number, at least 1");
    whole(args, name, 1, &wanted, errors)
}

/// A whole number that may be zero; `counts` says of what.
pub(crate) fn amount(
    args: &Args,
    name: &str,
    counts: &str,
    errors: &mut Errors,
) -> Option<Setting<u32>> {
    let wanted = format!("`{name}` {counts}: write a whole number");
    whole(args, name, 0, &wanted, errors)
}

fn whole(
    args: &Args,
    name: &str,
    least: u32,
    wanted: &str,
    errors: &mut Errors,
) -> Option<Setting<u32>> {
    setting(args, name, errors, |negative, lit| match lit {
        Lit::Int(int) if !negative => match int.base10_parse::<u32>() {
            Ok(number) if number >= least => Ok(number),
            Ok(_) => Err(wanted.to_owned()),
            Err(_) => Err(format!("`{name}` goes up to {}", u32::MAX)),
        },
        _ => Err(wanted.to_owned()),
    })
}

/// A rate that is said as a number of calls a second.
pub(crate) fn per_second(args: &Args, errors: &mut Errors) -> Option<Setting<u32>> {
    let wanted = "`per_second` is a number of calls: write a whole number, at least 1";
    let fraction = args
        .expr("per_second")
        .and_then(|expr| match literal(&expr) {
            Some((false, Lit::Float(float))) => parts(float.base10_parse().ok()?),
            _ => None,
        });
    let wanted = match fraction {
        Some((permits, seconds)) => format!(
            "`per_second` is a whole number of calls: write `permits = {permits}, per = \"{seconds}s\"` in its place"
        ),
        None => wanted.to_owned(),
    };
    whole(args, "per_second", 1, &wanted, errors)
}

/// So many in so many seconds, in whole numbers.
fn parts(rate: f64) -> Option<(u32, u32)> {
    (1..=3600_u32).find_map(|seconds| {
        let permits = rate * f64::from(seconds);
        let whole = permits.round();
        let is_whole = (permits - whole).abs() < 1e-6 && (1.0..=1e9).contains(&whole);
        is_whole.then_some((whole as u32, seconds))
    })
}

/// What randomness is begun with.
pub(crate) fn seed(args: &Args, name: &str, errors: &mut Errors) -> Option<Setting<u64>> {
    setting(args, name, errors, |negative, lit| {
        let seed = match lit {
            Lit::Int(int) if !negative => int.base10_parse().ok(),
            _ => None,
        };
        seed.ok_or_else(|| format!("`{name}` is a whole number, up to {}", u64::MAX))
    })
}

fn number(negative: bool, lit: &Lit) -> Option<f64> {
    let number: f64 = match lit {
        Lit::Int(int) => int.base10_parse().ok()?,
        Lit::Float(float) => float.base10_parse().ok()?,
        _ => return None,
    };
    Some(if negative { -number } else { number })
}

/// A share, from nothing to all.
pub(crate) fn rate(args: &Args, name: &str, errors: &mut Errors) -> Option<Setting<f64>> {
    setting(args, name, errors, |negative, lit| {
        check_rate(number(negative, lit))
            .ok_or_else(|| format!("`{name}` is a rate: write a number from 0.0 to 1.0"))
    })
}

fn check_rate(number: Option<f64>) -> Option<f64> {
    number.filter(|rate| (0.0..=1.0).contains(rate))
}

/// A factor of growth.
pub(crate) fn factor(args: &Args, name: &str, errors: &mut Errors) -> Option<Setting<f64>> {
    setting(args, name, errors, |negative, lit| {
        number(negative, lit)
            .filter(|factor| factor.is_finite() && *factor >= 1.0)
            .ok_or_else(|| format!("`{name}` is a factor of growth: write a number, at least 1.0"))
    })
}

/// Whether a duration of nothing makes sense for a knob.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Zero {
    Allowed,
    /// Refused, with the reason.
    Refused(&'static str),
}

impl Zero {
    fn check(self, duration: Duration) -> Result<Duration, String> {
        match self {
            Self::Refused(why) if duration.is_zero() => Err(why.to_owned()),
            _ => Ok(duration),
        }
    }
}

pub(crate) fn duration(
    args: &Args,
    name: &str,
    zero: Zero,
    errors: &mut Errors,
) -> Option<Setting<Duration>> {
    let millis = matches!(args.given(name)?.value, Value::Millis(_));
    setting(args, name, errors, |negative, lit| {
        let duration = if millis {
            suffixed(name, negative, lit)?
        } else {
            text_with_unit(name, lit)?
        };
        zero.check(duration)
    })
}

/// What stands behind `name_ms`.
pub(crate) fn suffixed(name: &str, negative: bool, lit: &Lit) -> Result<Duration, String> {
    match lit {
        Lit::Str(text) => Err(format!(
            "`{name}_ms` counts milliseconds: write `{name}_ms = 250`, or `{name} = \"{}\"`",
            text.value()
        )),
        _ => read_milliseconds(&format!("{name}_ms"), negative, lit),
    }
}

/// A plain number of milliseconds, where the knob's own name says so.
pub(crate) fn milliseconds(
    args: &Args,
    name: &str,
    zero: Zero,
    errors: &mut Errors,
) -> Option<Setting<Duration>> {
    let setting = setting(args, name, errors, |negative, lit| match lit {
        Lit::Str(text) => Err(format!(
            "`{name}` counts milliseconds: write `{name} = 500`, or `\"{}\"` alone",
            text.value()
        )),
        _ => read_milliseconds(name, negative, lit).and_then(|duration| zero.check(duration)),
    })?;
    Some(match setting.value {
        Known::Later { .. } => Setting {
            value: Known::Later { millis: true },
            ..setting
        },
        Known::Now(_) | Known::Unread => setting,
    })
}

fn read_milliseconds(name: &str, negative: bool, lit: &Lit) -> Result<Duration, String> {
    match lit {
        Lit::Int(int) if !negative => match int.base10_parse() {
            Ok(ms) if ms <= u64::MAX / 1_000_000 => Ok(Duration::from_millis(ms)),
            _ => Err("that is longer than five hundred years".to_owned()),
        },
        _ => Err(format!(
            "`{name}` counts milliseconds: write a whole number, like `{name} = 250`"
        )),
    }
}

pub(crate) fn text_with_unit(name: &str, lit: &Lit) -> Result<Duration, String> {
    match lit {
        Lit::Str(text) => duration::parse(&text.value()),
        Lit::Int(int) => Err(format!(
            "a duration needs its unit: write `{name} = \"{int}ms\"` or `{name}_ms = {int}`",
            int = int.base10_digits()
        )),
        _ => Err(format!(
            "`{name}` is a duration: write a number with its unit, like \"250ms\", \"2s\" or \"1m 30s\""
        )),
    }
}

/// One of a fixed set of words, or a value of the type that stands behind them.
pub(crate) fn word(
    args: &Args,
    name: &str,
    words: &'static [&'static str],
    errors: &mut Errors,
) -> Option<Setting<&'static str>> {
    setting(args, name, errors, |_, lit| match lit {
        Lit::Str(text) => known_word(name, &text.value(), words),
        _ => Err(expected_words(name, words)),
    })
}

fn known_word(
    name: &str,
    written: &str,
    words: &'static [&'static str],
) -> Result<&'static str, String> {
    if let Some(word) = words.iter().find(|word| **word == written) {
        return Ok(word);
    }
    Err(match nearest(written, words.iter().copied()) {
        Some(meant) => format!("there is no {name} \"{written}\": did you mean \"{meant}\"?"),
        None => expected_words(name, words),
    })
}

fn expected_words(name: &str, words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    format!("`{name}` is one of {}", words.join(", "))
}

/// `jitter`: a word, or a rate.
#[derive(Clone, Copy)]
pub(crate) enum Jitter {
    None,
    Full,
    Equal,
    Rate(f64),
}

pub(crate) fn jitter(args: &Args, errors: &mut Errors) -> Option<Setting<Jitter>> {
    const WORDS: &[&str] = &["none", "full", "equal"];
    setting(args, "jitter", errors, |negative, lit| match lit {
        Lit::Str(text) => Ok(match known_word("jitter", &text.value(), WORDS)? {
            "none" => Jitter::None,
            "equal" => Jitter::Equal,
            _ => Jitter::Full,
        }),
        _ => check_rate(number(negative, lit))
            .map(Jitter::Rate)
            .ok_or_else(|| {
                "`jitter` is \"none\", \"full\", \"equal\", or a rate from 0.0 to 1.0".to_owned()
            }),
    })
}

impl ToValue for Jitter {
    fn write(&self, at: Span, tokens: &mut TokenStream) {
        tokens.extend(match self {
            Self::None => quote_spanned!(at=> __resilient::Jitter::None),
            Self::Full => quote_spanned!(at=> __resilient::Jitter::Full),
            Self::Equal => quote_spanned!(at=> __resilient::Jitter::Equal),
            Self::Rate(rate) => {
                let mut literal = TokenStream::new();
                rate.write(at, &mut literal);
                quote_spanned!(at=> __resilient::Jitter::Rate(#literal))
            }
        });
    }
}

/// `window`: a time, or a number of calls.
#[derive(Clone, Copy)]
pub(crate) enum Window {
    Time(Duration),
    Calls(u32),
}

pub(crate) fn window(args: &Args, errors: &mut Errors) -> Option<Setting<Window>> {
    let millis = matches!(args.given("window")?.value, Value::Millis(_));
    setting(args, "window", errors, |negative, lit| {
        let empty =
            "a window of nothing holds no result: write a time like \"10s\", or a number of calls";
        let window = match lit {
            _ if millis => Window::Time(suffixed("window", negative, lit)?),
            Lit::Int(int) if !negative => Window::Calls(
                int.base10_parse::<u16>()
                    .map_err(|_| format!("a window holds 1 to {} calls", u16::MAX))?
                    .into(),
            ),
            Lit::Str(_) => Window::Time(text_with_unit("window", lit)?),
            _ => return Err(
                "`window` is a time like \"10s\", or a whole number of calls like `window = 100`"
                    .to_owned(),
            ),
        };
        match window {
            Window::Calls(0) => Err(empty.to_owned()),
            Window::Time(time) if time.is_zero() => Err(empty.to_owned()),
            window => Ok(window),
        }
    })
}

impl ToValue for Window {
    fn write(&self, at: Span, tokens: &mut TokenStream) {
        let mut value = TokenStream::new();
        tokens.extend(match self {
            Self::Time(time) => {
                time.write(at, &mut value);
                quote_spanned!(at=> __resilient::Window::Time(#value))
            }
            Self::Calls(calls) => {
                calls.write(at, &mut value);
                quote_spanned!(at=> __resilient::Window::Calls(#value))
            }
        });
    }
}

/// Where an expression stands, with the names of this expansion.
fn place(expr: &Expr) -> Span {
    let span = match expr {
        // Asked of most, and known without writing it out.
        Expr::Lit(literal) => literal.lit.span(),
        expr => expr.span(),
    };
    Span::mixed_site().located_at(span)
}

/// The value of a knob as it is written.
pub(crate) struct Written {
    value: Moved,
    at: Span,
}

impl Written {
    /// `value` for the knob that `expr` is given to.
    pub(crate) fn new(value: TokenStream, expr: &Expr) -> Self {
        Self {
            value: moved(value),
            at: place(expr),
        }
    }
}

impl ToTokens for Written {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.value.to_tokens(tokens);
    }
}

/// A knob's expression that must be constant, checked where the constant is evaluated: the error
/// then stands on the user's expression and not on the attribute.
pub(crate) fn constant(check: &str, value: &impl ToTokens, expr: &Expr) -> TokenStream {
    let at = Span::mixed_site().located_at(expr.span());
    let check = Ident::new(check, at);
    quote_spanned!(at=> const { __resilient::check::#check(#value) })
}

/// A knob of a static: a literal as it is, another expression in a constant of its own, which checks it.
pub(crate) fn checked<T: Copy + ToValue>(
    setting: &Option<Setting<T>>,
    check: &str,
) -> Option<Written> {
    let setting = setting.as_ref()?;
    let value = if setting.is_literal() {
        setting.to_token_stream()
    } else {
        constant(check, setting, &setting.expr)
    };
    Some(Written::new(value, &setting.expr))
}

/// The same of a number, which may be of any integer type if its own says which.
pub(crate) fn checked_whole(setting: &Option<Setting<u32>>, check: &str) -> Option<Written> {
    let given = setting.as_ref()?;
    if given.is_literal() || !has_a_type(&given.expr) {
        return match check {
            "amount" => plain(setting),
            _ => checked(setting, check),
        };
    }
    let at = place(&given.expr);
    let check = Ident::new(check, at);
    let value = quote_spanned!(at=> const { __resilient::check::Knob(#given).#check() });
    Some(Written::new(value, &given.expr))
}

/// Whether an expression has a type of its own: an integer of literals takes that which is wanted.
fn has_a_type(expr: &Expr) -> bool {
    match expr {
        Expr::Path(_) | Expr::Cast(_) | Expr::Call(_) | Expr::MethodCall(_) => true,
        Expr::Group(group) => has_a_type(&group.expr),
        Expr::Paren(paren) => has_a_type(&paren.expr),
        Expr::Binary(binary) => match binary.op {
            BinOp::Add(_) | BinOp::Sub(_) | BinOp::Mul(_) | BinOp::Div(_) | BinOp::Rem(_) => {
                has_a_type(&binary.left) || has_a_type(&binary.right)
            }
            _ => false,
        },
        _ => false,
    }
}

/// Settings of which one knob, at `culprit`, is checked against others once all of them are known.
pub(crate) fn agreed(
    settings: &TokenStream,
    check: &str,
    besides: Option<&TokenStream>,
    culprit: &Expr,
) -> TokenStream {
    located(culprit, |at| {
        let check = Ident::new(check, at);
        let besides = besides.into_iter();
        quote_spanned!(at=> const { __resilient::check::#check(#settings #(, #besides)*) })
    })
}

/// The same where nothing can be wrong with it.
pub(crate) fn plain<T: ToValue>(setting: &Option<Setting<T>>) -> Option<Written> {
    let setting = setting.as_ref()?;
    Some(Written::new(setting.to_token_stream(), &setting.expr))
}

/// The expression that is no literal.
pub(crate) fn later<T: Copy>(setting: &Option<Setting<T>>) -> Option<&Expr> {
    let setting = setting.as_ref()?;
    matches!(setting.value, Known::Later { .. }).then_some(&setting.expr)
}

/// `BASE.knob(value).knob(value)`, of the knobs that are given.
pub(crate) fn with_knobs<const N: usize>(
    mut base: TokenStream,
    knobs: [(&str, Option<Written>); N],
) -> TokenStream {
    for (name, value) in knobs {
        if let Some(value) = value {
            let (before, method) = (moved(base), Ident::new(name, value.at));
            base = quote!(#before.#method(#value));
        }
    }
    base
}

/// `.method(value)`; the compiler points to the method's name where the value does not fit.
pub(crate) fn call(method: &str, value: &impl ToTokens) -> TokenStream {
    located(value, |at| {
        let method = Ident::new(method, at);
        quote!(.#method(#value))
    })
}

/// Code with the names of this expansion that stands, to the compiler, where `value` does.
pub(crate) fn located(
    value: &impl ToTokens,
    code: impl FnOnce(Span) -> TokenStream,
) -> TokenStream {
    code(Span::mixed_site().located_at(value.span()))
}
