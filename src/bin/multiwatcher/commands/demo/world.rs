//! A small world that lives: machines come and go, units start, work, fail and recover. What happens follows from the seed
//! alone.

use std::collections::BTreeMap;

use multiwatcher::backing::Json;
use multiwatcher::{EntityId, ModelId};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde_json::json;

use crate::database::Change;

/// The models and the names they are shown by.
pub(super) const MODELS: [(&str, ModelId); 2] =
    [("green", ModelId::from_u128(0x9e3e)), ("blue", ModelId::from_u128(0xb1e0))];

const APPLICATIONS: [&str; 3] = ["mysql", "nginx", "redis"];
/// More units of one model are not begun.
const MOST: usize = 6;

/// What a unit goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    Starting,
    Active,
    Failing,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Unit {
    application: &'static str,
    number: u32,
    machine: u32,
    life: Life,
}

/// One model of it.
#[derive(Debug, Default)]
struct Model {
    units: Vec<Unit>,
    machines: u32,
    /// How many units of each application there ever were.
    numbers: BTreeMap<&'static str, u32>,
}

/// The world.
pub(super) struct World {
    random: ChaCha8Rng,
    models: [Model; MODELS.len()],
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        Self { random: ChaCha8Rng::seed_from_u64(seed), models: Default::default() }
    }

    /// Something happens: in words, and as one transaction.
    pub(super) fn step(&mut self) -> (String, Vec<Change>) {
        let place = self.below(MODELS.len());
        let units = self.models[place].units.len();
        let what = self.below(10);
        if units < 2 || (what < 3 && units < MOST) {
            self.deploy(place)
        } else if what < 5 {
            self.retire(place)
        } else {
            self.live(place)
        }
    }

    fn deploy(&mut self, place: usize) -> (String, Vec<Change>) {
        let application = APPLICATIONS[self.below(APPLICATIONS.len())];
        let (name, id) = MODELS[place];
        let model = &mut self.models[place];
        let number = model.numbers.entry(application).or_default();
        let unit = Unit { application, number: *number, machine: model.machines, life: Life::Starting };
        *number += 1;
        model.machines += 1;
        let machine = (EntityId::new("machine", id, unit.machine.to_string()), Some(json_of(&json!({ "up": true }))));
        let said = format!("{name}: {} is deployed on machine {}", unit.name(), unit.machine);
        let changes = vec![machine, unit.change(id)];
        model.units.push(unit);
        (said, [changes, vec![self.application(place, application)]].concat())
    }

    fn retire(&mut self, place: usize) -> (String, Vec<Change>) {
        let at = self.below(self.models[place].units.len());
        let unit = self.models[place].units.remove(at);
        let (name, id) = MODELS[place];
        let said = format!("{name}: {} and machine {} go", unit.name(), unit.machine);
        let gone = [("unit", unit.name()), ("machine", unit.machine.to_string())];
        let mut changes: Vec<Change> = gone.iter().map(|(kind, gone)| (EntityId::new(*kind, id, gone), None)).collect();
        changes.push(self.application(place, unit.application));
        (said, changes)
    }

    fn live(&mut self, place: usize) -> (String, Vec<Change>) {
        let (at, fails) = (self.below(self.models[place].units.len()), self.below(2) == 0);
        let (name, id) = MODELS[place];
        let unit = &mut self.models[place].units[at];
        let (life, does) = match unit.life {
            Life::Starting => (Life::Active, "is up"),
            Life::Active if fails => (Life::Failing, "fails"),
            Life::Active => (Life::Starting, "is upgraded"),
            Life::Failing => (Life::Active, "recovers"),
        };
        unit.life = life;
        (format!("{name}: {} {does}", unit.name()), vec![unit.change(id)])
    }

    /// An application is there as long as it has units.
    fn application(&self, place: usize, application: &'static str) -> Change {
        let units = self.models[place].units.iter().filter(|unit| unit.application == application).count();
        let value = (units > 0).then(|| json_of(&json!({ "units": units })));
        (EntityId::new("application", MODELS[place].1, application), value)
    }

    /// A number below `n`.
    fn below(&mut self, n: usize) -> usize {
        ((u64::from(self.random.next_u32()) * n as u64) >> 32) as usize
    }
}

impl Unit {
    fn name(&self) -> String {
        format!("{}/{}", self.application, self.number)
    }

    fn change(&self, model: ModelId) -> Change {
        let status = match self.life {
            Life::Starting => "starting",
            Life::Active => "active",
            Life::Failing => "error",
        };
        (EntityId::new("unit", model, self.name()), Some(json_of(&json!({ "status": status }))))
    }
}

fn json_of(value: &serde_json::Value) -> Json {
    Json::of(value).expect("a JSON value is JSON")
}
