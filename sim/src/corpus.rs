//! The corpus: capsules of every bug ever found, as a part of the program. Each is written for the subject that has the bug. They run
//! first in every campaign, against what ships: there nothing may be broken.

use include_dir::{Dir, include_dir};
use multiwatcher::testing::Subject;

use crate::course::Broken;
use crate::decisions::{Decisions, ReadError};
use crate::replay::{Replayer, Verdict};
use crate::worlds::{Maker, World};

static FOLDER: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/corpus");

/// One of the corpus.
#[derive(Debug)]
pub struct Capsule {
    /// The name of its file.
    pub name: &'static str,
    /// What it holds.
    pub decisions: Decisions,
}

/// What came of replaying the corpus against a subject that ships.
#[derive(Debug, Default)]
pub struct Replayed {
    /// How many kept every promise, and were followed from beginning to end.
    pub clean: usize,
    /// Those of which something could not be followed: the name, how much was, of how much.
    pub stale: Vec<(&'static str, usize, usize)>,
    /// The first that broke a promise.
    pub broken: Option<(&'static str, Decisions, Broken)>,
}

/// Every capsule, by name; or the first that cannot be read, and why.
pub fn all() -> Result<Vec<Capsule>, (&'static str, ReadError)> {
    let mut files: Vec<_> = FOLDER.files().collect();
    files.sort_by_key(|file| file.path());
    files.into_iter().filter(|file| file.path().extension().is_some_and(|end| end == "capsule")).map(capsule).collect()
}

fn capsule(file: &'static include_dir::File<'static>) -> Result<Capsule, (&'static str, ReadError)> {
    let name = file.path().file_stem().and_then(|name| name.to_str()).unwrap_or("a name that is no text");
    let decisions = Decisions::read(file.contents()).map_err(|error| (name, error))?;
    Ok(Capsule { name, decisions })
}

/// The world that ships and stands for another: the one in which its capsules must break nothing. For what is somebody else's there is
/// none but itself.
pub fn shipped(world: World) -> World {
    match world {
        World::Machine | World::Canary | World::Zoo { driven: false, .. } | World::Control { driven: false, .. } => {
            World::Machine
        }
        World::Driver | World::Zoo { driven: true, .. } | World::Control { driven: true, .. } => World::Driver,
        World::Own => World::Own,
    }
}

/// Replays the capsules of a world that ships against its subject, up to the first that breaks a promise.
pub fn replay<S: Subject>(maker: Maker<S>, capsules: Vec<Capsule>) -> Replayed {
    let (mut replayer, mut came_to) = (Replayer::of(maker), Replayed::default());
    for Capsule { name, mut decisions } in capsules {
        if shipped(decisions.world()) != maker.world {
            continue;
        }
        maker.world.name().clone_into(&mut decisions.header.world);
        let replay = replayer.replay(&decisions);
        match Verdict::of(&decisions.header.broken, replay.broken.as_ref(), replay.skipped) {
            Verdict::Clean => came_to.clean += 1,
            Verdict::Stale => came_to.stale.push((name, replay.followed, replay.followed + replay.skipped)),
            Verdict::AsWritten | Verdict::Otherwise => {
                came_to.broken = replay.broken.map(|broken| (name, decisions, broken));
                break;
            }
        }
    }
    came_to
}
