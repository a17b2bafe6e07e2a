//! Bugs that are put in on purpose, to see that they are found. Each wraps or replaces a part that stands in the simulator; what ships
//! knows nothing of them.

/// A bug, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Bug {
    /// What ships, and clients that do what they should.
    #[default]
    None,
    /// Something between a client and the server says the last reply of a watcher again after it was stopped.
    ReplayAfterStop,
    /// It swallows what a waiting call is told when its watcher is stopped.
    SwallowsStopped,
    /// It adds to each later reply of a watcher all that was told before and lives.
    RepeatsAll,
    /// It takes the deltas out of each later reply of a watcher.
    LosesDeltas,
    /// It holds the second reply of a watcher back until that is stopped.
    SwallowsSecond,
    /// It says the reply to a ping twice.
    AnswersTwice,
    /// A server that comes up again loads what the database held when it came up before.
    OldSnapshot,
    /// A client that watches again puts the first reply into what it held before.
    KeepsDead,
    /// A client takes the removal of an entity for a change.
    KeepsRemoved,
    /// The server opens a watcher for each connection that it accepts, and keeps it.
    KeepsWatchers,
    /// The server does not ask silent clients for a sign of life.
    NeverPings,
    /// A task of the server panics when it has accepted a few connections.
    PanickingHost,
}

impl Bug {
    /// Those that break a promise.
    pub const ALL: [Self; 12] = [
        Self::ReplayAfterStop,
        Self::SwallowsStopped,
        Self::RepeatsAll,
        Self::LosesDeltas,
        Self::SwallowsSecond,
        Self::AnswersTwice,
        Self::OldSnapshot,
        Self::KeepsDead,
        Self::KeepsRemoved,
        Self::KeepsWatchers,
        Self::NeverPings,
        Self::PanickingHost,
    ];
}
