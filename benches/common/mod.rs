//! What the benchmarks share: the entity, a machine full of them, dice, a clock and a table.

#![allow(dead_code, reason = "no benchmark uses all of it")]

pub(crate) mod clock;
pub(crate) mod dice;
pub(crate) mod entity;
pub(crate) mod table;
pub(crate) mod world;
