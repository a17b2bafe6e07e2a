//! Z11, found in Juju's worker: two pending calls of one watcher are served last in, first out.
//!
//! When the machine wakes a watcher's call because there is something to take, its newest call takes that one's place in line.

use multiwatcher::machine::{Output, Time};

use super::real::Real;
use super::with::Twist;

/// The bug.
#[derive(Debug, Default)]
pub(super) struct Z11;

impl Twist for Z11 {
    fn output(&mut self, real: &mut Real, now: Time, output: Output) -> Option<Output> {
        let Output::Wake { call: head } = output else { return Some(output) };
        let newest = real.call(head).filter(|call| real.progress(now, call.watcher).is_ok());
        let newest = newest.and_then(|call| real.line(call.watcher).pop());
        let newest = newest.map_or(head, |call| call.outer);
        real.exchange(head, newest);
        Some(Output::Wake { call: newest })
    }
}
