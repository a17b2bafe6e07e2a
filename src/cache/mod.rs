//! The model cache: typed entities of the twelve kinds, and a replica of all models that one multiwatcher keeps current.

pub mod entities;
