//! Entities in the order of their latest change: dense, so that a long walk reads memory in sequence.
//!
//! A changed entity leaves a hole behind and goes to the end. Cells live in chunks of bounded size; a chunk that has become
//! mostly holes is folded into its neighbour, so no operation moves more than a chunk's worth of cells and a walk meets at most
//! a few holes per entity.

use derive_where::derive_where;

use super::super::delta::{Change, Delta};
use super::super::numbers::Revno;
use super::Slot;

const CHUNK: usize = 128;
/// A chunk with no more live cells than this is folded into a neighbour...
const SPARSE: u32 = 32;
/// ...if both together hold at most this many.
const FOLDED: u32 = 96;
const NONE: u32 = u32::MAX;

/// Where an entity stands in one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::machine) struct Place(u32);

impl Place {
    pub(super) const NOWHERE: Self = Self(NONE);

    fn new(chunk: u32, cell: usize) -> Self {
        debug_assert!(cell < CHUNK, "a chunk has no more cells");
        Self(to_u32(chunk as usize * CHUNK + cell))
    }

    const fn chunk(self) -> usize {
        self.0 as usize / CHUNK
    }

    const fn cell(self) -> usize {
        self.0 as usize % CHUNK
    }
}

#[derive(Debug)]
#[derive_where(Clone)]
pub(in crate::machine) struct Cell<V> {
    pub(in crate::machine) revno: Revno,
    pub(in crate::machine) slot: Slot,
    /// Whether it is a tombstone; here so that a walk need not look into the record.
    pub(in crate::machine) removed: bool,
    /// `None` is a hole.
    pub(in crate::machine) delta: Option<Delta<V>>,
}

#[derive(Debug)]
#[derive_where(Clone)]
struct Chunk<V> {
    cells: Vec<Cell<V>>,
    live: u32,
    prev: u32,
    next: u32,
}

#[derive(Debug)]
#[derive_where(Clone)]
pub(in crate::machine) struct RevnoOrder<V> {
    chunks: Vec<Chunk<V>>,
    free: Vec<u32>,
    head: u32,
    tail: u32,
}

impl<V> RevnoOrder<V> {
    pub(super) const fn new() -> Self {
        Self { chunks: Vec::new(), free: Vec::new(), head: NONE, tail: NONE }
    }

    /// Appends the newest change; `revno` is at least that of every cell before it.
    pub(super) fn push(&mut self, slot: Slot, delta: Delta<V>) -> Place {
        let revno = delta.revno();
        if self.tail == NONE || self.chunks[self.tail as usize].cells.len() == CHUNK {
            self.add_chunk();
        }
        let chunk = &mut self.chunks[self.tail as usize];
        debug_assert!(
            chunk.cells.last().is_none_or(|last| last.revno <= revno),
            "ordered: the newest change goes last"
        );
        let removed = delta.change() == Change::Removed;
        chunk.cells.push(Cell { revno, slot, removed, delta: Some(delta) });
        chunk.live += 1;
        Place::new(self.tail, chunk.cells.len() - 1)
    }

    /// Takes an entity out. `moved` learns the new places of others that had to move.
    pub(super) fn remove(&mut self, place: Place, moved: impl FnMut(Slot, Place)) -> Delta<V> {
        let at = to_u32(place.chunk());
        let chunk = &mut self.chunks[place.chunk()];
        let delta =
            chunk.cells[place.cell()].delta.take().expect("a placed entity has a cell, and a cell has one entity");
        chunk.live -= 1;
        if chunk.live == 0 {
            self.drop_chunk(at);
        } else if at == self.tail {
            while chunk.cells.last().is_some_and(|last| last.delta.is_none()) {
                chunk.cells.pop();
            }
        } else if chunk.live <= SPARSE {
            self.fold(at, moved);
        }
        delta
    }

    /// Reads a cell, so that a cold one is on its way from memory before it is taken out.
    #[inline]
    pub(super) fn touch(&self, place: Place) -> u64 {
        self.revno_at(place).map_or(0, |revno| revno.0)
    }

    /// The revno of the cell at a place; none for [`Place::NOWHERE`].
    #[inline]
    pub(super) fn revno_at(&self, place: Place) -> Option<Revno> {
        let cell = self.chunks.get(place.chunk())?.cells.get(place.cell())?;
        Some(cell.revno)
    }

    /// Every cell, holes included, of changes after `cursor`, oldest first, in pieces that are contiguous in memory.
    pub(in crate::machine) fn after(&self, cursor: Revno) -> impl Iterator<Item = &[Cell<V>]> {
        let (mut at, mut from) = self.first_after(cursor);
        core::iter::from_fn(move || {
            let chunk = self.chunks.get(at as usize)?;
            let piece = &chunk.cells[from..];
            (at, from) = (chunk.next, 0);
            Some(piece)
        })
    }

    /// Every cell, holes included, from the newest change to the oldest.
    pub(in crate::machine) fn newest_first(&self) -> impl Iterator<Item = &Cell<V>> {
        let mut at = self.tail;
        core::iter::from_fn(move || {
            let chunk = self.chunks.get(at as usize)?;
            at = chunk.prev;
            Some(chunk.cells.iter().rev())
        })
        .flatten()
    }

    fn first_after(&self, cursor: Revno) -> (u32, usize) {
        let newer =
            |at: u32| at != NONE && self.chunks[at as usize].cells.last().is_some_and(|last| last.revno > cursor);
        if !newer(self.tail) {
            return (NONE, 0);
        }
        let mut at = self.tail;
        while newer(self.chunks[at as usize].prev) {
            at = self.chunks[at as usize].prev;
        }
        (at, self.chunks[at as usize].cells.partition_point(|cell| cell.revno <= cursor))
    }

