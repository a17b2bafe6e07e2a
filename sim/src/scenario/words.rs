//! The words of a scenario file: readers, worlds, promises, operations. Each is checked where it stands.

use multiwatcher::machine::RestartPolicy;
use multiwatcher::testing::{Character, Promise, Telling};
use serde::Deserialize;

use crate::exercised::Kind;
use crate::seed::SeedRange;
use crate::worlds::World;

macro_rules! word {
    ($(#[$doc:meta])* $name:ident is $of:ty, expected $expected:literal: $list:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Deserialize)]
        #[serde(try_from = "String")]
        pub(super) struct $name(pub(super) $of);

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                let list = $list;
                match list.iter().find(|(name, _)| *name == text) {
                    Some((_, meant)) => Ok(Self(*meant)),
                    None => {
                        let names: Vec<_> = list.iter().map(|(name, _)| name.to_string()).collect();
                        Err(format!("expected {}, one of {}; got {text:?}", $expected, names.join(", ")))
                    }
                }
            }
        }
    };
}

word! {
    /// What a reader is like.
    Reader is Character, expected "a reader":
        Character::ALL.map(|character| (format!("{character:?}").to_lowercase(), character))
}

word! {
    /// A world that ships.
    InWorld is World, expected "a world": [World::Machine, World::Driver].map(|world| (world.name(), world))
}

word! {
    /// A promise.
    Listened is Promise, expected "a promise":
        Promise::ALL.iter().map(|promise| (promise.name(), *promise)).collect::<Vec<_>>()
}

word! {
    /// An operation that is not to be made.
    Never is Kind, expected "an operation": Kind::ALL.iter().map(|kind| (kind.name(), *kind)).collect::<Vec<_>>()
}

word! {
    /// How the backing tells of commits.
    Tells is Telling, expected "how the backing tells": [("notices", Telling::Notices), ("steps", Telling::Steps)]
}

word! {
    /// What a failed backing means for watchers.
    Restarts is RestartPolicy, expected "what a restart means":
        [("invisible", RestartPolicy::Invisible), ("end-watchers", RestartPolicy::EndWatchers)]
}

/// Seeds.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Seeds(pub(super) SeedRange);

impl TryFrom<String> for Seeds {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map(Self).map_err(|error: crate::seed::ParseSeedError| error.to_string())
    }
}
