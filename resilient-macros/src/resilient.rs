//! `#[resilient(retry(count = 3), timeout(ms = 500))]`: a whole stack in one attribute, the first
//! layer outermost, and `standard`, a stack with sensible settings.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Token, token};

use crate::args::{Args, Bare, Key, Schema, read_value, skip_to_comma};
use crate::errors::Errors;
use crate::nearest::nearest;
use crate::policy::{Parsed, Policy, Timeout, has_knob, is_layer, layer_names};

const STANDARD: &str = "standard";

/// What holds for the whole stack.
const SCHEMA: Schema = Schema {
    attribute: "resilient",
    keys: &[&[Key::plain("classify")]],
    bare: Bare::Nothing,
    elsewhere: &[],
};

/// The layers, and the arguments that are about none of them.
pub(crate) fn parse(name: &Ident, args: TokenStream, errors: &mut Errors) -> (Vec<Parsed>, Args) {
    let mut list = List::default();
    let read = (|input: ParseStream<'_>| {
        list.read(input, errors);
        Ok(())
    })
    .parse2(args);
    if let Err(error) = read {
        errors.push(error);
    }
    list.check_misplaced(errors);
    if list.entries.is_empty() && !list.broken {
        let message = "this names no layer: write `#[resilient(standard)]`, or the layers from the outermost to the \
                       innermost, like `#[resilient(retry(count = 3), timeout(ms = 500))]`";
        errors.at(name.span(), message);
    }
    let shared = Args::parse(name.clone(), list.shared, &SCHEMA, errors);
    (layers(list.entries, errors), shared)
}

#[derive(Default)]
struct List {
    entries: Vec<Entry>,
    shared: TokenStream,
    /// The knobs of a layer that stand beside it.
    misplaced: Vec<Ident>,
    broken: bool,
}

enum Entry {
    Standard(Ident),
    Layer(Ident, TokenStream),
}

impl List {
    fn read(&mut self, input: ParseStream<'_>, errors: &mut Errors) {
        while !input.is_empty() {
            if let Err(error) = self.read_one(input) {
                self.broken = true;
                errors.push(error);
                skip_to_comma(input);
            }
            if !input.is_empty() && !input.peek(Token![,]) {
                self.broken = true;
                errors.push(input.error("expected `,` before the next layer"));
                skip_to_comma(input);
            }
            let _ = input.parse::<Option<Token![,]>>();
        }
    }

    fn check_misplaced(&mut self, errors: &mut Errors) {
        let layers = self.entries.iter().filter_map(|entry| match entry {
            Entry::Layer(name, _) => Some(name.to_string()),
            Entry::Standard(_) => None,
        });
        let layers: Vec<String> = layers.collect();
        for knob in &self.misplaced {
            let written = knob.to_string();
            let there = with_knob(&written, layers.iter().map(String::as_str));
            let layer = there.or_else(|| with_knob(&written, layer_names().iter().copied()));
            let layer = layer.unwrap_or(STANDARD);
            let message = format!("`{written}` belongs in a layer: `{layer}({written} = ..)`");
            errors.at(knob.span(), message);
            self.broken = true;
        }
    }

