//! Calls into which faults are injected.

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::Sleep;

use super::FaultInjector;
use super::faults::{self, Board, board};
use super::settings::{Fault, FaultKind};
use crate::door::Opened;
use crate::site::Switch;
use crate::verdict::{Failing, Failure, Judged};

pin_project! {
    /// A call into which faults are injected. Made by [`FaultInjector::call`].
    #[must_use = "futures do nothing unless polled"]
    pub struct FaultCall<'a, F> {
        #[pin]
        inner: F,
        injection: Injection<'a>,
    }
}

pin_project! {
    /// A call into which faults are injected, with an error of the caller's own. Made by
    /// [`FaultInjector::call_error`].
    #[must_use = "futures do nothing unless polled"]
    pub struct FaultErrorCall<'a, F, M> {
        #[pin]
        inner: F,
        error: Option<M>,
        injection: Injection<'a>,
    }
}

/// What comes before a call of which the error is somebody else's to make: latency, panic, and the answer
/// whether it is to fail.
#[must_use = "futures do nothing unless polled"]
pub struct FaultDraw(Injection<'static>);

/// How far a call is with its faults.
pub(super) enum Injection<'a> {
    /// Not polled yet. The switch is that of the layer, where there is one.
    Asking(&'a FaultInjector, Option<&'a Switch>, Option<Fault>),
    Delayed(&'a FaultInjector, Delay, Then),
    /// Switched off, or over.
    Nothing,
}

/// What happens after the latency.
#[derive(Clone, Copy)]
pub(super) enum Then {
    Call,
    Error,
    Panic,
}

/// A latency under way, one of those that are counted.
pub(super) struct Delay {
    // Boxed: calls without a latency need no room for it.
    sleep: Pin<Box<Sleep>>,
    _active: Active,
}

struct Active(Opened<'static, Board>);

impl Drop for Active {
    fn drop(&mut self) {
        self.0.end_delay();
    }
}

impl Delay {
    /// `None` if there are too many.
    fn begin(latency: Duration) -> Option<Self> {
        let board = board();
        board.begin_delay().then(|| Self {
            _active: Active(board),
            sleep: Box::pin(tokio::time::sleep(latency)),
        })
    }
}

impl<'a> Injection<'a> {
    /// Ready when the call may be made, or with the injector if it is to fail.
    #[inline(always)]
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<&'a FaultInjector>> {
        match self {
            Self::Nothing => return Poll::Ready(None),
            // Off, as nearly always: that was one load. What was asked for needs no drop.
            Self::Asking(..) if !faults::is_active() => {
                mem::forget(mem::replace(self, Self::Nothing));
                return Poll::Ready(None);
            }
            _ => {}
        }
        self.poll_faults(cx)
    }

    #[cold]
    fn poll_faults(&mut self, cx: &mut Context<'_>) -> Poll<Option<&'a FaultInjector>> {
        let (injector, then) = match mem::replace(self, Self::Nothing) {
            Self::Nothing => return Poll::Ready(None),
            Self::Asking(_, Some(switch), _) if !switch.is_on() => return Poll::Ready(None),
            Self::Asking(injector, _, fault) => {
                let sentence = injector.decide(fault);
                let then = match sentence {
                    _ if sentence.panic => Then::Panic,
                    _ if sentence.error => Then::Error,
                    _ => Then::Call,
                };
                if let Some(latency) = sentence.latency {
                    match Delay::begin(latency) {
                        Some(delay) => {
                            *self = Self::Delayed(injector, delay, then);
                            injector.tell(FaultKind::Latency(latency));
                            return self.poll_faults(cx);
                        }
                        None => injector.tell_left_out(),
                    }
                }
                (injector, then)
            }
            Self::Delayed(injector, mut delay, then) => {
                // Not noted as a wait of ours: it stands for a service that is slow.
                if delay.sleep.as_mut().poll(cx).is_pending() {
                    *self = Self::Delayed(injector, delay, then);
                    return Poll::Pending;
                }
                (injector, then)
            }
        };
        match then {
            Then::Call => Poll::Ready(None),
            Then::Error => {
                injector.tell(FaultKind::Error);
                Poll::Ready(Some(injector))
            }
            Then::Panic => {
                injector.tell(FaultKind::Panic);
                panic!("{}: panic injected", injector.name());
            }
        }
    }
}

impl<'a, F> FaultCall<'a, F> {
    pub(super) const fn new(injection: Injection<'a>, inner: F) -> Self {
        Self { inner, injection }
    }
}

impl<'a, F, M> FaultErrorCall<'a, F, M> {
    pub(super) const fn new(injection: Injection<'a>, inner: F, error: M) -> Self {
        Self {
            inner,
            error: Some(error),
            injection,
        }
    }
}

impl FaultDraw {
    pub(super) const fn new(injection: Injection<'static>) -> Self {
        Self(injection)
    }
}

impl Future for FaultDraw {
    type Output = bool;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
        self.0.poll(cx).map(|injector| injector.is_some())
    }
}

impl<F, T, X> Future for FaultCall<'_, F>
where
    F: Future<Output = Result<T, X>>,
    X: Failing,
{
    type Output = Result<T, Failure<X::Error>>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Some(injector) = ready!(this.injection.poll(cx)) {
            return Poll::Ready(Err(Failure::Policy(injector.error())));
        }
        this.inner.poll(cx).map_err(Failing::into_failure)
    }
}

impl<F, T, X, M> Future for FaultErrorCall<'_, F, M>
where
    F: Future<Output = Result<T, X>>,
    X: Failing + From<Judged<X::Error>>,
    M: FnOnce() -> Judged<X::Error>,
{
    type Output = Result<T, X>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if ready!(this.injection.poll(cx)).is_some()
            && let Some(error) = this.error.take()
        {
            return Poll::Ready(Err(error().into()));
        }
        this.inner.poll(cx)
    }
}

impl fmt::Debug for FaultDraw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultDraw").finish_non_exhaustive()
    }
}

impl<F> fmt::Debug for FaultCall<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultCall").finish_non_exhaustive()
    }
}

impl<F, M> fmt::Debug for FaultErrorCall<'_, F, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultErrorCall").finish_non_exhaustive()
    }
}
