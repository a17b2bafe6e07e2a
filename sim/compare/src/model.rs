//! The model: a store of two entities, watchers with a cursor each, and the bugs that can be planted. Whoever drives it checks a reader
//! with [`View`].

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// Nothing.
    None,
    /// Holders are counted per entity.
    Z1,
    /// An entity that is put again with the value of its tombstone is ignored.
    Z3,
    /// The cursor moves, then there is an await. Whoever drives the model puts it there.
    Z26,
}

/// How many entities there are.
pub const IDS: usize = 2;
/// Commits of a run.
pub const COMMITS: usize = 8;
/// Calls of each reader.
pub const ROUNDS: usize = 6;
/// The values by id.
pub type State = [Option<u8>; IDS];

/// The store.
#[derive(Debug, Clone)]
pub struct Store {
    pub bug: Bug,
    revno: u64,
    entities: [Entity; IDS],
    /// The cursor of each watcher; `None` before its first batch.
    watchers: BTreeMap<u64, Option<u64>>,
    truth: State,
}

#[derive(Debug, Clone, Default)]
struct Entity {
    /// The value, or the last one.
    value: u8,
    alive: bool,
    /// There is an entry: it is alive, or a tombstone.
    known: bool,
    changed: u64,
    /// From which revno to which it was alive, the last one excluded; the oldest first.
    lives: Vec<(u64, u64)>,
    /// What stands there instead if holders are counted.
    born: u64,
    holders: i64,
}

/// What a watcher is told: a value, or that the id is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    pub revno: u64,
    pub deltas: Vec<(usize, u64, Option<u8>, u8)>,
    /// What the view must then be.
    pub truth: State,
}

/// The fold of a reader's batches.
#[derive(Debug, Clone, Default)]
pub struct View(State);

impl Store {
    pub fn new(bug: Bug) -> Self {
        let entities = std::array::from_fn(|_| Entity::default());
        Self { bug, revno: 0, entities, watchers: BTreeMap::new(), truth: [None; IDS] }
    }

    pub fn open(&mut self, watcher: u64) {
        self.watchers.insert(watcher, None);
    }

    pub fn stop(&mut self, watcher: u64) {
        self.watchers.remove(&watcher);
    }

    pub fn revno(&self) -> u64 {
        self.revno
    }

    pub fn state(&self) -> State {
        std::array::from_fn(|id| self.entities[id].alive.then_some(self.entities[id].value))
    }

    pub fn watchers(&self) -> usize {
        self.watchers.len()
    }

    /// A step: what these ids are worth. Returns whether anything changed.
    pub fn apply(&mut self, changes: &[(usize, Option<u8>)]) -> bool {
        let revno = self.revno + 1;
        let mut changed = false;
        for &(id, value) in changes {
            self.truth[id] = value;
            changed |= match value {
                Some(value) => self.put(id, value, revno),
                None => self.remove(id, revno),
            };
        }
        self.revno += u64::from(changed);
        changed
    }

    fn put(&mut self, id: usize, value: u8, revno: u64) -> bool {
        let tombstone = self.entities[id].known && !self.entities[id].alive && self.is_pinned(id);
        let entity = &mut self.entities[id];
        if entity.alive && entity.value == value || tombstone && self.bug == Bug::Z3 && entity.value == value {
            return false;
        }
        if !entity.alive {
            // Counting holders, the entry of the tombstone lives on, with all that was counted.
            if !(self.bug == Bug::Z1 && entity.known) {
                (entity.born, entity.holders) = (revno, 0);
            }
            entity.lives.push((revno, u64::MAX));
        }
        (entity.alive, entity.known, entity.value, entity.changed) = (true, true, value, revno);
        true
    }

    fn remove(&mut self, id: usize, revno: u64) -> bool {
        let bug = self.bug;
        let entity = &mut self.entities[id];
        let changed = entity.alive;
        if changed {
            (entity.alive, entity.changed) = (false, revno);
            entity.lives.last_mut().expect("it was alive").1 = revno;
            entity.known = bug != Bug::Z1 || entity.holders > 0;
        }
        changed
    }

    /// Whether a watcher holds what is dead.
    fn is_pinned(&self, id: usize) -> bool {
        self.watchers.values().flatten().any(|cursor| self.entities[id].was_alive(*cursor))
    }

    /// What the watcher has not been told.
    pub fn pending(&self, watcher: u64) -> Option<Batch> {
        let cursor = *self.watchers.get(&watcher)?;
        let since = cursor.unwrap_or(0);
        let mut deltas = Vec::new();
        for (id, entity) in self.entities.iter().enumerate().filter(|(_, entity)| entity.changed > since) {
            if entity.alive {
                deltas.push((id, entity.changed, Some(entity.value), entity.value));
                continue;
            }
            let held = match self.bug {
                Bug::Z1 => entity.known && entity.born <= since,
                Bug::None | Bug::Z3 | Bug::Z26 => entity.was_alive(since),
            };
            if held && cursor.is_some() {
                deltas.push((id, entity.changed, None, entity.value));
            }
        }
        if deltas.is_empty() && cursor.is_some() {
            return None;
        }
        deltas.sort_by_key(|(id, changed, ..)| (*changed, *id));
        Some(Batch { revno: self.revno, deltas, truth: self.truth })
    }

    /// Takes it, which moves the cursor.
    pub fn take(&mut self, watcher: u64) -> Option<Batch> {
        let batch = self.pending(watcher)?;
        let since = self.watchers.insert(watcher, Some(self.revno)).flatten().unwrap_or(0);
        if self.bug == Bug::Z1 {
            for entity in self.entities.iter_mut().filter(|entity| entity.known && entity.changed > since) {
                if entity.born > since {
                    entity.holders += i64::from(entity.alive);
                } else if !entity.alive {
                    entity.holders -= 1;
                    entity.known = entity.holders > 0;
                }
            }
        }
        Some(batch)
    }
}

impl Entity {
    fn was_alive(&self, revno: u64) -> bool {
        self.lives.iter().any(|(born, died)| (*born..*died).contains(&revno))
    }
}

impl View {
    /// Folds a batch in; `Err` if it is not what it should be.
    pub fn fold(&mut self, batch: &Batch) -> Result<(), String> {
        for (id, _, value, _) in &batch.deltas {
            if value.is_none() && self.0[*id].is_none() {
                return Err(format!("{id} is told as removed and was never held"));
            }
            self.0[*id] = *value;
        }
        if self.0 == batch.truth { Ok(()) } else { Err(format!("{:?}, expected {:?}", self.0, batch.truth)) }
    }

    /// Whether it is all there is.
    pub fn is(&self, truth: State) -> bool {
        self.0 == truth
    }
}

impl Store {
    /// What everybody must hold in the end.
    pub fn truth(&self) -> State {
        self.truth
    }
}

/// Waits once, and is woken at once.
#[derive(Debug, Default)]
pub struct Pause(bool);

impl Future for Pause {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
