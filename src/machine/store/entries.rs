//! The room in which entries lie: in chunks that do not move, so that a growing store never copies more than one chunk.
//!
//! Slots are small, stable while the entry exists, and reused in a fixed order. What an entry means is no matter here.

use core::ops::{Index, IndexMut};

use super::Slot;

/// Places per chunk, as a power of two: a slot is the chunk's number, then the place in it.
const CHUNK_BITS: u32 = 10;
const CHUNK: usize = 1 << CHUNK_BITS;

/// Entries by slot. A freed slot is the next to be used again.
#[derive(Debug, Clone)]
pub(super) struct Entries<T> {
    /// All full but the last. The first grows on its own, since many stores are small; the others are whole from the beginning.
    chunks: Vec<Vec<Room<T>>>,
    /// The slot freed last, if there is one to be used again.
    free: Option<Slot>,
    len: usize,
}

#[derive(Debug, Clone)]
enum Room<T> {
    /// Nothing; and the slot that was freed before this one and is not in use.
    Free(Option<Slot>),
    Taken(T),
}

impl<T> Entries<T> {
    pub(super) const fn new() -> Self {
        Self { chunks: Vec::new(), free: None, len: 0 }
    }

    /// How many there are.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) fn insert(&mut self, entry: T) -> Slot {
        self.len += 1;
        let Some(slot) = self.free else { return self.append(entry) };
        let room = &mut self.chunks[chunk(slot)][offset(slot)];
        let Room::Free(next) = *room else { unreachable!("a free slot holds nothing") };
        self.free = next;
        *room = Room::Taken(entry);
        slot
    }

    /// Takes an entry out. Its slot may name another one from here on.
    pub(super) fn remove(&mut self, slot: Slot) -> T {
        let room = &mut self.chunks[chunk(slot)][offset(slot)];
        match core::mem::replace(room, Room::Free(self.free)) {
            Room::Taken(entry) => {
                self.free = Some(slot);
                self.len -= 1;
                entry
            }
            Room::Free(_) => panic!("{slot:?} is removed, and there is nothing"),
        }
    }

    pub(super) fn get(&self, slot: Slot) -> Option<&T> {
        match self.chunks.get(chunk(slot))?.get(offset(slot))? {
            Room::Taken(entry) => Some(entry),
            Room::Free(_) => None,
        }
    }

    /// All of them, by slot.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Slot, &T)> {
        self.chunks.iter().flatten().zip(0..).filter_map(|(room, slot)| match room {
            Room::Taken(entry) => Some((Slot(slot), entry)),
            Room::Free(_) => None,
        })
    }

    fn append(&mut self, entry: T) -> Slot {
        if self.chunks.last().is_none_or(|last| last.len() == CHUNK) {
            let room = if self.chunks.is_empty() { 0 } else { CHUNK };
            self.chunks.push(Vec::with_capacity(room));
        }
        let at = self.chunks.len() - 1;
        let last = &mut self.chunks[at];
        last.push(Room::Taken(entry));
        Slot(u32::try_from(at << CHUNK_BITS | (last.len() - 1)).expect("a store holds fewer than 2^32 ids"))
    }
}

impl<T> Index<Slot> for Entries<T> {
    type Output = T;

    #[inline]
    fn index(&self, slot: Slot) -> &T {
        match &self.chunks[chunk(slot)][offset(slot)] {
            Room::Taken(entry) => entry,
            Room::Free(_) => panic!("{slot:?} is read, and there is nothing"),
        }
    }
}

impl<T> IndexMut<Slot> for Entries<T> {
    #[inline]
    fn index_mut(&mut self, slot: Slot) -> &mut T {
        match &mut self.chunks[chunk(slot)][offset(slot)] {
            Room::Taken(entry) => entry,
            Room::Free(_) => panic!("{slot:?} is changed, and there is nothing"),
        }
    }
}

fn chunk(slot: Slot) -> usize {
    (slot.0 >> CHUNK_BITS) as usize
}

fn offset(slot: Slot) -> usize {
    slot.0 as usize % CHUNK
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use slab::Slab;

    use super::super::Entry;
    use super::*;

    #[test]
    fn an_entry_is_three_words() {
        assert_eq!(size_of::<Room<Entry<String>>>(), 24, "more of them stay in the cache, the smaller they are");
    }

    /// Entries come and go in a scrambled order, over several chunks: slots and contents are those of a slab.
    #[test]
    fn slots_are_given_out_as_a_slab_does() {
        let (mut entries, mut model, mut slots) = (Entries::new(), Slab::new(), Vec::new());
        let mut state = 1u64;
        for number in 0..40_000u64 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Three quarters come at first, then as many come as go.
            let comes = (state >> 60) < if number < 10_000 { 12 } else { 8 };
            if comes || slots.is_empty() {
                let slot = entries.insert(number);
                assert_eq!(slot.0 as usize, model.insert(number));
                slots.push(slot);
            } else {
                let at = usize::try_from(state >> 33).expect("31 bits") % slots.len();
                let slot = slots.swap_remove(at);
                assert_eq!(entries.remove(slot), model.remove(slot.0 as usize));
                assert_eq!(entries.get(slot), None);
            }
            assert_eq!(entries.len(), model.len());
        }
        assert!(entries.len() > 3 * CHUNK, "{} entries do not fill several chunks", entries.len());
        let expected: BTreeMap<_, _> = model.into_iter().collect();
        assert!(entries.iter().map(|(slot, &entry)| (slot.0 as usize, entry)).eq(expected));
        assert!(entries.iter().all(|(slot, &entry)| entries[slot] == entry && entries.get(slot) == Some(&entry)));
    }

    #[test]
    fn growth_moves_nothing_but_the_first_chunk() {
        let mut entries = Entries::new();
        let mut stands: Vec<(Slot, *const usize)> = Vec::new();
        for number in 0..5 * CHUNK {
            let slot = entries.insert(number);
            if number >= CHUNK {
                stands.push((slot, &raw const entries[slot]));
            }
        }
        assert!(stands.iter().all(|&(slot, place)| &raw const entries[slot] == place));
        assert!(
            entries.chunks.iter().all(|chunk| chunk.capacity() == CHUNK),
            "a chunk has room for more than its places"
        );
    }

    #[test]
    fn a_free_slot_holds_on_to_nothing() {
        let (mut entries, value) = (Entries::new(), Arc::new(()));
        let slot = entries.insert(Arc::clone(&value));
        drop(entries.remove(slot));
        assert_eq!(Arc::strong_count(&value), 1);
        assert!(entries.get(slot).is_none() && entries.get(Slot(7)).is_none() && entries.get(Slot(u32::MAX)).is_none());
    }

    #[test]
    #[should_panic(expected = "Slot(0) is removed, and there is nothing")]
    fn a_slot_is_removed_once() {
        let mut entries = Entries::new();
        let slot = entries.insert(7);
        entries.remove(slot);
        entries.remove(slot);
    }

    #[test]
    #[should_panic(expected = "Slot(1) is read, and there is nothing")]
    fn a_free_slot_is_not_read() {
        let mut entries = Entries::new();
        let slots = [entries.insert(7), entries.insert(8)];
        entries.remove(slots[1]);
        let _ = entries[slots[1]];
    }
}
