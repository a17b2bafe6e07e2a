//! What can be simulated, by name.

use clap::ValueEnum;
use multiwatcher::machine::StoreManager;
use multiwatcher::testing::{Fresh, Val};

use crate::canary::Canary;
use crate::driven::Driven;

/// What is simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum World {
    /// The store manager's state machine alone
    Machine,
    /// The worker, its handles and their futures, as they ship
    Driver,
    /// The machine with a bug in it, for trying out what a failure looks like
    #[value(hide = true)]
    Canary,
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
        }
    };
}
pub(crate) use in_world;
