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
    /// It says the first delta of a reply twice.
    TellsTwice,
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
    /// Something answers a stop as if the watcher were not known.
    ForgetsWatchers,
    /// Readers are taken for administrators of their model, and are told of offers.
    TellsOffers,
    /// Guests are taken for superusers.
    GrantsAll,
    /// A task of the server's runtime panics when it has accepted a few connections.
    PanickingHost,
    /// One beside its sessions does, on the host's own set of tasks.
    PanickingSession,
}

impl Bug {
    /// Those that break a promise.
    pub const ALL: [Self; 17] = [
        Self::ReplayAfterStop,
        Self::SwallowsStopped,
        Self::RepeatsAll,
        Self::TellsTwice,
        Self::LosesDeltas,
        Self::SwallowsSecond,
        Self::AnswersTwice,
        Self::OldSnapshot,
        Self::KeepsDead,
        Self::KeepsRemoved,
        Self::KeepsWatchers,
        Self::NeverPings,
        Self::ForgetsWatchers,
        Self::TellsOffers,
        Self::GrantsAll,
        Self::PanickingHost,
        Self::PanickingSession,
    ];
}
