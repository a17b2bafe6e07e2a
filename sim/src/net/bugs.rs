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
    /// A server that comes up again loads what the database held when it came up before.
    OldSnapshot,
    /// A client that watches again puts the first reply into what it held before.
    KeepsDead,
    /// A client takes the removal of an entity for a change.
    KeepsRemoved,
    /// A task of the server panics when it has accepted a few connections.
    PanickingHost,
}

impl Bug {
    /// Those that break a promise.
    pub const ALL: [Self; 5] =
        [Self::ReplayAfterStop, Self::OldSnapshot, Self::KeepsDead, Self::KeepsRemoved, Self::PanickingHost];
}
