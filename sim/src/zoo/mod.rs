//! The bug zoo: bugs that really happened in systems of this kind, put back around the machine that ships, which carries no switch
//! for them. A harness that does not find these finds nothing.
//!
//! Each bug has a file of its own that tells its story. Most are a twist of what is put to the machine, what it asks for, or what it
//! answers. With such a twist ([`With`]) the machine is a subject of the machine world, and inside the shipped driver one of
//! the driver world. The others are [planted](crate::driven::plant) in the driver: in its seam, in its loop, which is a copy of the one
//! file that holds it with one marked place changed, or in the future that a reader polls. [`hunt`] tells how many schedules it takes to find one, and [`table`] compares the schedulers
//! by that. [`control`] holds what every run must find, and what none may. Z1 to Z3 together are also a store of their own,
//! [`juju`](crate::juju), which the exhaustive search finds.

pub mod control;
mod deaf;
mod holders;
pub mod hunt;
pub mod page;
mod real;
pub mod table;
mod with;

use multiwatcher::machine::{Config, Epoch, Time};
use multiwatcher::testing::Promise;

use crate::driven::Driven;
use crate::worlds::{Maker, World};
pub use with::{With, tame, tame_driven};
pub use z22::{cached, cached_driven};

macro_rules! zoo {
    (
        machine { $($bug:ident in $file:ident, $name:literal breaks $($promise:ident)*: $story:literal;)* }
        driver { $($plant:ident in $place:ident, $known:literal breaks $($broken:ident)*: $tale:literal;)* }
    ) => {
        $(mod $file;)*
        $(mod $place;)*

        /// A bug of the zoo.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Bug {
            $(#[doc = $story] $bug,)*
            $(#[doc = $tale] $plant,)*
        }

        impl Bug {
            /// Every bug.
            pub const ALL: &'static [Self] = &[$(Self::$bug,)* $(Self::$plant,)*];

            /// Its name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$bug => $name,)*
                    $(Self::$plant => $known,)*
                }
            }

            /// What goes wrong, in a few words.
            pub const fn story(self) -> &'static str {
                match self {
                    $(Self::$bug => $story,)*
                    $(Self::$plant => $tale,)*
                }
            }

            /// The promises it breaks.
            pub const fn breaks(self) -> &'static [Promise] {
                match self {
                    $(Self::$bug => &[$(Promise::$promise),*],)*
                    $(Self::$plant => &[$(Promise::$broken),*],)*
                }
            }

            /// The worlds it can be put into, by whether the shipped driver stands around the machine. One of the driver is in the
            /// second alone.
            pub const fn worlds(self) -> &'static [bool] {
                match self {
                    $(Self::$bug => &[false, true],)*
                    $(Self::$plant => &[true],)*
                }
            }

            /// The name of its world.
            pub const fn world_name(self, driven: bool) -> &'static str {
                match (self, driven) {
                    $(
                        (Self::$bug, false) => concat!("machine+", $name),
                        (Self::$bug, true) => concat!("driver+", $name),
                    )*
                    $((Self::$plant, _) => concat!("driver+", $known),)*
                }
            }
        }

        /// All worlds that have a bug in them.
        pub(crate) const WORLDS: &[World] = &[
            $(World::Zoo { bug: Bug::$bug, driven: false }, World::Zoo { bug: Bug::$bug, driven: true },)*
            $(World::Zoo { bug: Bug::$plant, driven: true },)*
        ];

        impl Bug {
            /// How the machine with it is made; one of the driver leaves the machine as it is.
            pub fn maker(self) -> Maker<With> {
                let make = match self {
                    $(Self::$bug => With::bug::<$file::$bug>,)*
                    $(Self::$plant)|* => tame().make,
                };
                Maker { world: World::Zoo { bug: self, driven: false }, make }
            }

            /// How the driver around that machine is made.
            pub fn driven_maker(self) -> Maker<Driven<With>> {
                let make: fn(Config, Epoch, Time) -> Driven<With> = match self {
                    $(Self::$bug => With::driven::<$file::$bug>,)*
                    $(Self::$plant => |config, epoch, now| With::planted(config, epoch, now, &$place::$plant),)*
                };
                Maker { world: World::Zoo { bug: self, driven: true }, make }
            }
        }
    };
}

zoo! {
    machine {
        Z1 in z01, "z1" breaks ExactPrefix NoSpuriousDelta: "whoever takes a re-added entity is not counted";
        Z2 in z02, "z2" breaks ExactPrefix BoundedTombstones: "stop gives back what was never taken";
        Z3 in z03, "z3" breaks ExactPrefix: "a re-added entity equals its tombstone";
        Z4 in z04, "z4" breaks ExactPrefix: "a re-added entity is told as removed";
        Z5 in z05, "z5" breaks FreshFirst: "the first next on an empty model blocks";
        Z6 in z06, "z6" breaks FreshFirst FilterEquivalence: "it blocks if other models are not empty";
        Z7 in z07, "z7" breaks StopQuiescent TruthfulReport: "stop leaves the watcher in the registry";
        Z8 in z08, "z8" breaks NoSpinNoStall: "retries know no back-off";
        Z9 in z09, "z9" breaks Convergence FreshFirst: "the queue survives a restart, its wake-up does not";
        Z10 in z10, "z10" breaks StopTotal: "stop and next wait for a load or a fetch";
        Z11 in z11, "z11" breaks NoSpinNoStall: "of pending calls the newest is served first";
        Z12 in z12, "z12" breaks ExactPrefix: "the live value is handed out, and edited";
        Z13 in z13, "z13" breaks RestartTransparent Convergence: "opened during a restart, never told anything";
        Z14 in z14, "z14" breaks LoadEqualsIncrements: "the load leaves out a field";
        Z15 in z15, "z15" breaks LoadEqualsIncrements: "two partial updates do not commute";
        Z16 in z16, "z16" breaks StopTotal: "kill is not looked at while notices are pending";
        Z17 in z17, "z17" breaks Convergence: "a new watcher takes a living one's name";
        Z18 in z18, "z18" breaks Convergence: "the first commit after the subscription is missed";
        Z19 in z19, "z19" breaks NoSpuriousDelta: "a batch is told again in the next";
        Z20 in z20, "z20" breaks Convergence: "the next event overwrites what was not handed over";
        Z21 in z21, "z21" breaks FailureIsolated: "one entity's error ends the watcher of everything";
        Z22 in z22, "z22" breaks ExactPrefix NoSpuriousDelta: "a sweep after an old batch evicts what lives";
        Z23 in z23, "z23" breaks RestartTransparent: "opened during a reload, not told what it brings";
        Z24 in z24, "z24" breaks ExactPrefix: "a creation is dropped behind a queued deletion";
        Z25 in z25, "z25" breaks ResumeOrGone: "a revno of the future is resumed from";
        Z26 in z26, "z26" breaks CancelSafe: "a batch is lost with a dropped call";
    }
    driver {
        Z13Waker in z13_waker, "z13-waker" breaks RestartTransparent Convergence: "opened before a restart, registered after it";
        Z16Loop in z16_loop, "z16-loop" breaks StopTotal: "the loop looks at kill when nothing else is there";
        Z26Await in z26_await, "z26-await" breaks CancelSafe: "an await after the batch was taken";
        DeafSleep in deaf_sleep, "deaf-sleep" breaks NoSpinNoStall: "a sleep that registers no waker";
        StaleWaker in stale_waker, "stale-waker" breaks Convergence: "a call keeps its first waker";
    }
}