    fn read_one(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        let name = input.call(Ident::parse_any)?;
        let written = name.to_string();
        if input.peek(Token![=]) {
            let equals: Token![=] = input.parse()?;
            let value = read_value(&name, input)?;
            if written == STANDARD || is_layer(&written) {
                let message = format!("`{name}` is no knob: write {}", called_as(&written));
                return Err(syn::Error::new(name.span(), message));
            }
            let mut own = SCHEMA.keys.iter().copied().flatten();
            if own.all(|key| key.name != written)
                && with_knob(&written, layer_names().iter().copied()).is_some()
            {
                self.misplaced.push(name);
            } else {
                self.shared.extend(quote!(#name #equals #value,));
            }
            return Ok(());
        }
        let called = input.peek(token::Paren);
        let args = if called {
            let args;
            syn::parenthesized!(args in input);
            args.parse()?
        } else {
            TokenStream::new()
        };
        if written == STANDARD && called {
            let message = "`standard` takes no arguments: name the layer after it, `standard, retry(count = 5)`";
            return Err(syn::Error::new(name.span(), message));
        }
        if written == STANDARD {
            self.entries.push(Entry::Standard(name));
            return Ok(());
        }
        if is_layer(&written) {
            self.entries.push(Entry::Layer(name, args));
            return Ok(());
        }
        let known = layer_names().iter().copied().chain([STANDARD]);
        let message = if written == "skip" {
            "`skip` takes a method out of the stack of its `impl`, and stands alone: `#[resilient(skip)]` on that method".to_owned()
        } else if let Some(meant) = nearest(&written, known.clone()) {
            format!("there is no layer `{written}`: did you mean `{meant}`?")
        } else {
            let known: Vec<String> = known.map(|name| format!("`{name}`")).collect();
            format!(
                "there is no layer `{written}`: there are {}",
                known.join(", ")
            )
        };
        Err(syn::Error::new(name.span(), message))
    }
}

fn called_as(name: &str) -> String {
    match name {
        STANDARD => format!("`{STANDARD}`, and the layers that replace its own after it"),
        layer => format!("`{layer}(..)`"),
    }
}

/// The first of `layers` that has such a knob.
fn with_knob<'a>(knob: &str, layers: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    layers.into_iter().find(|layer| has_knob(layer, knob))
}

fn layers(entries: Vec<Entry>, errors: &mut Errors) -> Vec<Parsed> {
    let mut layers = Vec::new();
    let mut standard: Option<Standard> = None;
    for entry in entries {
        match entry {
            Entry::Standard(name) if standard.is_some() => {
                errors.at(name.span(), "`standard` is there already");
            }
            Entry::Standard(name) => standard = Some(Standard::new(&name, layers.len())),
            Entry::Layer(name, args) => {
                let Some(layer) = Policy::parse(&name, args, errors) else {
                    continue;
                };
                let layer = match &mut standard {
                    Some(standard) => standard.replace(layer),
                    None => Some(layer),
                };
                layers.extend(layer);
            }
        }
    }
    if let Some(standard) = standard {
        let at = standard.at;
        layers.splice(at..at, standard.into_layers());
    }
    layers
}

/// timeout 30 s ( retry ( breaker ( timeout 10 s ( body ))))
struct Standard {
    /// Where it stands in the list.
    at: usize,
    total: Parsed,
    retry: Parsed,
    breaker: Parsed,
    attempt: Option<Parsed>,
    /// What of it the user has replaced.
    replaced: Replaced,
}

#[derive(Default)]
struct Replaced {
    total: bool,
    retry: bool,
    breaker: bool,
    attempt: bool,
}

const TOTAL: &str = "30s";
const ATTEMPT: &str = "10s";

impl Standard {
    fn new(name: &Ident, at: usize) -> Self {
        let layer = |policy, attribute: &str| Parsed {
            policy,
            args: Args::none(Ident::new(attribute, name.span())),
        };
        let timeout = |after| {
            layer(
                Policy::Timeout(Box::new(Timeout::standard(after))),
                "timeout",
            )
        };
        Self {
            at,
            total: timeout(TOTAL),
            retry: layer(Policy::Retry(Box::default()), "retry"),
            breaker: layer(Policy::CircuitBreaker(Box::default()), "circuit_breaker"),
            attempt: Some(timeout(ATTEMPT)),
            replaced: Replaced::default(),
        }
    }

    /// Takes `layer` in the place of its own of that kind; hands it back if it has none (left).
    ///
    /// Of the two timeouts, the one that is named before the retry is the total, the one after it
    /// is that of each attempt, as the eye reads it; one that stands alone is the total.
    fn replace(&mut self, layer: Parsed) -> Option<Parsed> {
        let replaced = &mut self.replaced;
        let (slot, done) = match &layer.policy {
            Policy::Timeout(_) if !replaced.total && !replaced.retry => {
                (&mut self.total, &mut replaced.total)
            }
            Policy::Timeout(_) if !replaced.attempt => {
                replaced.attempt = true;
                self.attempt = Some(layer);
                return None;
            }
            Policy::Retry(_) if !replaced.retry => (&mut self.retry, &mut replaced.retry),
            Policy::CircuitBreaker(_) if !replaced.breaker => {
                (&mut self.breaker, &mut replaced.breaker)
            }
            _ => return Some(layer),
        };
        *done = true;
        *slot = layer;
        None
    }

    fn into_layers(mut self) -> Vec<Parsed> {
        // A total that is as short as the standard time of one attempt leaves that nothing to bound.
        if !self.replaced.attempt
            && let (Policy::Timeout(total), Some(attempt)) = (&self.total.policy, &self.attempt)
            && let Policy::Timeout(attempt) = &attempt.policy
            && total.literal() <= attempt.literal()
            && total.literal().is_some()
        {
            self.attempt = None;
        }
        let layers = [
            Some(self.total),
            Some(self.retry),
            Some(self.breaker),
            self.attempt,
        ];
        layers.into_iter().flatten().collect()
    }
}
