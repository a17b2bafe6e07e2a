//! Models of the lock-and-waker protocol, for loom: every order in which a few threads can take the lock and call the wakers.
//!
//! One file per question. Each model drives the driver's own code and ends in an assertion. Beside it stand its broken twins, each
//! with one part wrong, which must be caught: a model whose twin passes asks nothing. They run with
//! `RUSTFLAGS="--cfg multiwatcher_loom" cargo test --lib --target-dir target/loom driver::models`.

mod ahead;
mod bent;
mod change;
mod clones;
mod common;
mod dropped;
mod end;
mod factory;
mod help;
mod kill;
mod last;
mod line;
mod look;
mod moved;
mod opening;
mod panic;
mod repoll;
mod resume;
mod stop;
mod told;
mod wait;
