//! What a run of a scenario is watched for, besides its operations and faults: the moments that make a situation what it is.

use multiwatcher::machine::{NextError, ResumeError};
use multiwatcher::testing::{CallSeen, EPOCH, How, Observation, Operation, Stage};

macro_rules! sights {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)+) => {
        /// Such a moment.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Sight {
            $($(#[$doc])* $variant,)+
        }

        impl Sight {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$variant),+];
            /// How many there are.
            pub const COUNT: usize = Self::ALL.len();

            /// Its name in a scenario file.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

sights! {
    /// A reader was told that it lags.
    Lagged = "told it lags",
    /// A reader came back within the window.
    Resumed = "came back",
    /// A reader of another worker was taken over.
    TakenOver = "taken over",
    /// A reader of another worker had been further.
    Ahead = "came from ahead",
    /// A reader came back too late.
    Gone = "came back too late",
    /// A reader's first call waited for the first load.
    FirstWaits = "first call waits",
    /// A call waited behind another one of its watcher.
    Lined = "call waits in line",
    /// A reader stopped with calls pending.
    StoppedWaiting = "stop with a call pending",
    /// A reader got a batch while a reload ran.
    ServedInReload = "batch during a reload",
    /// A reader got a batch while an id could not be read.
    ServedInQuarantine = "batch beside an unreadable id",
}

/// Counts the moments of one operation.
pub(crate) fn see(operation: &Operation, seen: &[Observation], stage: &Stage, counts: &mut [u64; Sight::COUNT]) {
    let mut count = |sight: Sight| counts[sight as usize] += 1;
    if let Operation::Stop { reader } = *operation {
        let pending = stage.readers().get(usize::from(reader)).is_some_and(|reader| !reader.calls().is_empty());
        if pending {
            count(Sight::StoppedWaiting);
        }
    }
    for observation in seen {
        if let Observation::Resumed { from, result, .. } = observation {
            match result {
                Ok(_) => {
                    count(Sight::Resumed);
                    if from.epoch != EPOCH {
                        count(Sight::TakenOver);
                    }
                }
                Err(ResumeError::Gone { .. }) => count(Sight::Gone),
                Err(ResumeError::Ahead { .. }) => count(Sight::Ahead),
                Err(ResumeError::Ended(_) | ResumeError::Future { .. }) => (),
            }
        }
        let Observation::Called { reader, how, seen } = observation else { continue };
        match seen {
            CallSeen::Waits if matches!(how, How::First(_)) => {
                let reader = &stage.readers()[usize::from(*reader)];
                if reader.is_fresh() {
                    count(Sight::FirstWaits);
                }
                if reader.calls().len() > 1 {
                    count(Sight::Lined);
                }
            }
            CallSeen::Batch(_) => {
                let load =
                    stage.backing().session().is_some_and(|session| session.generation > 1 && session.load.is_some());
                if load {
                    count(Sight::ServedInReload);
                }
                if !stage.backing().ailing().is_empty() {
                    count(Sight::ServedInQuarantine);
                }
            }
            CallSeen::Error(NextError::Lagged { .. }) => count(Sight::Lagged),
            CallSeen::Waits | CallSeen::Nothing | CallSeen::Error(_) => (),
        }
    }
}
