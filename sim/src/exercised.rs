//! What a run exercised: operations by kind and faults by family, each with the name it has in a summary.

use multiwatcher::testing::{Failing, Operation};

macro_rules! table {
    ($(#[$doc:meta])* $name:ident: $($(#[$each:meta])* $variant:ident = $text:literal,)+) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$each])* $variant,)+
        }

        impl $name {
            /// Every one, in the order of a summary.
            pub const ALL: &[Self] = &[$(Self::$variant),+];
            /// How many there are.
            pub const COUNT: usize = Self::ALL.len();

            /// Its name in a summary.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }
    };
}

table! {
    /// The kind of an operation.
    Kind:
    /// A commit.
    Commit = "commit",
    /// A notice.
    Notice = "notice",
    /// A mark.
    Mark = "mark",
    /// An unasked step is read.
    ReadUnasked = "unasked step read",
    /// The backing begins to listen.
    Accept = "begin to listen",
    /// It says so.
    Subscribed = "subscribed",
    /// A part of a load is read.
    ReadLoad = "part of a load read",
    /// A load has brought everything.
    LoadDone = "load done",
    /// An answer is read.
    ReadFetch = "answer read",
    /// Something arrives.
    Deliver = "arrival",
    /// Something never arrives.
    Lose = "loss",
    /// A call fails.
    Fail = "failed call",
    /// Time passes.
    Advance = "time passes",
    /// Deadlines are looked at.
    Timeout = "deadlines looked at",
    /// Time passes to the next deadline.
    Deadline = "deadline passes",
    /// The connection dies.
    Die = "connection dies",
    /// Silence begins.
    Silence = "silence begins",
    /// Silence ends.
    Speak = "silence ends",
    /// The log is pruned.
    Prune = "log pruned",
    /// The backing goes back.
    Rewind = "backing goes back",
    /// An id becomes unreadable.
    Ail = "id unreadable",
    /// An id can be read again.
    Mend = "id mended",
    /// A message that must not be taken.
    Stale = "stale message",
    /// Kill.
    Kill = "kill",
    /// The worker's task is polled.
    Turn = "worker's turn",
    /// The worker's task is dropped.
    Abort = "task dropped",
    /// A watcher is opened.
    Open = "watch",
    /// A watcher is resumed.
    Resume = "resume",
    /// A first poll.
    Next = "next",
    /// A later poll.
    Poll = "poll",
    /// A poll of a call that is over.
    PollOver = "poll when over",
    /// A try.
    TryNext = "try next",
    /// A drop.
    Drop = "drop",
    /// A question for progress.
    Progress = "progress",
    /// A stop.
    Stop = "stop",
}

table! {
    /// What kind of thing went wrong.
    Fault:
    /// A notice named ids twice.
    RepeatedNotice = "repeated notice",
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
    /// An answer arrived after it was given up.
    LateAnswer = "late answer",
    /// An answer arrived twice.
    Doubled = "doubled answer",
    /// An answer never arrived.
    Lost = "lost answer",
    /// A call failed.
    FailedCall = "failed call",
    /// A call failed for good.
    ForGood = "failed for good",
    /// The connection died.
    Died = "connection died",
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
    /// The machine was killed.
    Killed = "kill",
    /// The task was dropped.
    Aborted = "task dropped",
}

/// A set of kinds of operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kinds(u64);

impl Kinds {
    /// None.
    pub const NONE: Self = Self(0);

    /// Adds one.
    pub const fn insert(&mut self, kind: Kind) {
        self.0 |= 1 << kind as u32;
    }

    /// Whether this one is in it.
    pub const fn has(self, kind: Kind) -> bool {
        self.0 >> kind as u32 & 1 == 1
    }
}

const _: () = assert!(Kind::COUNT <= 64, "a set of kinds is 64 bits");

impl Kind {
    /// The kind of this operation.
    #[inline]
    pub const fn of(operation: &Operation) -> Self {
        match operation {
            Operation::Commit { .. } => Self::Commit,
            Operation::Notice { .. } => Self::Notice,
            Operation::Mark { .. } => Self::Mark,
            Operation::ReadUnasked { .. } => Self::ReadUnasked,
            Operation::Accept => Self::Accept,
            Operation::Subscribed => Self::Subscribed,
            Operation::ReadLoad { .. } => Self::ReadLoad,
            Operation::LoadDone => Self::LoadDone,
            Operation::ReadFetch { .. } => Self::ReadFetch,
            Operation::Deliver { .. } => Self::Deliver,
            Operation::Lose { .. } => Self::Lose,
            Operation::Fail { .. } => Self::Fail,
            Operation::Advance { .. } => Self::Advance,
            Operation::Timeout => Self::Timeout,
            Operation::Deadline { .. } => Self::Deadline,
            Operation::Die => Self::Die,
            Operation::Silence => Self::Silence,
            Operation::Speak => Self::Speak,
            Operation::Prune { .. } => Self::Prune,
            Operation::Rewind { .. } => Self::Rewind,
            Operation::Ail { .. } => Self::Ail,
            Operation::Mend { .. } => Self::Mend,
            Operation::Stale { .. } => Self::Stale,
            Operation::Kill => Self::Kill,
            Operation::Turn => Self::Turn,
            Operation::Abort => Self::Abort,
            Operation::Open { .. } => Self::Open,
            Operation::Resume { .. } => Self::Resume,
            Operation::Next { .. } => Self::Next,
            Operation::Poll { .. } => Self::Poll,
            Operation::PollOver { .. } => Self::PollOver,
            Operation::TryNext { .. } => Self::TryNext,
            Operation::Drop { .. } => Self::Drop,
            Operation::Progress { .. } => Self::Progress,
            Operation::Stop { .. } => Self::Stop,
        }
    }
}

impl Fault {
    /// What goes wrong by an operation of this kind, whatever its arguments; `None` if that depends on them, or nothing does.
    pub const fn of_kind(kind: Kind) -> Option<Self> {
        match kind {
            Kind::Lose => Some(Self::Lost),
            Kind::Die => Some(Self::Died),
            Kind::Silence => Some(Self::Silence),
            Kind::Prune => Some(Self::Pruned),
            Kind::Rewind => Some(Self::Rewound),
            Kind::Ail => Some(Self::Unreadable),
            Kind::Stale => Some(Self::Stale),
            Kind::Kill => Some(Self::Killed),
            Kind::Abort => Some(Self::Aborted),
            Kind::Commit
            | Kind::Turn
            | Kind::Notice
            | Kind::Mark
            | Kind::ReadUnasked
            | Kind::Accept
            | Kind::Subscribed
            | Kind::ReadLoad
            | Kind::LoadDone
            | Kind::ReadFetch
            | Kind::Deliver
            | Kind::Fail
            | Kind::Advance
            | Kind::Timeout
            | Kind::Deadline
            | Kind::Speak
            | Kind::Mend
            | Kind::Open
            | Kind::Resume
            | Kind::Next
            | Kind::Poll
            | Kind::PollOver
            | Kind::TryNext
            | Kind::Drop
            | Kind::Progress
            | Kind::Stop => None,
        }
    }

    /// What goes wrong by the arguments of an operation. Some faults show only in what is seen, and are counted there.
    #[inline]
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the kinds of `of_kind` are all or nothing, and the rest has no such argument"
    )]
    pub fn of_arguments(operation: &Operation, mut count: impl FnMut(Self)) {
        let mut when = |happened: bool, fault: Self| {
            if happened {
                count(fault);
            }
        };
        match *operation {
            Operation::Notice { twice, .. } => when(twice, Self::RepeatedNotice),
            Operation::ReadUnasked { skip } => {
                when(skip > 0, Self::Gap);
                when(skip < 0, Self::Overlap);
            }
            Operation::ReadFetch { skip, omit, behind, .. } => {
                when(skip > 0, Self::Gap);
                when(skip < 0, Self::Overlap);
                when(!omit.is_empty(), Self::Unanswered);
                when(behind > 0, Self::Contradiction);
            }
            Operation::Deliver { keep, .. } => when(keep, Self::Doubled),
            Operation::Fail { why: Failing::Passing, .. } => count(Self::FailedCall),
            Operation::Fail { why: Failing::ForGood, .. } => count(Self::ForGood),
            _ => (),
        }
    }
}
