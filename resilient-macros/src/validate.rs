//! The rules that tie several layers, or a layer and its function, together.

mod hedges;

use proc_macro2::Ident;
use syn::visit_mut::VisitMut;
use syn::{Expr, Generics, Type};

use crate::errors::Errors;
use crate::function::Function;
use crate::nearest::nearest;
use crate::params::{self, Binding, Held, Params};
use crate::policy::state::Stateful;
use crate::policy::{Layer, Need, Parsed, Policy};
use crate::stack::Shared;
use crate::tokens::{mention, roots};

/// The whole stack of a function; `of_impl` if its `impl` has handed it on, `instrumented` if `#[instrument]` was there first.
pub(crate) fn check(
    layers: &[Parsed],
    shared: &Shared,
    function: &Function,
    params: &Params,
    of_impl: bool,
    instrumented: bool,
    errors: &mut Errors,
) {
    if of_impl {
        keys_are_there(layers, params, errors);
    } else {
        scopes_are_of_an_impl(layers, errors);
    }
    layers_agree(layers, shared, errors);
    let fixed = Fixed {
        arguments: params.names(),
        types: types(&function.sig.generics),
    };
    fixed.check(layers, shared, errors);
    copies_can_be_made(layers, params, errors);
    hedges::share_arguments(layers, params, errors);
    arguments_can_be_handed_on(layers, params, errors);
    answers_can_be_named(layers, function, errors);
    if instrumented {
        spans_are_below(layers, params, errors);
    }
}

/// What can be said of the stack of an `impl` before its methods are looked at.
pub(crate) fn check_impl(
    layers: &[Parsed],
    shared: &Shared,
    generics: &Generics,
    errors: &mut Errors,
) {
    layers_agree(layers, shared, errors);
    let fixed = Fixed {
        arguments: vec!["self".to_owned()],
        types: types(generics),
    };
    fixed.check(layers, shared, errors);
    if let Some(name) = &shared.name
        && crate::value::string(name).is_none()
    {
        let message = "the `name` of an `impl` stands before that of each method, so it is a text: `name = \"cache\"` gives \
                       `cache::get`";
        errors.over(name, message);
    }
}

fn layers_agree(layers: &[Parsed], shared: &Shared, errors: &mut Errors) {
    one_retry(layers, errors);
    hedges::one(layers, errors);
    timeouts_shrink(layers, errors);
    hedges::begin_in_time(layers, errors);
    fallbacks_hide_nothing(layers, errors);
    conversions_have_a_use(layers, shared, errors);
}

fn scopes_are_of_an_impl(layers: &[Parsed], errors: &mut Errors) {
    for stateful in layers
        .iter()
        .filter_map(|layer| layer.policy.layer().stateful())
    {
        // Beside a state that is there already it says nothing anywhere, which has been reported.
        if let Some(scope) = stateful.state().scope()
            && !stateful.state().is_elsewhere()
        {
            let message = format!(
                "`scope` says how far the state of an `impl` reaches, in the `#[resilient(..)]` on that `impl`: \
                 here the state is this function's own (or what `{} = ..` names)",
                stateful.names().knob
            );
            errors.at(scope.span(), message);
        }
    }
}

/// Of an argument that one method lacks, the compiler would say neither which method nor what to do.
fn keys_are_there(layers: &[Parsed], params: &Params, errors: &mut Errors) {
    let names = params.names();
    for key in layers.iter().filter_map(|layer| layer.args.expr("key")) {
        for name in roots(&key) {
            let written = name.to_string();
            if written.starts_with(char::is_lowercase) && !names.contains(&written) {
                let message = format!(
                    "it has no argument `{written}`, which is the `key` of its `impl`'s stack: give it one, or a stack of its own"
                );
                errors.at(name.span(), message);
            }
        }
    }
}

fn one_retry(layers: &[Parsed], errors: &mut Errors) {
    let retries = layers
        .iter()
        .filter(|layer| matches!(layer.policy, Policy::Retry(_)));
    for second in retries.skip(1) {
        let message = "there is a `retry` on this function already, and two would multiply their attempts: keep one, \
                       and raise its `count`";
        errors.at(second.args.attribute.span(), message);
    }
}

/// An inner timeout that is not shorter never fires before the outer one does.
fn timeouts_shrink(layers: &[Parsed], errors: &mut Errors) {
    let mut outer: Option<std::time::Duration> = None;
    for layer in layers {
        let Policy::Timeout(timeout) = &layer.policy else {
            continue;
        };
        let Some(after) = timeout.literal() else {
            continue;
        };
        if let Some(outer) = outer.filter(|outer| *outer <= after) {
            let message = format!(
                "this timeout of {after:?} stands inside one of {outer:?}, which always fires first: make it shorter, \
                 or drop one of the two"
            );
            match timeout.written() {
                Some(written) => errors.over(written, message),
                None => errors.at(layer.args.attribute.span(), message),
            }
        }
        outer = Some(outer.map_or(after, |outer| outer.min(after)));
    }
}

