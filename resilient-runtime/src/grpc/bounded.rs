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
        self.deadline.at <= clock::moment()
    }

    fn kind(&self) -> PolicyErrorKind {
        PolicyErrorKind::TimedOut {
            after: self.deadline.after(),
        }
    }

    fn path(&self) -> Option<Arc<str>> {
        self.path.as_ref().map(|path| Arc::from(path.path()))
    }

    /// Nothing has begun yet. Whoever asked may have made up the path, so it is not told of.
    pub(super) fn refuse(&self) -> Status {
        let kind = self.kind();
        CALLER.emit(|| EventKind::Refused(kind));
        PolicyError::new(kind, CALLER.name()).into()
    }

    /// Drops what was under way.
    pub(super) fn cut_off(&self, drop: impl FnOnce()) {
        let after = self.deadline.after();
        event::emit(CALLER, self.path().as_ref(), || EventKind::TimedOut {
            after,
        });
        self.discard(drop);
    }

    /// Drops something with the reason made known.
    pub(super) fn discard(&self, drop: impl FnOnce()) {
        let _scope = context::enter_cut_off(self.deadline.after());
        drop();
    }

    /// What the caller is told then.
    pub(super) fn timed_out(&self) -> Status {
        PolicyError::of_key(self.kind(), CALLER.name(), self.path().as_ref()).into()
    }
}

pin_project! {
    /// Up to when something is polled.
    #[derive(Debug)]
    pub(super) struct Bound {
        limit: Option<Limit>,
        #[pin]
        timer: Option<Sleep>,
    }
}

impl Bound {
    pub(super) const fn new(limit: Option<Limit>) -> Self {
        Self { limit, timer: None }
    }

    pub(super) const fn limit(&self) -> Option<&Limit> {
        self.limit.as_ref()
    }

    /// Of what comes next: from now on there is none here.
    pub(super) fn take_limit(self: Pin<&mut Self>) -> Option<Limit> {
        self.project().limit.take()
    }

    /// Polls with the deadline in sight. Once that has passed it does not, and the limit is the error.
    pub(super) fn poll<'a, R>(
        self: Pin<&'a mut Self>,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<R>,
    ) -> Poll<Result<R, &'a Limit>> {
        let mut this = self.project();
        let Some(limit) = this.limit else {
            return poll(cx).map(Ok);
        };

        // The clock and not the timer decides: a stream that is always ready never gets to the timer, and
        // tonic's own timer, whose time is a little later, may have fired in the same instant.
        if !limit.is_over() {
            let _scope = context::enter_deadline(Some(limit.deadline));
            if let Poll::Ready(output) = poll(cx) {
                return Poll::Ready(Ok(output));
            }
        }
        if !limit.is_over() {
            if this.timer.is_none() {
                let timer = tokio::time::sleep_until(limit.deadline.at.instant());
                this.timer.set(Some(timer));
            }
            if let Some(timer) = this.timer.as_mut().as_pin_mut() {
                ready!(timer.poll(cx));
            }
        }
        Poll::Ready(Err(limit))
    }
}
