//! Entities as lines of JSON, and the whole state of a backing at one moment.

mod line;
mod state;

pub(crate) use line::{EntityLine, one_line};
pub(crate) use state::{give_up, pause, whole};