/// A fallback turns failures into answers, so what stands outside of it sees none.
fn fallbacks_hide_nothing(layers: &[Parsed], errors: &mut Errors) {
    for (at, layer) in layers.iter().enumerate() {
        let Policy::Fallback(fallback) = &layer.policy else {
            continue;
        };
        if fallback.when.is_some() {
            continue;
        }
        let mut timeout_between = false;
        for outer in layers.iter().take(at).rev() {
            let blinded = match &outer.policy {
                Policy::Retry(_) => Some(
                    "a fallback under a `retry` answers every failure, so the retry never sees one",
                ),
                Policy::Hedge(_) => Some(
                    "a fallback under a `hedge` answers every failure, so the first attempt that fails wins",
                ),
                Policy::CircuitBreaker(breaker)
                    if !timeout_between && !breaker.sees_slow_calls() =>
                {
                    Some(
                        "a fallback under a `circuit_breaker` answers every failure, so the breaker never sees one \
                         and never opens",
                    )
                }
                Policy::Timeout(_) => {
                    timeout_between = true;
                    None
                }
                _ => None,
            };
            if let Some(why) = blinded {
                let message = format!(
                    "{why}: put the fallback above it, or say by `when = |error| ..` which failures it is for"
                );
                errors.at(layer.args.attribute.span(), message);
                break;
            }
        }
    }
}

fn conversions_have_a_use(layers: &[Parsed], shared: &Shared, errors: &mut Errors) {
    let refuses = layers.iter().any(|layer| layer.policy.layer().refuses());
    if let Some(into_error) = &shared.into_error
        && !refuses
        && !layers.is_empty()
    {
        let message = "no layer of this stack can refuse a call, so there is no `PolicyError` to convert: drop `into_error`";
        errors.over(into_error, message);
    }
}

/// What a static is made of is fixed when the program is compiled: these are not.
struct Fixed {
    arguments: Vec<String>,
    types: Vec<String>,
}

fn types(generics: &Generics) -> Vec<String> {
    let params = generics.params.iter();
    let named = params.filter_map(|param| match param {
        syn::GenericParam::Type(param) => Some(param.ident.to_string()),
        syn::GenericParam::Const(param) => Some(param.ident.to_string()),
        syn::GenericParam::Lifetime(_) => None,
    });
    named.chain(["Self".to_owned()]).collect()
}

const CONSTANT: &str = "use a constant";

impl Fixed {
    fn check(&self, layers: &[Parsed], shared: &Shared, errors: &mut Errors) {
        for layer in layers {
            let layer = layer.policy.layer();
            let cure = match layer.stateful().map(Stateful::names) {
                Some(names) => format!(
                    "use a constant, a {} of your own by `{} = expression`, or one for each value by `key = expression`",
                    names.noun, names.knob
                ),
                None => CONSTANT.to_owned(),
            };
            for expr in layer.constants() {
                self.check_one(expr, &cure, errors);
            }
            for expr in layer.constants_beside_state() {
                self.check_one(expr, CONSTANT, errors);
            }
        }
        if let Some(name) = &shared.name {
            self.check_one(name, CONSTANT, errors);
        }
    }

    fn check_one(&self, expr: &Expr, cure: &str, errors: &mut Errors) {
        if let Some(name) = mention(expr, &self.arguments) {
            let message = format!(
                "this is fixed when the program is compiled, and `{}` is only known in a call: {cure}",
                name.to_string().replace("__self", "self")
            );
            errors.at(name.span(), message);
        } else if let Some(name) = mention(expr, &self.types) {
            let message = if name == "Self" {
                "this goes into a `static`, which cannot name `Self`: write the type's own name"
                    .to_owned()
            } else {
                format!(
                    "this goes into a `static`, of which there is one for every `{name}`: {cure}"
                )
            };
            errors.at(name.span(), message);
        }
    }
}

