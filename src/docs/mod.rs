//! Long texts: what is promised, and how the parts work together. Nothing but documentation lives here.

#[cfg(feature = "driver")]
pub mod driver;
pub mod inside;
pub mod promises;
