//! A case: one way to call the function, of ours, of a peer's, or bare.

use std::fmt;
use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::body::{Body, ONE_IN, WARM};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    Bare,
    Retry,
    Timeout,
    Closed,
    Failing,
    Open,
    RateLimit,
    Keys64,
    KeysMillion,
    Bulkhead,
    Adaptive,
    Stack,
    Fault,
    Floor,
}

impl Path {
    pub const ALL: [Self; 14] = [
        Self::Bare,
        Self::Retry,
        Self::Timeout,
        Self::Closed,
        Self::Failing,
        Self::Open,
        Self::RateLimit,
        Self::Keys64,
        Self::KeysMillion,
        Self::Bulkhead,
        Self::Adaptive,
        Self::Stack,
        Self::Fault,
        Self::Floor,
    ];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare call",
            Self::Retry => "retry, first attempt succeeds",
            Self::Timeout => "timeout, not reached",
            Self::Closed => "closed breaker, no failure",
            Self::Failing => "closed breaker, failures in the window",
            Self::Open => "open breaker",
            Self::RateLimit => "rate limit",
            Self::Keys64 => "rate limit for each of 64 keys",
            Self::KeysMillion => "rate limit for each of 1 000 000 keys",
            Self::Bulkhead => "bulkhead",
            Self::Adaptive => "adaptive concurrency",
            Self::Stack => "retry(timeout(breaker(bulkhead(rate limit))))",
            Self::Fault => "fault, switched off",
            Self::Floor => "floors",
        }
    }
}

/// Whose way it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    Ours,
    Peers,
    /// A peer's that leaves layers out: shown, and never the best peer.
    InPart,
    /// Neither: the bare call, and what bounds everybody.
    Nobodys,
}

/// Makes these calls one after the other, and tells how many ended in an error.
pub type Run = Box<dyn Fn(Range<u64>) -> Pin<Box<dyn Future<Output = u64> + Send>> + Send + Sync>;

/// The bytes of the future of one call.
pub type Size = Box<dyn Fn() -> usize>;

/// A call in a loop, and its size.
pub type Calls = (Run, Size);

pub struct Case {
    pub path: Path,
    pub body: Body,
    pub whose: Whose,
    pub name: &'static str,
    /// Whether all tasks share one object.
    pub shared: bool,
    /// Calls to be made before anything is measured.
    pub warm: u64,
    /// Calls that were made so far.
    made: AtomicU64,
    run: Run,
    size: Size,
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id())
    }
}

impl Case {
    #[must_use]
    pub fn id(&self) -> String {
        format!(
            "{} / {} / {}",
            self.path.name(),
            self.body.name(),
            self.name
        )
    }

    /// What the others are compared with.
    #[must_use]
    pub fn is_yardstick(&self) -> bool {
        matches!(self.path, Path::Bare | Path::Floor)
    }

    #[must_use]
    pub fn warm(mut self, calls: u64) -> Self {
        self.warm = calls;
        self
    }

    #[must_use]
    pub fn alone(mut self) -> Self {
        self.shared = false;
        self
    }

    /// The next so many calls, and how many of them have to end in an error. The first of them never has to:
    /// failsafe takes the first call after a pause to stand for all of the pause, and opens.
    pub fn calls(&self, count: u64) -> (Pin<Box<dyn Future<Output = u64> + Send>>, u64) {
        let first = self
            .made
            .fetch_add(count.next_multiple_of(ONE_IN), Ordering::Relaxed);
        let calls = first..first + count;
        ((self.run)(calls.clone()), self.body.errors(calls))
    }

    /// The bytes of the future of one call, which is made inside of a runtime.
    #[must_use]
    pub fn size(&self) -> usize {
        (self.size)()
    }

    pub fn new(
        (path, body): (Path, Body),
        (whose, name): (Whose, &'static str),
        (run, size): Calls,
    ) -> Self {
        Self {
            path,
            body,
            whose,
            name,
            shared: true,
            warm: WARM,
            made: AtomicU64::new(0),
            run,
            size,
        }
    }
}

/// A call in a loop, and its size. What stands before the call is made by each task for itself.
macro_rules! calls {
    ($($own:ident = $make:expr;)? |$i:ident| $call:expr) => {{
        let run: $crate::case::Run = Box::new(move |range: ::std::ops::Range<u64>| {
            Box::pin(async move {
                $(let mut $own = $make;)?
                let mut errors = 0;
                for i in range {
                    let $i = ::std::hint::black_box(i);
                    errors += u64::from(::std::hint::black_box($call.await).is_err());
                }
                errors
            })
        });
        let size: $crate::case::Size = Box::new(move || {
            $(let mut $own = $make;)?
            let $i = 0;
            size_of_val(&$call)
        });
        (run, size)
    }};
}
pub(crate) use calls;

/// State that all tasks share, where a program has it: in a `static`.
pub(crate) fn shared<T>(state: T) -> &'static T {
    Box::leak(Box::new(state))
}