fn copies_can_be_made(layers: &[Parsed], params: &Params, errors: &mut Errors) {
    for layer in layers {
        let names = layer.policy.layer().clones();
        for (at, name) in names.iter().enumerate() {
            let written = name.to_string();
            if names.iter().take(at).any(|earlier| earlier == name) {
                let message = format!("`{written}` is named twice: keep one of the two");
                errors.at(name.span(), message);
                continue;
            }
            if written == "self" || written == "__self" {
                let message =
                    "`self` cannot be copied for each attempt: use it by reference in the body";
                errors.at(name.span(), message);
                continue;
            }
            // A `&mut` too may be named: one that is passed on to a generic function is gone, and is lent anew.
            if !params.bindings().any(|binding| binding.ident == *name) {
                let known: Vec<String> = params
                    .bindings()
                    .map(|binding| binding.ident.to_string())
                    .collect();
                let hint = match nearest(&written, known.iter().map(String::as_str)) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => "name one of its own".to_owned(),
                };
                errors.at(
                    name.span(),
                    format!("this function has no argument `{written}`: {hint}"),
                );
            }
        }
    }
    let any =
        |asked: fn(&dyn Layer) -> bool| layers.iter().any(|layer| asked(layer.policy.layer()));
    let retried = any(|layer| layer.repeats()) && !any(|layer| layer.at_once());
    if let Some(receiver) = &params.receiver
        && receiver.mutable
        && retried
    {
        let message = "under a retry, an attempt would see what the one before did to `mut self`: take `&mut self`, or \
                       change a copy in the body";
        errors.at(receiver.ident.span(), message);
    }
}

fn arguments_can_be_handed_on(layers: &[Parsed], params: &Params, errors: &mut Errors) {
    let mut policies = layers.iter().map(|layer| layer.policy.layer());
    if !policies.any(Layer::hands_on) {
        return;
    }
    for param in params.list.iter().filter(|param| param.name.is_none()) {
        let message = "the fallback's `with` gets the function's arguments, and this one has no name: give it one (and take \
                       it apart in the body), or use `value`";
        errors.at(params::span(param), message);
    }
}

fn answers_can_be_named(layers: &[Parsed], function: &Function, errors: &mut Errors) {
    let Some(output) = function.body.output.as_ref() else {
        return;
    };
    if !has_impl_trait(output) {
        return;
    }
    if let Some(error) = error_type(output)
        && has_impl_trait(error)
    {
        let message = "the error type has to be named, for a policy has to look at it: write a type in place of `impl Trait`";
        errors.over(error, message);
    }
    for layer in layers {
        if layer.policy.layer().when_ok().is_some()
            && let Some(knob) = layer.args.given("when_ok")
        {
            let message = "`when_ok` takes the answer by its type, and this function hides it behind `impl Trait`: name the \
                           type in the signature, or drop `when_ok`";
            errors.at(knob.key.span(), message);
        }
    }
}

/// The `E` of a type that is written `Result<T, E>`.
fn error_type(output: &Type) -> Option<&Type> {
    let path = match output {
        Type::Group(group) => return error_type(&group.elem),
        Type::Path(path) => &path.path,
        _ => return None,
    };
    let result = path.segments.last().filter(|last| last.ident == "Result")?;
    let syn::PathArguments::AngleBracketed(arguments) = &result.arguments else {
        return None;
    };
    let mut types = arguments.args.iter().filter_map(|argument| match argument {
        syn::GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    types.nth(1)
}

fn has_impl_trait(ty: &Type) -> bool {
    struct Find(bool);

    impl VisitMut for Find {
        fn visit_type_impl_trait_mut(&mut self, _: &mut syn::TypeImplTrait) {
            self.0 = true;
        }
    }

    let mut find = Find(false);
    find.visit_type_mut(&mut ty.clone());
    find.0
}

/// `#[instrument]` above has wrapped the body in an `async move`, which takes the arguments with it
/// when the body begins. Refused is only what cannot be `Copy`; the rest is for the compiler to judge.
fn spans_are_below(layers: &[Parsed], params: &Params, errors: &mut Errors) {
    let policies = || layers.iter().map(|layer| layer.policy.layer());
    let asked = |name: &Ident| policies().any(|layer| layer.clones().contains(name));
    let again = |name: &Ident| {
        let name = [name.to_string()];
        policies().any(|layer| layer.need(&name) == Need::Again)
    };
    // Then the block takes a copy.
    let copied = |binding: &Binding| {
        asked(&binding.ident) || (binding.mutable.is_some() && again(&binding.ident))
    };
    let mut gone: Vec<String> = params
        .list
        .iter()
        .filter(|param| param.moves)
        .flat_map(|param| &param.bindings)
        .filter(|binding| !copied(binding))
        .map(|binding| binding.ident.to_string())
        .collect();
    if let Some(receiver) = &params.receiver
        && receiver.held != Held::Shared
    {
        gone.push(receiver.ident.to_string());
    }
    if gone.is_empty() {
        return;
    }
    let needs = |layer: &&Parsed| layer.policy.layer().need(&gone) > Need::Nothing;
    if let Some(layer) = layers.iter().find(needs) {
        let name = &layer.args.attribute;
        let when = if layer.policy.layer().repeats() {
            "so they are gone after the first attempt"
        } else {
            "where this one no longer reaches them"
        };
        let message = format!(
            "`#[instrument]` above `#[{name}]` moves the arguments into its own block, {when}: put `#[instrument]` below \
             `#[{name}]`"
        );
        errors.at(name.span(), message);
    }
}
