//! Z22, Juju's model cache, latent: when the cache's multiwatcher is replaced it marks what it holds, and at the end of the next batch it
//! sweeps what is still marked. If that batch is one of the old multiwatcher, still under way, it names what changed and nothing
//! else: the rest goes, though it lives.
//!
//! Here every reader reads through a cache. The cache's multiwatcher is replaced whenever the connection to the backing is made anew. What
//! the old one had pending arrives first, then the whole state from the new one, and the reader is told how what the cache
//! holds differs from what it was told before. With the cache that ships in that place the reader hears what it hears without one.

use core::fmt::Debug;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use multiwatcher::backing::Json;
use multiwatcher::cache::{Feed, Replica, Snapshot};
use multiwatcher::machine::{Batch, Change, Delta, EntityId, Filter, Output, Time, WatcherId};
use multiwatcher::testing::{EPOCH, Val};

use super::real::Real;
use super::with::{Twist, With};
use crate::driven::Driven;
use crate::worlds::{Maker, World};

/// The bug.
pub(super) type Z22 = Cached<MarkAndSweep>;

/// Readers that read through a cache.
#[derive(Debug, Default)]
pub(super) struct Cached<C> {
    seats: BTreeMap<WatcherId, Seat<C>>,
    has_subscribed: bool,
}

/// A cache, and who reads through it.
#[derive(Debug)]
struct Seat<C> {
    filter: Filter,
    cache: C,
    /// What the reader was told.
    told: BTreeMap<EntityId, Val>,
    /// Whether a batch of the multiwatcher that was replaced is still to arrive.
    is_late: bool,
    /// Whether the next batch of the latest multiwatcher is its first: the whole state.
    is_fresh: bool,
}

/// What stands in the cache's place.
pub(super) trait Cache: Debug + Default + Send + 'static {
    /// Another multiwatcher was opened. Its first batch will be the whole state.
    fn replaced(&mut self);

    /// A batch arrives, of the latest multiwatcher or of the one before. Whether it was taken in.
    fn apply(&mut self, batch: &Batch<Val>, is_late: bool) -> bool;

    /// What it holds.
    fn held(&self) -> BTreeMap<EntityId, Val>;
}

impl<C: Cache> Twist for Cached<C> {
    /// Who comes back has read without a cache, and goes on so.
    fn watched(&mut self, watcher: WatcherId, filter: &Filter) {
        let mut cache = C::default();
        cache.replaced();
        let seat = Seat { filter: filter.clone(), cache, told: BTreeMap::new(), is_late: false, is_fresh: true };
        self.seats.insert(watcher, seat);
    }

    fn batch(&mut self, real: &Real, watcher: WatcherId, batch: Batch<Val>) -> Option<Batch<Val>> {
        let Some(seat) = self.seats.get_mut(&watcher) else { return Some(batch) };
        let is_late = core::mem::take(&mut seat.is_late);
        if !(is_late && seat.cache.apply(&batch, true)) {
            let is_fresh = core::mem::take(&mut seat.is_fresh);
            let latest = if is_fresh { seat.whole(real, &batch) } else { batch.clone() };
            seat.cache.apply(&latest, false);
        }
        Some(seat.tell(&batch))
    }

    fn stop(&mut self, real: &mut Real, now: Time, watcher: WatcherId) {
        self.seats.remove(&watcher);
        real.stop(now, watcher);
    }

    fn output(&mut self, real: &mut Real, now: Time, output: Output) -> Option<Output> {
        if matches!(output, Output::Subscribe { .. }) && core::mem::replace(&mut self.has_subscribed, true) {
            for (watcher, seat) in &mut self.seats {
                seat.is_late |= real.is_behind(now, *watcher);
                seat.is_fresh = true;
                seat.cache.replaced();
            }
        }
        Some(output)
    }
}

impl<C: Cache> Seat<C> {
    /// What a multiwatcher that is opened at the moment of this batch is told first.
    fn whole(&self, real: &Real, batch: &Batch<Val>) -> Batch<Val> {
        let entities = real.machine().entities().filter(|(id, _)| self.filter.passes(id));
        let delta =
            |(id, value): (&EntityId, &Arc<Val>)| Delta::new(id.clone(), batch.revno(), Change::Changed, value.clone());
        Batch::new(batch.revno(), batch.position(), entities.map(delta).collect())
    }

