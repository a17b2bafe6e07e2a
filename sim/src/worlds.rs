//! What can be simulated, by name.

use clap::ValueEnum;
use clap::builder::PossibleValue;
use multiwatcher::machine::{Config, Epoch, StoreManager, Time};
use multiwatcher::testing::{self, EPOCH, Fresh, Regime, Subject, Val};

use crate::canary::Canary;
use crate::driven::Driven;
use crate::zoo::control::Control;
use crate::zoo::{self, Bug};

/// What is simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum World {
    /// The store manager's state machine alone
    Machine,
    /// The worker, its handles and their futures, as they ship
    Driver,
    /// The machine with a bug in it, for trying out what a failure looks like
    Canary,
    /// The machine with a bug of the zoo in it
    Zoo {
        /// Which bug.
        bug: Bug,
        /// Whether the shipped driver stands around it.
        driven: bool,
    },
    /// The machine with something in it that every run finds, or none
    Control {
        /// What.
        control: Control,
        /// Whether the shipped driver stands around it.
        driven: bool,
    },
    /// A subject of somebody else's, that no command knows how to make
    Own,
}

/// Those that have no bug of the zoo in them and have a name.
const COMMON: [World; 7] = [
    World::Machine,
    World::Driver,
    World::Canary,
    World::Control { control: Control::Canary, driven: false },
    World::Control { control: Control::Canary, driven: true },
    World::Control { control: Control::Equal, driven: false },
    World::Control { control: Control::Equal, driven: true },
];
/// All of them, in one list.
const ALL: [World; COMMON.len() + zoo::WORLDS.len()] = {
    let mut all = [World::Machine; COMMON.len() + zoo::WORLDS.len()];
    let mut at = 0;
    while at < all.len() {
        all[at] = if at < COMMON.len() { COMMON[at] } else { zoo::WORLDS[at - COMMON.len()] };
        at += 1;
    }
    all
};

impl ValueEnum for World {
    fn value_variants<'a>() -> &'a [Self] {
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let value = PossibleValue::new(self.name());
        Some(match self {
            Self::Machine => value.help("The store manager's state machine alone"),
            Self::Driver => value.help("The worker, its handles and their futures, as they ship"),
            Self::Canary | Self::Zoo { .. } | Self::Control { .. } | Self::Own => value.hide(true),
        })
    }
}

/// What `run` can run: a world with one subject, which decisions drive, or the net world, which a seed drives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runnable {
    /// One of those with decisions.
    Decided(World),
    /// The service and its clients on a simulated network
    Net,
}

/// All that can be run.
const RUNNABLE: [Runnable; ALL.len() + 1] = {
    let mut all = [Runnable::Net; ALL.len() + 1];
    let mut at = 0;
    while at < ALL.len() {
        // Those that are shown stand first.
        all[if at < 2 { at } else { at + 1 }] = Runnable::Decided(ALL[at]);
        at += 1;
    }
    all
};

impl ValueEnum for Runnable {
    fn value_variants<'a>() -> &'a [Self] {
        &RUNNABLE
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            Self::Decided(world) => world.to_possible_value(),
            Self::Net => Some(PossibleValue::new("net").help("The service and its clients on a simulated network")),
        }
    }
}

/// A subject with a world of its own.
pub trait Simulated: Fresh + Send {
    /// Which.
    const WORLD: World;
}

impl Simulated for StoreManager<Val> {
    const WORLD: World = World::Machine;
}

impl Simulated for Driven<StoreManager<Val>> {
    const WORLD: World = World::Driver;
}

impl Simulated for Canary {
    const WORLD: World = World::Canary;
}

/// How the subjects of a world are made.
#[derive(Debug)]
pub struct Maker<S> {
    /// Which world.
    pub world: World,
    /// Makes a subject that has just asked to subscribe.
    pub make: fn(Config, Epoch, Time) -> S,
}

impl<S> Clone for Maker<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Maker<S> {}

impl<S: Simulated> Default for Maker<S> {
    fn default() -> Self {
        Self { world: S::WORLD, make: S::fresh }
    }
}

impl<S: Subject> Maker<S> {
    /// How somebody else's subject is made. Whoever has one runs it in a program of their own: `mwsim` cannot make it.
    pub const fn own(make: fn(Config, Epoch, Time) -> S) -> Self {
        Self { world: World::Own, make }
    }

    /// A run of this regime with a new subject.
    pub fn start(self, regime: Regime) -> testing::World<S> {
        let subject = self.subject(&regime);
        testing::World::new(regime, subject)
    }

    /// A new subject for a run of this regime.
    pub fn subject(self, regime: &Regime) -> S {
        (self.make)(regime.config.clone(), EPOCH, Time::ZERO)
    }
}

impl World {
    /// Its name, as in a decision file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Machine => "machine",
            Self::Driver => "driver",
            Self::Canary => "canary",
            Self::Zoo { bug, driven } => bug.world_name(driven),
            Self::Control { control, driven } => control.world_name(driven),
            Self::Own => "own",
        }
    }

    /// What is simulated when nothing is said: everything that ships.
    pub fn chosen(said: Option<Self>) -> Vec<Self> {
        said.map_or_else(|| vec![Self::Machine, Self::Driver], |world| vec![world])
    }

    /// The world of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::value_variants().iter().copied().find(|world| world.name() == name)
    }
}

/// Calls a function with the [`Maker`] of a world's subjects, and these arguments.
macro_rules! in_world {
    ($world:expr, $function:ident($($argument:expr),*)) => {
        match $world {
            $crate::worlds::World::Machine => $function(
                $crate::worlds::Maker::<multiwatcher::machine::StoreManager<multiwatcher::testing::Val>>::default(),
                $($argument),*
            ),
            $crate::worlds::World::Driver => $function(
                $crate::worlds::Maker::<
                    $crate::driven::Driven<multiwatcher::machine::StoreManager<multiwatcher::testing::Val>>,
                >::default(),
                $($argument),*
            ),
            $crate::worlds::World::Canary => {
                $function($crate::worlds::Maker::<$crate::canary::Canary>::default(), $($argument),*)
            }
            $crate::worlds::World::Zoo { bug, driven: false } => $function(bug.maker(), $($argument),*),
            $crate::worlds::World::Zoo { bug, driven: true } => $function(bug.driven_maker(), $($argument),*),
            $crate::worlds::World::Control { control, driven: false } => $function(control.maker(), $($argument),*),
            $crate::worlds::World::Control { control, driven: true } => {
                $function(control.driven_maker(), $($argument),*)
            }
            $crate::worlds::World::Own => unreachable!("no command offers it, and no file that is read may name it"),
        }
    };
}
pub(crate) use in_world;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_world_is_found_by_its_name_and_somebody_s_own_is_not() {
        for world in World::value_variants() {
            assert_eq!(World::named(world.name()), Some(*world));
        }
        assert_eq!(World::named(World::Own.name()), None);
    }
}
