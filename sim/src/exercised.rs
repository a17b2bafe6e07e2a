//! What a run exercised: operations by kind, each with the name it has in a summary.

use multiwatcher::testing::Operation;

macro_rules! table {
    ($(#[$doc:meta])* $name:ident: $($(#[$each:meta])* $variant:ident = $text:literal,)+) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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

pub(crate) use table;

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
    /// The subscription closes.
    Close = "subscription closes",
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
    /// The clock jumps.
    Jump = "clock jumps",
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
            Operation::Close => Self::Close,
            Operation::Silence => Self::Silence,
            Operation::Speak => Self::Speak,
            Operation::Prune { .. } => Self::Prune,
            Operation::Rewind { .. } => Self::Rewind,
            Operation::Ail { .. } => Self::Ail,
            Operation::Mend { .. } => Self::Mend,
            Operation::Stale { .. } => Self::Stale,
            Operation::Jump { .. } => Self::Jump,
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
