//! Which parts of a model a status is asked of.

use core::error::Error;
use core::fmt;
use std::collections::BTreeSet;

use super::glob::Glob;
use crate::cache::CachedModel;
use crate::cache::entities::{Machine, Unit};

/// Patterns such as `redis`, `redis/*`, `0`, `web*`, `web/[0-4]`, `blocked`. The upper and lower case of a to z are the same; `*` stands
/// for any text, `?` for any letter and a class for one of its letters, but none of them for a slash. `[!a]` is any letter but `a`.
///
/// There are at most [`MOST`](Self::MOST) of them, each of at most [`LONGEST`](Self::LONGEST) bytes, and finding what a model has of them
/// takes a time that is bounded by their lengths.
///
/// A pattern finds machines by id, applications and units by name, and machines and units by a word of their status. With an
/// application come all its units; with a machine what is on it; with a unit its machine, its principal and its subordinates.
#[derive(Debug, Clone, Default)]
pub struct Patterns {
    patterns: Vec<Glob>,
}

/// Why there are no such patterns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PatternError {
    /// A text is no pattern.
    Wrong {
        /// The text.
        pattern: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A pattern is longer than [`Patterns::LONGEST`].
    TooLong {
        /// How long it is.
        bytes: usize,
    },
    /// There are more than [`Patterns::MOST`].
    TooMany,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wrong { pattern, problem } => {
                write!(f, "expected a pattern such as web*, got {pattern:?}: {problem}")
            }
            Self::TooLong { bytes } => {
                write!(f, "expected a pattern of at most {} bytes, got one of {bytes}", Patterns::LONGEST)
            }
            Self::TooMany => write!(f, "expected at most {} patterns", Patterns::MOST),
        }
    }
}

impl Error for PatternError {}

impl Patterns {
    /// How many there may be. Each is held against every name and status of a model.
    pub const MOST: usize = 32;
    /// How many bytes one may have.
    pub const LONGEST: usize = 128;

    /// Everything.
    pub fn all() -> Self {
        Self::default()
    }

    /// What one of these finds; everything if there are none.
    pub fn new<P: AsRef<str>>(patterns: impl IntoIterator<Item = P>) -> Result<Self, PatternError> {
        let mut read = Vec::new();
        for text in patterns {
            let text = text.as_ref();
            if read.len() == Self::MOST {
                return Err(PatternError::TooMany);
            }
            if text.len() > Self::LONGEST {
                return Err(PatternError::TooLong { bytes: text.len() });
            }
            let wrong = |problem| PatternError::Wrong { pattern: text.to_owned(), problem };
            read.push(Glob::new(text).map_err(wrong)?);
        }
        Ok(Self { patterns: read })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.patterns.len()
    }

    /// Whether there are none, and everything is found.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    pub(super) fn find(&self, text: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.finds(text))
    }

    /// What of the model is shown; `None` for everything.
    pub(super) fn choose<'a>(&self, model: &'a CachedModel) -> Option<Chosen<'a>> {
        if self.is_empty() {
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
