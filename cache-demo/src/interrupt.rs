//! Ctrl-c, heard from the moment on that one begins to listen.

use std::io;

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
#[cfg(windows)]
use tokio::signal::windows::{CtrlC, ctrl_c};

/// Several ctrl-c in turn; none is lost in between.
#[derive(Debug)]
pub struct Interrupts {
    #[cfg(unix)]
    signal: Signal,
    #[cfg(windows)]
    signal: CtrlC,
}

impl Interrupts {
    /// From here on ctrl-c does not end the process.
    pub fn listen() -> io::Result<Self> {
        Ok(Interrupts {
            #[cfg(unix)]
            signal: signal(SignalKind::interrupt())?,
            #[cfg(windows)]
            signal: ctrl_c()?,
        })
    }

    pub async fn next(&mut self) {
        // There is no end of them: `None` never comes.
        let _ = self.signal.recv().await;
    }
}
