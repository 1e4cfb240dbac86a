//! What is protected: the same trivial function everywhere.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use resilient_runtime::PolicyError;

/// How the body behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// Ready at once.
    Ready,
    /// Pending once, and wakes itself.
    Yields,
    /// Holds 1 KiB over an await that is ready at once.
    Holds,
    /// Ready at once, and one call in [`ONE_IN`] fails.
    Fails,
    /// Fails until it has been warmed up, which opens a breaker; not called after that.
    Refused,
}

/// One call in so many fails, that in the middle of them.
pub const ONE_IN: u64 = 64;

/// Calls that are made before anything is measured.
pub const WARM: u64 = 1_000;

/// The error of the function, as small for the peers as for ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// The body's own.
    Own,
    /// A layer refused the call or ended it.
    Refused,
}

impl From<PolicyError> for Failed {
    fn from(_: PolicyError) -> Self {
        Self::Refused
    }
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Own => "failed",
            Self::Refused => "refused",
        })
    }
}

impl std::error::Error for Failed {}

/// What the function returns.
pub type Answer = Result<u64, Failed>;

/// The body of a function, in the places where it is written: bare, and below the attributes.
macro_rules! body {
    (ready $i:ident) => {
        Ok(::std::hint::black_box($i))
    };
    (yields $i:ident) => {{
        $crate::body::YieldOnce::default().await;
        Ok(::std::hint::black_box($i))
    }};
    (holds $i:ident) => {{
        let held = ::std::hint::black_box([$i as u8; 1024]);
        ::std::future::ready(()).await;
        Ok(u64::from(::std::hint::black_box(&held)[$i as usize % 1024]))
    }};
    (fails $i:ident) => {
        if $i % $crate::body::ONE_IN == $crate::body::ONE_IN / 2 {
            Err($crate::body::Failed::Own)
        } else {
            Ok(::std::hint::black_box($i))
        }
    };
    (refused $i:ident) => {
        if $i < $crate::body::WARM {
            Err($crate::body::Failed::Own)
        } else {
            Ok(::std::hint::black_box($i))
        }
    };
}
pub(crate) use body;

/// Functions under the same attributes, one for each body, each a site of its own.
macro_rules! annotated {
    ($name:ident: [$($attributes:tt)*] $($body:ident)*) => {
        mod $name {
            use super::*;

            $crate::body::annotated!(@each [$($attributes)*] $($body)*);
        }
    };
    (@each $attributes:tt $($body:ident)*) => {
        $($crate::body::annotated!(@one $attributes $body);)*
    };
    (@one [$($attributes:tt)*] $body:ident) => {
        $($attributes)*
        pub(super) async fn $body(i: u64) -> $crate::body::Answer {
            $crate::body::body!($body i)
        }
    };
}
pub(crate) use annotated;

/// Pending once.
#[derive(Debug, Default)]
pub struct YieldOnce(bool);

impl Future for YieldOnce {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

pub async fn ready(i: u64) -> Answer {
    body!(ready i)
}

pub async fn yields(i: u64) -> Answer {
    body!(yields i)
}

pub async fn holds(i: u64) -> Answer {
    body!(holds i)
}

pub async fn fails(i: u64) -> Answer {
    body!(fails i)
}

pub async fn refused(i: u64) -> Answer {
    body!(refused i)
}

impl Body {
    /// How many of these calls have to end in an error.
    #[must_use]
    pub fn errors(self, calls: std::ops::Range<u64>) -> u64 {
        match self {
            Self::Ready | Self::Yields | Self::Holds => 0,
            Self::Fails => {
                let until = |end: u64| (end + ONE_IN / 2 - 1) / ONE_IN;
                until(calls.end) - until(calls.start)
            }
            Self::Refused => calls.end - calls.start,
        }
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready at once",
            Self::Yields => "yields once",
            Self::Holds => "holds 1 KiB",
            Self::Fails => "one call in 64 fails",
            Self::Refused => "refused",
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn the_errors_of_a_range_are_those_that_its_calls_end_in() {
        for (start, end) in [(0, 64), (32, 33), (33, 97), (31, 200), (64, 64), (0, 32)] {
            let counted = (start..end)
                .filter(|&i| fails(i).now_or_never() == Some(Err(Failed::Own)))
                .count() as u64;
            assert_eq!(Body::Fails.errors(start..end), counted);
        }
    }
}
