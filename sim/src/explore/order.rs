//! Operations that can be made in either order are tried in one. No state is lost by that, nor a shorter way to it.
//!
//! Let `c` be made before `b`, where `b` was possible before `c` too, each leaves the other possible, and both orders lead to one state.
//! Then `b` need not be tried after `c`: the search tries `b` first and `c` after it, and reaches that state by a way of the same length.
//! Where `b` was left out for such a reason before `c` already, the same holds one step earlier. What only the backing has a part in is never left out.
//!
//! What a reader does touches the machine and its calls alone; what the backing says to a subject with a task is posted, and changes neither
//! until the task is polled. A commit changes the backing alone, and what a poll of the task asks of the backing
//! does not depend on what was committed. Commits end with the machine, so they do not go after the poll that ends it.

use multiwatcher::testing::Operation;

use super::moves::Move;

/// What a state was reached by, as far as it says what need not be tried there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// Everything is to be tried.
    Anything,
    /// A commit.
    Commit,
    /// Something else that the backing did, and that the subject has no part in yet.
    Backing,
    /// The same, and it was given the number of a failure; so is a kill.
    Failure,
}

impl After {
    /// After this move. Without a task the subject takes at once what the backing says.
    pub fn of(it: &Move, has_task: bool) -> Self {
        match it.operation {
            Operation::Commit { .. } => Self::Commit,
            Operation::Die | Operation::Fail { .. } if has_task => Self::Failure,
            Operation::Accept | Operation::Lose { .. } => Self::Backing,
            Operation::ReadLoad { .. } | Operation::ReadFetch { .. } | Operation::ReadUnasked { .. }
                if has_task || it.arrives.is_none() =>
            {
                Self::Backing
            }
            Operation::Notice { .. }
            | Operation::Mark { .. }
            | Operation::Subscribed
            | Operation::LoadDone
            | Operation::Deliver { .. }
                if has_task =>
            {
                Self::Backing
            }
            Operation::Notice { .. }
            | Operation::Mark { .. }
            | Operation::Subscribed
            | Operation::LoadDone
            | Operation::Deliver { .. }
            | Operation::ReadLoad { .. }
            | Operation::ReadFetch { .. }
            | Operation::ReadUnasked { .. }
            | Operation::Die
            | Operation::Fail { .. }
            | Operation::Advance { .. }
            | Operation::Timeout
            | Operation::Deadline { .. }
            | Operation::Silence
            | Operation::Speak
            | Operation::Prune { .. }
            | Operation::Rewind { .. }
            | Operation::Ail { .. }
            | Operation::Mend { .. }
            | Operation::Stale { .. }
            | Operation::Close
            | Operation::Jump { .. }
            | Operation::Kill
            | Operation::Turn
            | Operation::Abort
            | Operation::Open { .. }
            | Operation::Resume { .. }
            | Operation::Next { .. }
            | Operation::Poll { .. }
            | Operation::PollOver { .. }
            | Operation::TryNext { .. }
            | Operation::Drop { .. }
            | Operation::Progress { .. }
            | Operation::Stop { .. } => Self::Anything,
        }
    }

    /// Whether this move was tried before, and leads where it led then. `is_ending` says that the machine has been told to end.
    pub fn leaves_out(self, it: &Move, is_ending: bool, has_task: bool) -> bool {
        match it.operation {
            Operation::Open { .. }
            | Operation::Next { .. }
            | Operation::Poll { .. }
            | Operation::Drop { .. }
            | Operation::Stop { .. } => self != Self::Anything,
            Operation::Kill => has_task && matches!(self, Self::Commit | Self::Backing),
            Operation::Turn => self == Self::Commit && !is_ending,
            Operation::Die => self == Self::Commit && has_task,
            Operation::Commit { .. }
            | Operation::Notice { .. }
            | Operation::Mark { .. }
            | Operation::ReadUnasked { .. }
            | Operation::Accept
            | Operation::Subscribed
            | Operation::ReadLoad { .. }
            | Operation::LoadDone
            | Operation::ReadFetch { .. }
            | Operation::Deliver { .. }
            | Operation::Lose { .. }
            | Operation::Fail { .. }
            | Operation::Advance { .. }
            | Operation::Timeout
            | Operation::Deadline { .. }
            | Operation::Silence
            | Operation::Speak
            | Operation::Prune { .. }
            | Operation::Rewind { .. }
            | Operation::Ail { .. }
            | Operation::Mend { .. }
            | Operation::Stale { .. }
            | Operation::Close
            | Operation::Jump { .. }
            | Operation::Abort
            | Operation::Resume { .. }
            | Operation::PollOver { .. }
            | Operation::TryNext { .. }
            | Operation::Progress { .. } => false,
        }
    }
}
