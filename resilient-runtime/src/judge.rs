//! How an error is judged without a bound on its type.
//!
//! `classify!(error)` calls `verdict` through as many references as there are
//! levels below. Method resolution takes the first level whose bounds the type
//! meets: where the type is concrete, or has the bound, its own `Classify` is
//! found; where nothing is known of it, the default is.

use std::error::Error;

use crate::classify::{Classify, ErrorClass, decided_in_chain};
use crate::error::{Decided, PolicyError};
use crate::verdict::Verdict;

/// An error under inspection.
#[derive(Debug)]
pub struct Probe<'e, E>(pub &'e E);

/// An error that says nothing of itself is worth another try.
fn unknown<E>(_error: &E) -> Verdict {
    Verdict::of_class(ErrorClass::Transient, None)
}

fn told(policy: Option<&PolicyError>) -> Option<Decided> {
    policy.map(PolicyError::decided)
}

fn of_class(error: &impl Classify) -> Verdict {
    Verdict::of_class(error.class(), error.retry_after())
}

macro_rules! level {
    ($(#[$doc:meta])* $level:ident, $probe:ty, [$($bound:tt)*], $error:ident => $policy:expr, $class:path) => {
        $(#[$doc])*
        pub trait $level {
            /// The verdict if it is a policy error that became this one.
            fn policy(&self) -> Option<Verdict>;
            /// The verdict.
            fn verdict(&self) -> Verdict;
            /// The verdict of one who knows its class.
            fn verdict_by(&self, class: ErrorClass) -> Verdict;
        }

        impl<E: $($bound)*> $level for $probe {
            fn policy(&self) -> Option<Verdict> {
                let $error = self.0;
                $policy.map(Verdict::of_decided)
            }

            fn verdict(&self) -> Verdict {
                self.policy().unwrap_or_else(|| $class(self.0))
            }

            fn verdict_by(&self, class: ErrorClass) -> Verdict {
                let retry_after = $class(self.0).retry_after;
                self.policy().unwrap_or_else(|| Verdict::of_class(class, retry_after))
            }
        }
    };
}

level! {
    /// It says itself what it means, and has sources.
    ViaClassifyError, &&&&&Probe<'_, E>, [Classify + Error],
    error => told(error.policy_error()).or_else(|| error.source().and_then(decided_in_chain)), of_class
}
level! {
    /// It says itself what it means.
    ViaClassify, &&&&Probe<'_, E>, [Classify],
    error => told(error.policy_error()), of_class
}
level! {
    /// It has sources. It need not be `'static`: only what lies below is searched.
    ViaError, &&&Probe<'_, E>, [Error],
    error => error.source().and_then(decided_in_chain), unknown
}
level! {
    /// It holds any error that can be sent (`anyhow::Error`).
    ViaSendError, &&Probe<'_, E>, [AsRef<dyn Error + Send + Sync>],
    error => decided_in_chain(error.as_ref()), unknown
}
level! {
    /// It holds any error.
    ViaAnyError, &Probe<'_, E>, [AsRef<dyn Error>],
    error => decided_in_chain(error.as_ref()), unknown
}
level! {
    /// Nothing is known of it.
    ViaDefault, Probe<'_, E>, [Sized],
    _error => None::<Decided>, unknown
}

/// The levels, for a glob import that brings their methods and no names.
pub mod levels {
    pub use super::{
        ViaAnyError as _, ViaClassify as _, ViaClassifyError as _, ViaDefault as _, ViaError as _,
        ViaSendError as _,
    };
}

/// The verdict on an error of any type.
#[doc(hidden)]
#[macro_export]
macro_rules! __classify {
    ($error:expr) => {{
        #[allow(unused_imports)]
        use $crate::__private::levels::*;
        (&&&&&&$crate::__private::Probe($error)).verdict()
    }};
}

/// The verdict on an error whose class the user's function knows.
#[doc(hidden)]
#[macro_export]
macro_rules! __classified {
    ($error:expr, $class:expr) => {{
        #[allow(unused_imports)]
        use $crate::__private::levels::*;
        (&&&&&&$crate::__private::Probe($error))
            .verdict_by($crate::__private::class_by($class, $error))
    }};
}

/// What a user's function says.
pub fn class_by<E>(class: impl FnOnce(&E) -> ErrorClass, error: &E) -> ErrorClass {
    class(error)
}
