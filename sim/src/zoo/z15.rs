//! Z15, Juju in July 2020: two partial updates of one entity do not commute. A workload's status, told second, overwrote the error
//! that was told first.
//!
//! It is the backing's bug: an entity has a flag and a status. Told of once, it is read whole. Told of twice before it is read, it is
//! updated twice, and the second update begins with the flag that the first began with, too.

use std::collections::BTreeMap;
use std::sync::Arc;

use multiwatcher::machine::{EntityId, Input, Output, Read, Time};
use multiwatcher::testing::Val;

use super::real::Real;
use super::with::Twist;

/// The bug.
#[derive(Debug, Default)]
pub(super) struct Z15 {
    /// How often each id was told of since it was read.
    told: BTreeMap<EntityId, u32>,
}

impl Twist for Z15 {
    fn hear(&mut self, real: &mut Real, now: Time, mut input: Input<Val>) {
        match &mut input {
            Input::Notice { generation, ids } if *generation == real.machine().generation() => {
                ids.iter().for_each(|id| *self.told.entry(id.clone()).or_default() += 1);
            }
            Input::Fetched { generation, step, .. } if *generation == real.machine().generation() => {
                for (id, answer) in &mut step.entities {
                    self.update(real, id, answer);
                }
            }
            Input::Watch { .. }
            | Input::Resume { .. }
            | Input::Next { .. }
            | Input::TryNext { .. }
            | Input::DropCall { .. }
            | Input::Progress { .. }
            | Input::Stop { .. }
            | Input::Subscribed { .. }
            | Input::Staged { .. }
            | Input::LoadDone { .. }
            | Input::Notice { .. }
            | Input::Mark { .. }
            | Input::Step { .. }
            | Input::Fetched { .. }
            | Input::Failed { .. }
            | Input::Timeout
            | Input::Kill { .. } => {}
        }
        real.hear(now, input);
    }

    fn output(&mut self, _: &mut Real, _: Time, output: Output) -> Option<Output> {
        if let Output::Unsubscribe { .. } = output {
            self.told.clear();
        }
        Some(output)
    }
}

impl Z15 {
    fn update(&mut self, real: &Real, id: &EntityId, answer: &mut Read<Val>) {
        let told = self.told.remove(id).unwrap_or_default();
        let known = real.machine().entities().find(|(known, _)| *known == id);
        if told > 1
            && let (Read::Value(value), Some((_, before))) = (answer, known)
        {
            *value = Arc::new(status_of(**value) + flag_of(**before));
        }
    }
}

/// Values count from one: the flag is what an even one has and the odd one below it has not.
fn flag_of(value: Val) -> Val {
    Val::from(value.is_multiple_of(2))
}

fn status_of(value: Val) -> Val {
    value - flag_of(value)
}