    fn add_chunk(&mut self) {
        let chunk = Chunk { cells: Vec::new(), live: 0, prev: self.tail, next: NONE };
        let at = match self.free.pop() {
            Some(at) => {
                let cells = core::mem::take(&mut self.chunks[at as usize].cells);
                self.chunks[at as usize] = Chunk { cells, ..chunk };
                at
            }
            None => {
                self.chunks.push(chunk);
                to_u32(self.chunks.len() - 1)
            }
        };
        match self.tail {
            NONE => self.head = at,
            tail => self.chunks[tail as usize].next = at,
        }
        self.tail = at;
    }

    fn drop_chunk(&mut self, at: u32) {
        let chunk = &mut self.chunks[at as usize];
        chunk.cells.clear();
        let (prev, next) = (chunk.prev, chunk.next);
        match prev {
            NONE => self.head = next,
            prev => self.chunks[prev as usize].next = next,
        }
        match next {
            NONE => self.tail = prev,
            next => self.chunks[next as usize].prev = prev,
        }
        self.free.push(at);
    }

    /// Joins a sparse chunk with a neighbour that has room; never the tail, which is still filling.
    fn fold(&mut self, at: u32, mut moved: impl FnMut(Slot, Place)) {
        let Chunk { live, prev, next, .. } = self.chunks[at as usize];
        let fits = |other: u32| other != NONE && self.chunks[other as usize].live + live <= FOLDED;
        let (left, right) = if fits(prev) {
            (prev, at)
        } else if next != self.tail && fits(next) {
            (at, next)
        } else {
            return;
        };
        let mut cells = core::mem::take(&mut self.chunks[left as usize].cells);
        cells.retain(|cell| cell.delta.is_some());
        cells.extend(self.chunks[right as usize].cells.drain(..).filter(|cell| cell.delta.is_some()));
        for (index, cell) in cells.iter().enumerate() {
            moved(cell.slot, Place::new(left, index));
        }
        self.chunks[left as usize].live = to_u32(cells.len());
        self.chunks[left as usize].cells = cells;
        self.drop_chunk(right);
    }

    /// The live cells with their places, oldest first; for checks.
    pub(in crate::machine) fn places(&self) -> impl Iterator<Item = (Place, &Cell<V>)> {
        let mut at = self.head;
        core::iter::from_fn(move || {
            let index = at;
            let chunk = self.chunks.get(index as usize)?;
            at = chunk.next;
            let placed = chunk.cells.iter().enumerate().map(move |(i, cell)| (Place::new(index, i), cell));
            Some(placed.filter(|(_, cell)| cell.delta.is_some()))
        })
        .flatten()
    }
}

fn to_u32(index: usize) -> u32 {
    u32::try_from(index).expect("an order has fewer than 2^32 cells")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::super::super::entity::{EntityId, ModelId};
    use super::*;

    fn delta(slot: Slot, revno: u64) -> Delta<u32> {
        let id = EntityId::new("unit", ModelId::from_u128(1), slot.0.to_string());
        Delta::new(id, Revno(revno), Change::Changed, Arc::new(0))
    }

    fn walk(order: &RevnoOrder<u32>, cursor: u64) -> Vec<u64> {
        order.after(Revno(cursor)).flatten().filter(|cell| cell.delta.is_some()).map(|cell| cell.revno.0).collect()
    }

    /// Updates entities in a scrambled order and compares walks, places and density with a map.
    #[test]
    fn a_walk_gives_what_changed_after_the_cursor_whatever_was_folded_before() {
        let mut order = RevnoOrder::new();
        let mut places: BTreeMap<Slot, (Place, u64)> = BTreeMap::new();
        let mut state = 1u64;
        for revno in 1..20_000u64 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let slot = Slot(u32::try_from((state >> 33) % 1000).unwrap());
            if let Some((place, _)) = places.remove(&slot) {
                let mut moves = Vec::new();
                order.remove(place, |slot, place| moves.push((slot, place)));
                for (slot, place) in moves {
                    places.get_mut(&slot).expect("only entities in the order move").0 = place;
                }
            }
            if state >> 60 != 0 {
                places.insert(slot, (order.push(slot, delta(slot, revno)), revno));
            }
            if revno % 997 == 0 {
                for cursor in [0, revno / 2, revno - 10, revno] {
                    let mut expected: Vec<_> = places.values().map(|&(_, at)| at).filter(|&at| at > cursor).collect();
                    expected.sort_unstable();
                    assert_eq!(walk(&order, cursor), expected);
                }
                let cells: usize = order.after(Revno(0)).map(<[_]>::len).sum();
                assert!(cells <= 4 * places.len() + 2 * CHUNK, "{cells} cells for {} entities", places.len());
                assert!(order.places().all(|(place, cell)| places[&cell.slot].0 == place));
            }
        }
    }

    #[test]
    fn an_id_that_changes_alone_leaves_no_holes() {
        let mut order = RevnoOrder::new();
        order.push(Slot(0), delta(Slot(0), 1));
        let mut place = order.push(Slot(1), delta(Slot(1), 2));
        for revno in 3..1000 {
            order.remove(place, |_, _| {});
            place = order.push(Slot(1), delta(Slot(1), revno));
        }
        assert_eq!(order.after(Revno(0)).map(<[_]>::len).sum::<usize>(), 2);
    }
}