    /// What the reader is told in place of this batch: of what it names, what the cache says too, and what else became different.
    fn tell(&mut self, batch: &Batch<Val>) -> Batch<Val> {
        let held = self.cache.held();
        let told = core::mem::replace(&mut self.told, held.clone());
        let says_too = |delta: &&Delta<Val>| match delta.change() {
            Change::Changed => held.get(delta.id()) == Some(&**delta.value()),
            Change::Removed => told.contains_key(delta.id()) && !held.contains_key(delta.id()),
        };
        let mut deltas: Vec<_> = batch.deltas().iter().filter(says_too).cloned().collect();
        let said: BTreeSet<_> = deltas.iter().map(|delta| delta.id().clone()).collect();
        let at = |id: &EntityId, change, value: Val| Delta::new(id.clone(), batch.revno(), change, Arc::new(value));
        let is_new = |(id, value): &(&EntityId, &Val)| !said.contains(*id) && told.get(*id) != Some(*value);
        let is_gone = |(id, _): &(&EntityId, &Val)| !said.contains(*id) && !held.contains_key(*id);
        deltas.extend(held.iter().filter(is_new).map(|(id, value)| at(id, Change::Changed, *value)));
        deltas.extend(told.iter().filter(is_gone).map(|(id, value)| at(id, Change::Removed, *value)));
        deltas.sort_by(|one, other| (one.revno(), one.id()).cmp(&(other.revno(), other.id())));
        Batch::new(batch.revno(), batch.position(), deltas)
    }
}

/// Marks everything when its multiwatcher is replaced, and sweeps at the end of the next batch, whoever's it is.
#[derive(Debug, Default)]
pub(super) struct MarkAndSweep {
    /// What is held, and whether it is marked.
    held: BTreeMap<EntityId, (Val, bool)>,
    is_marked: bool,
}

impl Cache for MarkAndSweep {
    fn replaced(&mut self) {
        self.held.values_mut().for_each(|(_, mark)| *mark = true);
        self.is_marked = true;
    }

    fn apply(&mut self, batch: &Batch<Val>, _: bool) -> bool {
        for delta in batch.deltas() {
            match delta.change() {
                Change::Changed => self.held.insert(delta.id().clone(), (**delta.value(), false)),
                Change::Removed => self.held.remove(delta.id()),
            };
        }
        if core::mem::take(&mut self.is_marked) {
            self.held.retain(|_, (_, mark)| !*mark);
        }
        true
    }

    fn held(&self) -> BTreeMap<EntityId, Val> {
        self.held.iter().map(|(id, (value, _))| (id.clone(), *value)).collect()
    }
}

/// The cache that ships, over values that are JSON numbers.
#[derive(Debug, Default)]
struct Shipped {
    replica: Replica,
    late: Option<Feed>,
    latest: Option<Feed>,
}

impl Cache for Shipped {
    fn replaced(&mut self) {
        self.late = self.latest.replace(self.replica.open());
    }

    fn apply(&mut self, batch: &Batch<Val>, is_late: bool) -> bool {
        let Some(feed) = (if is_late { self.late } else { self.latest }) else { return false };
        let json = |value: Val| Arc::new(Json::of(&value).expect("a number is JSON"));
        let delta = |it: &Delta<Val>| Delta::new(it.id().clone(), it.revno(), it.change(), json(**it.value()));
        let batch = Batch::new(batch.revno(), batch.position(), batch.deltas().iter().map(delta).collect());
        self.replica.apply(feed, EPOCH, &batch).is_some()
    }

    fn held(&self) -> BTreeMap<EntityId, Val> {
        let held = self.replica.snapshot().into_iter().flat_map(Snapshot::entities);
        held.map(|held| (held.id().clone(), held.json().parse().expect("what was put in is a number"))).collect()
    }
}

/// The machine, read through the cache that ships: it keeps every promise.
pub fn cached() -> Maker<With> {
    Maker { world: World::Machine, make: With::bug::<Cached<Shipped>> }
}

/// The same with the shipped driver around it.
pub fn cached_driven() -> Maker<Driven<With>> {
    Maker { world: World::Driver, make: With::driven::<Cached<Shipped>> }
}
