//! Long texts: what is promised, and how the parts work together. Nothing but documentation lives here.

pub mod inside;
pub mod promises;
