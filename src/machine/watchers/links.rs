//! Doubly linked lists through slabs: members are found, moved and taken out in O(1), and an empty list costs two words.

/// No member.
pub(in crate::machine) const NONE: u32 = u32::MAX;

#[derive(Debug, Clone, Copy)]
pub(super) struct Link {
    prev: u32,
    next: u32,
}

impl Link {
    pub(super) const LOOSE: Self = Self { prev: NONE, next: NONE };

    pub(super) fn next(self) -> u32 {
        self.next
    }

    pub(super) fn prev(self) -> u32 {
        self.prev
    }
}

/// Where the links of one kind of list lie.
pub(super) trait Links {
    fn link(&mut self, at: u32) -> &mut Link;
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Chain {
    first: u32,
    last: u32,
}

impl Chain {
    pub(super) const fn new() -> Self {
        Self { first: NONE, last: NONE }
    }

    /// A list of which only the first member is kept; good for putting in front and taking out.
    pub(super) const fn starting_at(first: u32) -> Self {
        Self { first, last: NONE }
    }

    pub(super) fn first(self) -> Option<u32> {
        (self.first != NONE).then_some(self.first)
    }

    pub(super) fn last(self) -> Option<u32> {
        (self.last != NONE).then_some(self.last)
    }

    pub(super) fn push_back(&mut self, links: &mut impl Links, at: u32) {
        self.insert_after(links, self.last, at);
    }

    /// Puts a loose member behind another; behind `NONE` is the front.
    pub(super) fn insert_after(&mut self, links: &mut impl Links, before: u32, at: u32) {
        let next = match before {
            NONE => core::mem::replace(&mut self.first, at),
            before => core::mem::replace(&mut links.link(before).next, at),
        };
        match next {
            NONE => self.last = at,
            next => links.link(next).prev = at,
        }
        *links.link(at) = Link { prev: before, next };
    }

    pub(super) fn remove(&mut self, links: &mut impl Links, at: u32) {
        let Link { prev, next } = core::mem::replace(links.link(at), Link::LOOSE);
        match prev {
            NONE => self.first = next,
            prev => links.link(prev).next = next,
        }
        match next {
            NONE => self.last = prev,
            next => links.link(next).prev = prev,
        }
    }

    /// Puts all members of `other` behind its own.
    pub(super) fn append(&mut self, links: &mut impl Links, other: &mut Self) {
        let Self { first, last } = core::mem::replace(other, Self::new());
        if first == NONE {
            return;
        }
        match self.last {
            NONE => self.first = first,
            mine => {
                links.link(mine).next = first;
                links.link(first).prev = mine;
            }
        }
        self.last = last;
    }
}
