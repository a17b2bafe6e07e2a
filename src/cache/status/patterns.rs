//! Which parts of a model a status is asked of.

use core::error::Error;
use core::fmt;
use std::collections::BTreeSet;

use glob::{MatchOptions, Pattern};

use crate::cache::CachedModel;
use crate::cache::entities::{Machine, Unit};

/// Patterns such as `redis`, `redis/*`, `0`, `web*`, `blocked`. Upper and lower case are the same; `*` and `?` stand for anything
/// but a slash.
///
/// A pattern finds machines by id, applications and units by name, and machines and units by a word of their status. With an
/// application come all its units; with a machine what is on it; with a unit its machine, its principal and its subordinates.
#[derive(Debug, Clone, Default)]
pub struct Patterns {
    patterns: Vec<Pattern>,
}

/// A text that is no pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternError {
    pattern: String,
    problem: &'static str,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected a pattern such as web*, got {:?}: {}", self.pattern, self.problem)
    }
}

impl Error for PatternError {}

const OPTIONS: MatchOptions =
    MatchOptions { case_sensitive: false, require_literal_separator: true, require_literal_leading_dot: false };

impl Patterns {
    /// Everything.
    pub fn all() -> Self {
        Self::default()
    }

    /// What one of these finds; everything if there are none.
    pub fn new<P: AsRef<str>>(patterns: impl IntoIterator<Item = P>) -> Result<Self, PatternError> {
        let read = |text: P| {
            Pattern::new(text.as_ref())
                .map_err(|error| PatternError { pattern: text.as_ref().to_owned(), problem: error.msg })
        };
        Ok(Self { patterns: patterns.into_iter().map(read).collect::<Result<_, _>>()? })
    }

    fn is_all(&self) -> bool {
        self.patterns.is_empty()
    }

    pub(super) fn find(&self, text: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches_with(text, OPTIONS))
    }

    /// What of the model is shown; `None` for everything.
    pub(super) fn choose<'a>(&self, model: &'a CachedModel) -> Option<Chosen<'a>> {
        if self.is_all() {
            return None;
        }
        let mut chosen = Chosen::default();
        for machine in model.machines().filter(|machine| self.finds_machine(machine)) {
            chosen.add_machine(&machine.id);
            model.units_on(&machine.id).for_each(|unit| chosen.add_unit(model, unit));
        }
        for unit in model.units().filter(|unit| self.finds_unit(unit)) {
            chosen.add_unit(model, unit);
        }
        let named = model.applications().map(|application| &*application.name).filter(|name| self.find(name));
        chosen.applications.extend(named);
        for name in model.remote_applications().map(|application| &*application.name).filter(|name| self.find(name)) {
            chosen.applications.insert(name);
        }
        Some(chosen)
    }

    fn finds_machine(&self, machine: &Machine) -> bool {
        [&machine.id, &machine.agent_status.current, &machine.instance_status.current]
            .into_iter()
            .any(|it| self.find(it))
    }

    fn finds_unit(&self, unit: &Unit) -> bool {
        let words = [&unit.name, &unit.application, &unit.agent_status.current, &unit.workload_status.current];
        words.into_iter().any(|word| self.find(word))
    }
}

/// What a status shows.
#[derive(Debug, Default)]
pub(super) struct Chosen<'a> {
    /// With the hosts of containers.
    pub(super) machines: BTreeSet<&'a str>,
    pub(super) applications: BTreeSet<&'a str>,
    pub(super) units: BTreeSet<&'a str>,
}

impl<'a> Chosen<'a> {
    /// A unit, with all that it does not make sense without.
    fn add_unit(&mut self, model: &'a CachedModel, unit: &'a Unit) {
        let principal = model.principal_of(unit);
        if self.add_alone(model, unit) {
            principal.into_iter().for_each(|principal| self.add_unit(model, principal));
            let beside: Vec<_> = model.subordinates_of(&unit.name).collect();
            beside.into_iter().for_each(|subordinate| {
                self.add_alone(model, subordinate);
            });
        }
    }

    /// Whether it was not there.
    fn add_alone(&mut self, model: &'a CachedModel, unit: &'a Unit) -> bool {
        self.applications.insert(&unit.application);
        if let Some(machine) = model.machine_of(unit) {
            self.add_machine(&machine.id);
        }
        self.units.insert(&unit.name)
    }

    fn add_machine(&mut self, id: &'a str) {
        let mut id = id;
        while self.machines.insert(id) {
            // `0/lxd/1` is on `0`.
            let Some((host, _)) = id.rsplit_once('/').and_then(|(rest, _)| rest.rsplit_once('/')) else { return };
            id = host;
        }
    }
}
