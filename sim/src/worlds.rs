//! What can be simulated, by name.

use clap::ValueEnum;
use clap::builder::PossibleValue;
use multiwatcher::machine::StoreManager;
use multiwatcher::testing::{Fresh, Val};

use crate::canary::Canary;
use crate::driven::Driven;
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
}

/// Those that have no bug of the zoo in them.
const COMMON: [World; 3] = [World::Machine, World::Driver, World::Canary];
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
            Self::Canary | Self::Zoo { .. } => value.hide(true),
        })
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

impl World {
    /// Its name, as in a decision file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Machine => "machine",
            Self::Driver => "driver",
            Self::Canary => "canary",
            Self::Zoo { bug, driven } => bug.world_name(driven),
        }
    }

    /// The world of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::value_variants().iter().copied().find(|world| world.name() == name)
    }
}

/// Calls a function of a subject's type with the subject of a world.
macro_rules! in_world {
    ($world:expr, $function:ident($($argument:expr),*)) => {
        match $world {
            $crate::worlds::World::Machine => {
                $function::<multiwatcher::machine::StoreManager<multiwatcher::testing::Val>>($($argument),*)
            }
            $crate::worlds::World::Driver => {
                $function::<$crate::driven::Driven<multiwatcher::machine::StoreManager<multiwatcher::testing::Val>>>(
                    $($argument),*
                )
            }
            $crate::worlds::World::Canary => $function::<$crate::canary::Canary>($($argument),*),
            $crate::worlds::World::Zoo { bug, driven } => {
                $crate::zoo::in_zoo!(bug, driven, $function($($argument),*))
            }
        }
    };
}
pub(crate) use in_world;
