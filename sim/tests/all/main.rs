//! The tests of the simulator from the outside, in one program: each of many would link the whole simulator anew. `short` is a
//! program of its own, for mutation testing builds and runs it alone.

mod commands;
mod common;
mod corpus;
mod driven_faults;
mod explain;
mod explore;
mod juju;
mod net;
mod page;
mod picture;
mod prints;
mod ready_canary;
mod ready_clean;
mod ready_driver;
mod runs;
mod saturation;
mod scenarios;
mod shrinking;
mod table;
mod waiting;
mod zoo;
