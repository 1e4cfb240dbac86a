//! What may run until a deadline, and is dropped then.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::uri::PathAndQuery;
use pin_project_lite::pin_project;
use tokio::time::Sleep;
use tonic::Status;

use crate::clock;
use crate::context::{self, Deadline};
use crate::error::{PolicyError, PolicyErrorKind};
use crate::event::{self, EventKind};
use crate::site::Caller;

const CALLER: Caller = Caller::Named("grpc server");

/// How long a call may take.
#[derive(Clone, Debug)]
pub(super) struct Limit {
    pub(super) deadline: Deadline,
    /// Which method, for whoever reads the event or the error.
    pub(super) path: Option<PathAndQuery>,
}

impl Limit {
    fn is_over(&self) -> bool {
        self.deadline.at <= clock::now()
    }

    fn kind(&self) -> PolicyErrorKind {
        PolicyErrorKind::TimedOut {
            after: self.deadline.after,
        }
    }

    /// Nothing has begun yet. Whoever asked may have made up the path, so it is not told of.
    pub(super) fn refuse(&self) -> Status {
        let kind = self.kind();
        CALLER.emit(|| EventKind::Refused(kind));
        PolicyError::new(kind, CALLER.name()).into()
    }

    fn cut_off(&self) -> Status {
        let path = self.path.as_ref().map(|path| Arc::from(path.path()));
        let after = self.deadline.after;
        event::emit(CALLER, path.as_ref(), || EventKind::TimedOut { after });
        PolicyError::new(self.kind(), CALLER.name())
            .of_key(path.as_ref())
            .into()
    }
}

pin_project! {
    #[derive(Debug)]
    pub(super) struct Bounded<T> {
        // Dropped in place, with the reason made known, when the time is up.
        #[pin]
        inner: Option<T>,
        #[pin]
        timer: Option<Sleep>,
        limit: Option<Limit>,
        begun: bool,
    }
}

impl<T> Bounded<T> {
    /// What has not begun yet.
    pub(super) fn new(inner: T, limit: Option<Limit>) -> Self {
        Self {
            inner: Some(inner),
            timer: None,
            limit,
            begun: false,
        }
    }

    /// What goes on with a call that has begun.
    pub(super) fn onward(inner: T, limit: Option<Limit>) -> Self {
        Self {
            begun: true,
            ..Self::new(inner, limit)
        }
    }

    /// What was there to refuse from the start.
    pub(super) fn nothing() -> Self {
        Self {
            inner: None,
            timer: None,
            limit: None,
            begun: false,
        }
    }

    /// `None` once it was dropped.
    pub(super) const fn inner(&self) -> Option<&T> {
        self.inner.as_ref()
    }

    pub(super) const fn limit(&self) -> Option<&Limit> {
        self.limit.as_ref()
    }

    /// Polls it, with its deadline in sight; once that has passed it is dropped, unpolled.
    /// Pending for ever after that.
    pub(super) fn poll<R>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        poll: impl FnOnce(Pin<&mut T>, &mut Context<'_>) -> Poll<R>,
    ) -> Poll<Result<R, Status>> {
        let mut this = self.project();
        let Some(inner) = this.inner.as_mut().as_pin_mut() else {
            return Poll::Pending;
        };
        let Some(limit) = this.limit else {
            return poll(inner, cx).map(Ok);
        };

        // The clock and not the timer decides: a stream that is always ready never gets to the timer, and
        // tonic's own timer, whose time is a little later, may have fired in the same instant.
        if !limit.is_over() {
            *this.begun = true;
            let _scope = context::enter_deadline(limit.deadline);
            if let Poll::Ready(output) = poll(inner, cx) {
                return Poll::Ready(Ok(output));
            }
        }
        if !limit.is_over() {
            if this.timer.is_none() {
                let timer = tokio::time::sleep_until(limit.deadline.at);
                this.timer.set(Some(timer));
            }
            if let Some(timer) = this.timer.as_mut().as_pin_mut() {
                ready!(timer.poll(cx));
            }
        }

        let status = if *this.begun {
            limit.cut_off()
        } else {
            limit.refuse()
        };
        let _scope = context::enter_cut_off(limit.deadline.after);
        this.inner.set(None);
        Poll::Ready(Err(status))
    }
}
