//! A reader's handle: what it can ask, and that asking ends when the last clone is gone.

mod batches;
mod end;
mod next;

use core::fmt;

use super::error::NextError;
use super::machine::Machine;
use super::seam::{Seam, Tokio};
use super::shared::Watched;
use super::sync::Arc;
use super::token::ResumeToken;
use super::worker::Keeper;
#[cfg(feature = "testing")]
use crate::machine::WatcherId;
use crate::machine::{Batch, Filter, Progress, ResumePoint, StoreManager};
pub use batches::Batches;
pub use end::MultiwatcherEnd;
pub use next::Next;

/// Tells one reader what changed, at the reader's own pace: everything since its last batch, once per entity.
///
/// Clones share one cursor: each batch goes to exactly one call. When the last clone is dropped it is stopped.
pub struct Multiwatcher<V, M: Machine<V> = StoreManager<V>, S: Seam = Tokio> {
    seat: Arc<Seat<V, M, S>>,
}

/// One watcher of the machine, for as long as somebody holds it.
#[derive(Debug)]
struct Seat<V, M: Machine<V>, S: Seam> {
    keeper: Arc<Keeper<V, M, S>>,
    watched: Watched,
    filter: Filter,
}

impl<V, M: Machine<V>, S: Seam> Drop for Seat<V, M, S> {
    fn drop(&mut self) {
        self.keeper.shared.stop(&self.watched);
    }
}

impl<V, M: Machine<V>, S: Seam> Multiwatcher<V, M, S> {
    pub(super) fn new(keeper: Arc<Keeper<V, M, S>>, watched: Watched, filter: Filter) -> Self {
        Self { seat: Arc::new(Seat { keeper, watched, filter }) }
    }

    /// The next batch: the whole filtered state at first, afterwards everything that changed since the last one. Waits while there is
    /// nothing. Several calls stand in line by their first poll.
    ///
    /// Cancel-safe: a call that is dropped loses and repeats nothing, whenever it is dropped.
    pub fn next(&self) -> Next<V, M, S> {
        Next::new(Arc::clone(&self.seat))
    }

    /// A batch if there is one and no call of [`next`](Self::next) waits for it; never waits.
    pub fn try_next(&self) -> Result<Option<Batch<V>>, NextError> {
        self.seat.keeper.shared.try_next(&self.seat.watched)
    }

    /// The batches as a stream; it ends with the multiwatcher, after the error if it ended otherwise than by a stop.
    pub fn batches(&self) -> Batches<V, M, S> {
        Batches::new(self.clone())
    }

    /// How far the view reaches: it equals the backing's filtered state at this position. `None` before the first batch. Never waits.
    pub fn progress(&self) -> Result<Option<Progress>, NextError> {
        self.seat.keeper.shared.progress(&self.seat.watched)
    }

    /// What to come back with after this multiwatcher is gone, so that the batches that follow continue those it was told. `None`
    /// before the first batch. Never waits.
    pub fn resume_token(&self) -> Result<Option<ResumeToken>, NextError> {
        let Seat { keeper, watched, filter } = &*self.seat;
        Ok(keeper.shared.progress(watched)?.map(|Progress { revno, position, backing, exact, .. }| {
            let point = ResumePoint { epoch: keeper.shared.epoch, revno, position, backing, exact };
            ResumeToken::new(point, filter.clone())
        }))
    }

    /// Which watcher of the machine it is.
    #[cfg(feature = "testing")]
    pub fn watcher(&self) -> WatcherId {
        self.seat.watched.id
    }

    /// What it sees.
    pub fn filter(&self) -> &Filter {
        &self.seat.filter
    }

    /// Stops it, for all its clones. When this returns it *is* stopped: no poll that begins afterwards yields a batch, and every
    /// pending call has its answer, [`NextError::Stopped`], and is woken. There is nothing to wait for.
    pub fn stop(&self) {
        self.seat.keeper.shared.stop(&self.seat.watched);
    }

    /// The same as [`stop`](Self::stop), under the name that workers have for it.
    pub fn kill(&self) {
        self.stop();
    }

    /// Waits until it has ended, and says why. It takes no batch.
    pub fn wait(&self) -> MultiwatcherEnd<V, M, S> {
        MultiwatcherEnd::new(Arc::clone(&self.seat))
    }
}

impl<V, M: Machine<V>, S: Seam> Clone for Multiwatcher<V, M, S> {
    fn clone(&self) -> Self {
        Self { seat: Arc::clone(&self.seat) }
    }
}

impl<V, M: Machine<V>, S: Seam> fmt::Debug for Multiwatcher<V, M, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Seat { watched, filter, .. } = &*self.seat;
        f.debug_struct("Multiwatcher").field("watcher", &watched.id).field("filter", filter).finish_non_exhaustive()
    }
}
