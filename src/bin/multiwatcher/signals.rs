//! The signals that end a command in good order.

use core::fmt;
use core::future::Future;
use core::pin::pin;
use core::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::CommandError;

/// How long something that was begun may take to come to its end once a signal has come.
const GRACE: Duration = Duration::from_secs(1);

/// Which signal came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// SIGINT: somebody typed Ctrl-C.
    Interrupted,
    /// SIGTERM.
    Terminated,
}

impl Stop {
    /// As shells count it: 128 and the signal's number.
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Interrupted => "interrupted",
            Self::Terminated => "terminated",
        })
    }
}

/// Hears them, once it was made: they do not end the process any more.
#[derive(Debug)]
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    pub(crate) fn new() -> Result<Self, CommandError> {
        let hear = |kind| {
            signal(kind).map_err(|error| CommandError::Failed(format!("signals cannot be listened for: {error}")))
        };
        Ok(Self { interrupt: hear(SignalKind::interrupt())?, terminate: hear(SignalKind::terminate())? })
    }

    /// Waits for one. Dropping the future loses none.
    pub(crate) async fn next(&mut self) -> Stop {
        tokio::select! {
            biased;
            _ = self.interrupt.recv() => Stop::Interrupted,
            _ = self.terminate.recv() => Stop::Terminated,
        }
    }

    /// Does something that a signal ends: what was begun has a moment to come to its end, and the signal is then the answer whether
    /// it did or not. The second value says whether it did.
    pub(crate) async fn or_stop<T>(&mut self, work: impl Future<Output = T>) -> Result<T, (Stop, Option<T>)> {
        let mut work = pin!(work);
        tokio::select! {
            biased;
            done = &mut work => Ok(done),
            stop = self.next() => Err((stop, tokio::time::timeout(GRACE, work).await.ok())),
        }
    }
}
