//! What went wrong in a run: the families of faults, each with the name it has in a summary, and how each is told from the operation and
//! the stage it was made on. A few show only in what is seen; the counter of a run finds those.

use multiwatcher::testing::{CallKind, Failing, Message, Operation, Reader, Stage};

use crate::exercised::table;

table! {
    /// What kind of thing went wrong.
    Fault:
    /// A notice named ids twice, or what was not owed.
    RepeatedNotice = "repeated notice",
    /// The subscription failed while a notice was owed.
    LostNotice = "notice lost",
    /// A load was read while commits went on.
    TornLoad = "torn load",
    /// A step started too late.
    Gap = "gap",
    /// A step started before it need.
    Overlap = "overlap",
    /// An answer left an id out.
    Unanswered = "unanswered id",
    /// An answer ended before the position asked for.
    Contradiction = "contradiction",
    /// An answer arrived when a newer fetch had been asked for.
    LateAnswer = "late answer",
    /// An answer arrived for the first time when a newer fetch had been answered.
    OvertakenAnswer = "overtaken answer",
    /// An answer arrived twice.
    Doubled = "doubled answer",
    /// An answer never arrived.
    Lost = "lost answer",
    /// A call failed.
    FailedCall = "failed call",
    /// A call failed that had failed the last time.
    FailedAgain = "failed again",
    /// A call failed for good.
    ForGood = "failed for good",
    /// The connection died.
    Died = "connection died",
    /// The subscription closed without an error.
    Closed = "subscription closed",
    /// Silence.
    Silence = "silence",
    /// The log was pruned.
    Pruned = "log pruned",
    /// The backing went back.
    Rewound = "backing went back",
    /// An id became unreadable.
    Unreadable = "unreadable id",
    /// A message of an older generation, or one that answers nothing.
    Stale = "stale message",
    /// Something of an older session arrived.
    OldGeneration = "old generation",
    /// The queue of notices passed its limit.
    FullQueue = "queue full",
    /// The clock jumped ahead.
    Jumped = "clock jumped",
    /// A call was polled that nobody woke.
    SpuriousPoll = "spurious poll",
    /// A call was polled once more when it was over.
    LatePoll = "late poll",
    /// The task was polled though nobody woke it.
    SpuriousTurn = "spurious turn",
    /// The machine ended before anything else happened.
    DeadStart = "dead from the start",
    /// The machine was killed.
    Killed = "kill",
    /// The task was dropped.
    Aborted = "task dropped",
}

impl Fault {
    /// What goes wrong by this operation on this stage, as bits by the numbers of the faults.
    #[inline]
    pub fn of(operation: &Operation, stage: &Stage) -> u64 {
        let backing = stage.backing();
        match *operation {
            Operation::Notice { ids, twice } => {
                let owed = backing.session().is_some_and(|session| ids.minus(session.owed).is_empty());
                Self::RepeatedNotice.when(twice || !owed)
            }
            Operation::ReadUnasked { skip } => Self::Gap.when(skip > 0) | Self::Overlap.when(skip < 0),
            Operation::ReadFetch { skip, omit, behind, .. } => {
                Self::Gap.when(skip > 0)
                    | Self::Overlap.when(skip < 0)
                    | Self::Unanswered.when(!omit.is_empty())
                    | Self::Contradiction.when(behind > 0)
            }
            Operation::Deliver { flight, keep } => Self::Doubled.when(keep) | arrived(stage, usize::from(flight)),
            Operation::Lose { .. } => Self::Lost.when(true),
            Operation::Fail { call, why } => failed(stage, call, why),
            Operation::Die => Self::Died.when(true) | owed_notices(stage),
            Operation::Close => Self::Closed.when(true) | owed_notices(stage),
            Operation::Silence => Self::Silence.when(true),
            Operation::Prune { .. } => Self::Pruned.when(true),
            Operation::Rewind { .. } => Self::Rewound.when(true),
            Operation::Ail { .. } => Self::Unreadable.when(true),
            Operation::Stale { .. } => Self::Stale.when(true),
            Operation::Jump { .. } => Self::Jumped.when(true),
            Operation::Kill => Self::Killed.when(true) | Self::DeadStart.when(stage.total() == 0),
            Operation::Abort => Self::Aborted.when(true) | Self::DeadStart.when(stage.total() == 0),
            Operation::Turn => Self::SpuriousTurn.when(!stage.is_runnable()),
            Operation::Poll { reader, call } => {
                let calls = stage.readers().get(usize::from(reader)).map(Reader::calls);
                let woken = calls.and_then(|calls| calls.get(usize::from(call))).is_some_and(|call| call.woken);
                Self::SpuriousPoll.when(!woken)
            }
            Operation::PollOver { .. } => Self::LatePoll.when(true),
            Operation::Commit { .. }
            | Operation::Mark { .. }
            | Operation::Accept
            | Operation::Subscribed
            | Operation::ReadLoad { .. }
            | Operation::LoadDone
            | Operation::Advance { .. }
            | Operation::Timeout
            | Operation::Deadline { .. }
            | Operation::Speak
            | Operation::Mend { .. }
            | Operation::Open { .. }
            | Operation::Resume { .. }
            | Operation::Next { .. }
            | Operation::TryNext { .. }
            | Operation::Drop { .. }
            | Operation::Progress { .. }
            | Operation::Stop { .. } => 0,
        }
    }

    const fn when(self, happened: bool) -> u64 {
        (happened as u64) << self as u32
    }
}

fn owed_notices(stage: &Stage) -> u64 {
    let owes = stage.backing().session().is_some_and(|session| !session.owed.is_empty());
    Fault::LostNotice.when(owes)
}

fn failed(stage: &Stage, call: CallKind, why: Failing) -> u64 {
    let lost = if call == CallKind::Subscribe { owed_notices(stage) } else { 0 };
    let again = Fault::FailedAgain.when(stage.backing().failed_last(call));
    let failed = match why {
        Failing::Passing => Fault::FailedCall,
        Failing::ForGood => Fault::ForGood,
    };
    failed.when(true) | again | lost | Fault::DeadStart.when(stage.total() == 0 && why == Failing::ForGood)
}

/// What arrives when nobody waits for it any more. Where calls are futures, what nobody waits for arrives on the subscription, if it
/// stands.
fn arrived(stage: &Stage, flight: usize) -> u64 {
    let backing = stage.backing();
    let Some(flight) = backing.flights().get(flight) else { return 0 };
    let current = backing.session().is_some_and(|session| session.generation == flight.generation);
    if !current {
        // Its future or its stream was dropped with the session.
        return Fault::OldGeneration.when(!stage.is_driven());
    }
    match flight.message {
        Message::Answer(fetch, _) if backing.is_overtaken(fetch) && !flight.repeat => Fault::OvertakenAnswer.when(true),
        Message::Answer(fetch, _) => Fault::LateAnswer.when(fetch != backing.newest_fetch()),
        Message::Staged(_) | Message::Unasked(_) => 0,
    }
}
