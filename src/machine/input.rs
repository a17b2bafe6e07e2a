//! Everything that can happen to a machine, as values that can be stored and read back, and what it answers.

use std::sync::Arc;

use derive_where::derive_where;
use serde::{Deserialize, Serialize};

use super::delta::Batch;
use super::entity::EntityId;
use super::error::{Cause, NextError, ResumeError, WatchError};
use super::filter::Filter;
use super::identity::Identity;
use super::numbers::{CallId, Epoch, FetchId, Generation, Position, Revno, Time, WatcherId};

/// One stimulus. [`StoreManager::handle`](super::StoreManager::handle) takes it; each variant has a typed method that does the same.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[derive_where(Clone)]
pub enum Input<V> {
    /// A reader opens a watcher.
    Watch {
        /// What it wants to see.
        filter: Filter,
    },
    /// A reader comes back.
    Resume {
        /// What it wants to see: the filter it had.
        filter: Filter,
        /// Where it had been brought to.
        from: ResumePoint,
    },
    /// A call of `next` is polled.
    Next {
        /// Whose call.
        watcher: WatcherId,
        /// `None` at its first poll; afterwards the id it was told to wait under.
        call: Option<CallId>,
    },
    /// A reader asks for a batch without waiting.
    TryNext {
        /// Who asks.
        watcher: WatcherId,
    },
    /// A pending call is dropped.
    DropCall {
        /// Whose call.
        watcher: WatcherId,
        /// Which.
        call: CallId,
    },
    /// A reader asks how far its view reaches.
    Progress {
        /// Who asks.
        watcher: WatcherId,
    },
    /// A reader leaves.
    Stop {
        /// Who.
        watcher: WatcherId,
    },
    /// The subscription stands: notices of every commit after `position` will come.
    Subscribed {
        /// Whose answer.
        generation: Generation,
        /// p0, where the notices begin.
        position: Position,
        /// Which backing, and which past of it.
        backing: Identity,
    },
    /// Entities of the load, each read at some moment since p0. Absences need not be told.
    Staged {
        /// Whose answer.
        generation: Generation,
        /// What was read.
        reads: Vec<(EntityId, Read<V>)>,
    },
    /// The load has brought everything.
    LoadDone {
        /// Whose answer.
        generation: Generation,
    },
    /// Commits touched these ids.
    Notice {
        /// Whose notice.
        generation: Generation,
        /// Ids, in any order, perhaps repeated.
        ids: Vec<EntityId>,
    },
    /// A sign of life.
    Mark {
        /// Whose mark.
        generation: Generation,
        /// The backing's position when it was sent.
        position: Position,
    },
    /// A step nobody asked for.
    Step {
        /// Whose step.
        generation: Generation,
        /// The step.
        step: Step<V>,
    },
    /// The answer to a fetch.
    Fetched {
        /// Whose answer.
        generation: Generation,
        /// To which fetch.
        fetch: FetchId,
        /// The step.
        step: Step<V>,
    },
    /// A call, or the subscription, failed as a whole.
    Failed {
        /// Whose call.
        generation: Generation,
        /// Which.
        call: BackingCall,
        /// Why.
        cause: Cause,
    },
    /// A deadline of [`poll_timeout`](super::StoreManager::poll_timeout) has passed. Too early does no harm.
    Timeout,
    /// The machine is to end.
    Kill {
        /// What watchers will be told.
        cause: Cause,
    },
}

/// What happened to one id in the backing, as it was read.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[derive_where(Clone; E)]
pub enum Read<V, E = Cause> {
    /// It is alive with this value.
    Value(Arc<V>),
    /// It does not exist. "Not found" is this, not an error.
    Absent,
    /// It could not be read: the id goes to quarantine and is read again later. The machine takes a [`Cause`]; a backing says it in
    /// its own words, which the driver keeps.
    Error(E),
}

/// Everything the commits in `(from, to]` touched, all read at one moment, `to`. So it holds whole commits.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[derive_where(Clone; E)]
pub struct Step<V, E = Cause> {
    /// The position it starts after.
    pub from: Position,
    /// The position it was read at.
    pub to: Position,
    /// For every id touched, and every id asked about: what was read.
    pub entities: Vec<(EntityId, Read<V, E>)>,
}

/// Names a call of the backing that can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum BackingCall {
    /// Subscribing, or the subscription later on: a closed stream is a failure too.
    Subscription,
    /// The load.
    Load,
    /// This fetch.
    Fetch(FetchId),
}

/// Where a reader had been brought to, as it kept it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ResumePoint {
    /// The epoch of the revno.
    pub epoch: Epoch,
    /// The cursor.
    pub revno: Revno,
    /// The position its view stood at.
    pub position: Position,
    /// Of which backing.
    pub backing: Identity,
    /// Whether the view equalled the backing's state at that position, as [`Progress::exact`] says. Without it the position says
    /// nothing to another store manager.
    pub exact: bool,
}

/// What [`StoreManager::handle`](super::StoreManager::handle) returns; the variant follows from the input's.
#[derive(Debug, PartialEq)]
#[derive_where(Clone)]
pub enum Answer<V> {
    /// To `Watch`.
    Watch(Result<WatcherId, WatchError>),
    /// To `Resume`.
    Resume(Result<WatcherId, ResumeError>),
    /// To `Next`.
    Next(NextPoll<V>),
    /// To `TryNext`: `None` if there is nothing, or a call waits that comes first.
    TryNext(Result<Option<Batch<V>>, NextError>),
    /// To `Progress`: `None` before the first batch.
    Progress(Result<Option<Progress>, NextError>),
    /// To every other input.
    Done,
}

/// What one poll of a call comes to.
#[derive(Debug, PartialEq)]
#[derive_where(Clone)]
pub enum NextPoll<V> {
    /// The call is over.
    Ready(Result<Batch<V>, NextError>),
    /// It waits in line under this id; poll it again after its wake-up, or drop it.
    Pending(CallId),
}

/// How far a watcher's view reaches: it equals the filtered state of the backing at `position`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Progress {
    /// Its cursor.
    pub revno: Revno,
    /// The backing's position that the view stands for.
    pub position: Position,
    /// Which backing, and which past of it.
    pub backing: Identity,
    /// Whether the view equals that state in every id. It does not while an id is in quarantine, which stays at an earlier value.
    pub exact: bool,
    /// Since when the backing has been out of reach; `None` while the store follows it.
    pub out_of_reach_since: Option<Time>,
}
