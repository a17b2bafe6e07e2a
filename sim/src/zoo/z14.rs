//! Z14, Juju in December 2019, and others: loading and the event path are two pieces of code, and disagree on a field. What
//! was loaded differs from what the changes that lead there make.
//!
//! It is the backing's bug: an even value is the odd one below it with a field set, and the load does not read that field.

use std::sync::Arc;

use multiwatcher::machine::{Input, Read, Time};
use multiwatcher::testing::Val;

use super::real::Real;
use super::with::Twist;

/// The bug.
#[derive(Debug, Default)]
pub(super) struct Z14;

impl Twist for Z14 {
    fn hear(&mut self, real: &mut Real, now: Time, mut input: Input<Val>) {
        if let Input::Staged { reads, .. } = &mut input {
            for (_, read) in reads {
                if let Read::Value(value) = read {
                    *value = Arc::new(without_field(**value));
                }
            }
        }
        real.hear(now, input);
    }
}

/// Values count from one: 2 is 1 with the field set, 4 is 3 with it.
fn without_field(value: Val) -> Val {
    if value.is_multiple_of(2) { value - 1 } else { value }
}
