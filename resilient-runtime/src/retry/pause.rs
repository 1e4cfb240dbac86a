//! The wait before a retry.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::Sleep;

use crate::context;

pin_project! {
    /// The wait before another attempt. A breaker around it knows that only we
    /// are waiting.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Pause {
        #[pin]
        sleep: Sleep,
    }
}

impl Pause {
    pub(super) fn new(delay: Duration) -> Self {
        Self {
            sleep: tokio::time::sleep(delay),
        }
    }
}

impl Future for Pause {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let polled = self.project().sleep.poll(cx);
        if polled.is_pending() {
            context::note_wait();
        }
        polled
    }
}
