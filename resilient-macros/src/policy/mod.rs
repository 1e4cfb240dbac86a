//! The policies: one file each, one row each in the table below, and nothing about one of them
//! anywhere else but in the rules that tie several together.

mod adaptive_concurrency;
mod budget;
mod bulkhead;
mod circuit_breaker;
mod fallback;
mod fault;
mod hedge;
mod per_call;
mod rate_limit;
mod retry;
pub(crate) mod state;
mod timeout;

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;
use syn::Expr;

pub(crate) use self::adaptive_concurrency::AdaptiveConcurrency;
pub(crate) use self::bulkhead::Bulkhead;
pub(crate) use self::circuit_breaker::CircuitBreaker;
pub(crate) use self::fallback::Fallback;
pub(crate) use self::fault::Fault;
pub(crate) use self::hedge::Hedge;
pub(crate) use self::rate_limit::RateLimit;
pub(crate) use self::retry::Retry;
use self::state::{State, Stateful};
pub(crate) use self::timeout::Timeout;
use crate::args::{Args, Form, Schema};
use crate::errors::Errors;
use crate::flow::{Around, Flow};
use crate::tokens::{moved, uses};

macro_rules! policies {
    ($($name:literal => $Policy:ident $(+ $more:path)?),* $(,)?) => {
        /// One layer of a stack.
        pub(crate) enum Policy {
            $($Policy(Box<$Policy>),)*
        }

        /// The attributes that are a layer each.
        const NAMES: &[&str] = &[$($name),*];

        impl Policy {
            /// Reads the arguments of the attribute `name`.
            pub(crate) fn parse(name: &Ident, args: TokenStream, errors: &mut Errors) -> Option<Parsed> {
                match name.to_string().as_str() {
                    $($name => {
                        let args = Args::parse(name.clone(), args, &$Policy::SCHEMA, errors);
                        Some(Parsed {
                            policy: Self::$Policy(Box::new($Policy::parse(&args, errors))),
                            args,
                        })
                    })*
                    _ => None,
                }
            }

            pub(crate) fn layer(&self) -> &dyn Layer {
                match self {
                    $(Self::$Policy(policy) => &**policy,)*
                }
            }

            pub(crate) fn layer_mut(&mut self) -> &mut dyn Layer {
                match self {
                    $(Self::$Policy(policy) => &mut **policy,)*
                }
            }
        }

        /// Whether the layer `name` has the knob `knob`, of its own and not of every attribute.
        pub(crate) fn has_knob(name: &str, knob: &str) -> bool {
            let keys = match name {
                $($name => $Policy::SCHEMA.keys,)*
                _ => return false,
            };
            let in_ms = knob.strip_suffix("_ms");
            keys.iter().copied().flatten().any(|key| {
                key.name == knob || (key.form == Form::Duration && in_ms == Some(key.name))
            })
        }

        $(impl $Policy {
            const SCHEMA: Schema = Schema {
                attribute: $name,
                keys: &[Self::KEYS $(, $more)?],
                bare: Self::BARE,
                elsewhere: Self::ELSEWHERE,
            };
        })*
    };
}

policies! {
    "retry" => Retry,
    "timeout" => Timeout,
    "hedge" => Hedge,
    "circuit_breaker" => CircuitBreaker + state::KEYS,
    "rate_limit" => RateLimit + state::KEYS,
    "bulkhead" => Bulkhead + state::KEYS,
    "adaptive_concurrency" => AdaptiveConcurrency + state::KEYS,
    "fault" => Fault,
    "fallback" => Fallback,
}

/// A layer with the arguments it was read from, which also say what holds for the whole stack.
pub(crate) struct Parsed {
    pub(crate) policy: Policy,
    pub(crate) args: Args,
}

/// The attribute that writes a whole stack.
pub(crate) const RESILIENT: &str = "resilient";

pub(crate) fn is_layer(name: &str) -> bool {
    NAMES.contains(&name)
}

pub(crate) fn layer_names() -> &'static [&'static str] {
    NAMES
}

pub(crate) fn is_attribute(name: &str) -> bool {
    is_layer(name) || name == RESILIENT
}

