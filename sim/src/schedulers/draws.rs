//! What several schedulers draw. Who moves is no matter of this file.

use multiwatcher::testing::{Choices, Party, Stream};

use super::PartySet;

/// One of a list.
pub(super) fn one_of(list: &[u32], choices: &mut impl Choices) -> u32 {
    list[choices.below(Stream::Schedule, below_u32(list.len())) as usize]
}

/// The numbers of these parties in a random order, and zeros behind them: each is put in a random place among those before it.
pub(super) fn shuffled(parties: PartySet, choices: &mut impl Choices) -> [u8; Party::COUNT] {
    let mut order = [0u8; Party::COUNT];
    for (count, index) in parties.indexes().enumerate() {
        let place = choices.below(Stream::Schedule, below_u32(count + 1)) as usize;
        order[count] = order[place];
        order[place] = small(index);
    }
    order
}

#[expect(clippy::cast_possible_truncation, reason = "a dozen parties and a depth of three")]
pub(super) fn small(value: usize) -> u8 {
    value as u8
}

#[expect(clippy::cast_possible_truncation, reason = "a dozen parties")]
fn below_u32(value: usize) -> u32 {
    value as u32
}
