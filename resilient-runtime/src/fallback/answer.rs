//! Fallback functions are async or not, and the attribute cannot see which.

/// What a fallback function returns: the outcome, or a future of it.
pub trait Answer<How> {
    /// The `Result`.
    type Outcome;

    /// As a future, either way.
    fn into_future(self) -> impl Future<Output = Self::Outcome>;
}

/// Returned at once.
#[derive(Debug)]
pub struct AtOnce;

/// Awaited.
#[derive(Debug)]
pub struct Awaited;

impl<T, E> Answer<AtOnce> for Result<T, E> {
    type Outcome = Self;

    fn into_future(self) -> impl Future<Output = Self> {
        std::future::ready(self)
    }
}

impl<F: Future> Answer<Awaited> for F {
    type Outcome = F::Output;

    fn into_future(self) -> impl Future<Output = F::Output> {
        self
    }
}

/// What a fallback function returned, as a future; the compiler finds `How`.
pub fn answer<How, A: Answer<How>>(answer: A) -> impl Future<Output = A::Outcome> {
    answer.into_future()
}