/// What a layer needs of the function's arguments once the body has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    Nothing,
    /// What was borrowed of them before stays borrowed.
    Meanwhile,
    /// They are used anew.
    Again,
}

/// What the plan, the checks and the emitter ask of every policy.
pub(crate) trait Layer {
    /// What its local is called; the static is called the same, in capitals.
    fn local(&self) -> &'static str;

    /// Whether it can answer a call with an error of its own making.
    fn refuses(&self) -> bool;

    /// What it has in common with the other layers with state, if it keeps any.
    fn stateful(&self) -> Option<&dyn Stateful> {
        None
    }

    fn state_mut(&mut self) -> Option<&mut State> {
        None
    }

    /// The expressions that end up in a `static`.
    fn constants(&self) -> Vec<&Expr> {
        Vec::new()
    }

    /// Those that end up there and are no part of a state.
    fn constants_beside_state(&self) -> Vec<&Expr> {
        Vec::new()
    }

    /// Whether what is inside may run more than once.
    fn repeats(&self) -> bool {
        false
    }

    /// Whether that may happen more than once at a time.
    fn at_once(&self) -> bool {
        false
    }

    /// Whether another function is called with the arguments once what is inside has run.
    fn hands_on(&self) -> bool {
        false
    }

    /// The expressions that are evaluated before the body, and borrowed until it has ended: not what is
    /// only read off (the time of a timeout).
    fn held(&self) -> Vec<&Expr> {
        let state = self.stateful().map(Stateful::state);
        state.map(State::held).unwrap_or_default()
    }

    /// The expressions that are evaluated once what is inside has run: not what stands in the same loop
    /// (the rules of a retry).
    fn afterwards(&self) -> Vec<&Expr> {
        Vec::new()
    }

    /// How it needs one of `arguments` after the body has begun.
    fn need(&self, arguments: &[String]) -> Need {
        let named = |exprs: Vec<&Expr>| exprs.into_iter().any(|expr| uses(expr, arguments));
        if self.repeats() || self.hands_on() || named(self.afterwards()) {
            Need::Again
        } else if named(self.held()) {
            Need::Meanwhile
        } else {
            Need::Nothing
        }
    }

    /// The rule that takes the answer by its type.
    fn when_ok(&self) -> Option<&Expr> {
        None
    }

    /// Arguments that are copied for each attempt.
    fn clones(&self) -> &[Ident] {
        &[]
    }

    /// Its static: the type, and the value made with the site in front of `settings`.
    fn declare(&self, site: &Ident) -> Declaration;

    /// What is evaluated once per call, before anything runs.
    fn prepare(&self, local: &Ident) -> TokenStream {
        let prepare = |policy| state::prepare(policy, local);
        self.stateful().map(prepare).unwrap_or_default()
    }

    /// Puts itself around what is inside.
    fn wrap(&self, around: &Around<'_>, inside: Flow) -> Flow;
}

/// `static NAME: LAYER<GENERIC> = LAYER::MAKE(ARGUMENTS) AFTER;`
pub(crate) struct Declaration {
    pub(crate) layer: &'static str,
    pub(crate) generic: Option<TokenStream>,
    pub(crate) make: &'static str,
    pub(crate) arguments: TokenStream,
    pub(crate) after: Option<TokenStream>,
    /// Where the compiler is to see the layer.
    pub(crate) at: Span,
}

impl Declaration {
    pub(crate) fn new(layer: &'static str, arguments: TokenStream) -> Self {
        Self {
            layer,
            generic: None,
            make: "new",
            arguments,
            after: None,
            at: Span::mixed_site(),
        }
    }

    /// The static after `named`, which ends in `static NAME`.
    pub(crate) fn write(self, named: TokenStream) -> TokenStream {
        let (at, named) = (self.at, moved(named));
        let (layer, make) = (
            Ident::new(self.layer, self.at),
            Ident::new(self.make, self.at),
        );
        let (generic, arguments) = (self.generic.map(moved), moved(self.arguments));
        let after = self.after.map(moved);
        quote_spanned!(at=>
            #named: __resilient::#layer #generic = __resilient::#layer::#make(#arguments) #after;
        )
    }
}
