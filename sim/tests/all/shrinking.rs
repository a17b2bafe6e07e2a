//! What shrinking is worth: failures of the zoo are hunted, shrunk and held against the shortest stories known, which were written by
//! hand and are capsules under `minimal/`.

use core::num::NonZeroUsize;
use std::path::PathBuf;

use multiwatcher::testing::{Promise, Subject};
use multiwatcher_sim::decisions::Decisions;
use multiwatcher_sim::replay::Replayer;
use multiwatcher_sim::seed::SeedRange;
use multiwatcher_sim::shrink::{self, Identity, Shrunk};
use multiwatcher_sim::worlds::{Maker, World};
use multiwatcher_sim::zoo::Bug;
use multiwatcher_sim::zoo::hunt::Hunt;

/// So many hunts, each from another first seed; a bug shows itself in several ways, and those count that show it as the story does.
const HUNTS: u64 = 12;
/// A hunt ends after so many schedules.
const SCHEDULES: u64 = 20_000;

/// One hunt in so many, at most, may come to nothing that is held against a story.
const LEFT_OUT: usize = 5;

/// Every bug has a story that is named after its world. Some show themselves in other ways too, and those that are often met have one each:
/// written by hand, or the shortest of many hunts, in which every operation is needed.
const OTHER_WAYS: [&str; 28] = [
    "driver-z1-atomic-commit",
    "driver-z1-convergence",
    "driver-z1-exact-prefix",
    "driver-z2-atomic-commit",
    "driver-z2-convergence",
    "driver-z3-atomic-commit",
    "driver-z8-fetch",
    "driver-z8-unasked",
    "driver-z13-convergence",
    "driver-z14-compared",
    "driver-z15-atomic-commit",
    "driver-z16-following",
    "driver-z17-convergence",
    "driver-z24-atomic-commit",
    "machine-z1-atomic-commit",
    "machine-z1-convergence",
    "machine-z2-atomic-commit",
    "machine-z2-convergence",
    "machine-z3-atomic-commit",
    "machine-z4-atomic-commit",
    "machine-z8-fetch",
    "machine-z13-convergence",
    "machine-z15-atomic-commit",
    "machine-z15-failure-isolated",
    "machine-z16-completing",
    "machine-z23-woken",
    "machine-z24-atomic-commit",
    "machine-z26-woken",
];

/// A story that was written by hand.
struct Story {
    name: String,
    identity: Identity,
    length: usize,
}

/// One failure, shrunk.
struct Row {
    /// The story it is held against.
    story: String,
    hunt: u64,
    before: usize,
    after: usize,
    minimal: usize,
    replays: u64,
}

/// Hunts that come to no row.
#[derive(Default)]
struct LeftOut {
    /// All hunts, those that come to a row included.
    hunts: usize,
    not_found: Vec<String>,
    /// What fails in a way of which no story was written.
    not_told: Vec<String>,
}

impl Row {
    #[expect(clippy::cast_precision_loss, reason = "lists are short")]
    fn ratio(&self) -> f64 {
        self.after as f64 / self.minimal as f64
    }
}

fn minimal(name: &str) -> Decisions {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/all/minimal").join(format!("{name}.capsule"));
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Decisions::read(&text[..]).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// How long a list is: its operations, and the mark of the healing as one.
fn length(decisions: &Decisions) -> usize {
    decisions.before_healing().len() + usize::from(decisions.healing.is_some())
}

/// The way in which a story fails; it must be followed from beginning to end, and every operation of it must be needed.
fn identity<S: Subject>(mut replayer: Replayer<S>, story: &Decisions) -> Identity {
    let world = &story.header.world;
    let replay = replayer.replay(story);
    let broken = replay.broken.unwrap_or_else(|| panic!("the story of {world} breaks nothing"));
    assert_eq!((broken.name(), replay.skipped), (story.header.broken.as_str(), 0), "{world}: {}", broken.text);
    let identity = Identity::of(&broken);
    for at in 0..story.operations.len() {
        let mut shorter = story.clone();
        shorter.operations.remove(at);
        shorter.healing = shorter.healing.map(|healing| healing - 1);
        let broken = replayer.replay(&shorter).broken;
        assert!(broken.is_none_or(|broken| Identity::of(&broken) != identity), "{world}: operation {at} is not needed");
    }
    identity
}

/// Hunts a bug from several first seeds, and shrinks what fails in the way of a story.
fn rows(bug: Bug, driven: bool, left_out: &mut LeftOut) -> Vec<Row> {
    if driven { rows_of(bug.driven_maker(), bug, left_out) } else { rows_of(bug.maker(), bug, left_out) }
}

fn rows_of<S: Subject>(maker: Maker<S>, bug: Bug, left_out: &mut LeftOut) -> Vec<Row> {
    let stories = stories(maker);
    let driven = matches!(maker.world, World::Zoo { driven: true, .. });
    let mut rows = Vec::new();
    for hunt in 0..HUNTS {
        let first = hunt * 100_000;
        let seeds = SeedRange::new(first, first + SCHEDULES).expect("there are some");
        let jobs = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let found = Hunt { bug, driven, alone: false, scheduler: None, jobs }.among(seeds);
        left_out.hunts += 1;
        let Some(found) = found else {
            left_out.not_found.push(format!("{} {hunt}", maker.world.name()));
            continue;
        };
        let is_told = |story: &&Story| story.identity == Identity::of(&found.broken);
        let Some(story) = stories.iter().find(is_told) else {
            left_out.not_told.push(format!("{} {hunt} {}", maker.world.name(), found.broken.name()));
            continue;
        };
        let shrunk = shrink::shrink(maker, &found.decisions, shrink::REPLAYS).expect("what was found can be replayed");
        checked(maker, &shrunk, &story.identity);
        rows.push(Row {
            story: story.name.clone(),
            hunt,
            before: shrunk.before.operations,
            after: shrunk.after.operations,
            minimal: story.length,
            replays: shrunk.replays,
        });
    }
    rows
}

/// What was written by hand of the bug of this world.
fn stories<S: Subject>(maker: Maker<S>) -> Vec<Story> {
    let first = maker.world.name().replace('+', "-");
    let is_of_it = |name: &&str| name.strip_prefix(&first).is_some_and(|way| way.starts_with('-'));
    let mut names: Vec<&str> = vec![&first];
    names.extend(OTHER_WAYS.into_iter().filter(is_of_it));
    let read = |name: &str| {
        let story = minimal(name);
        Story { name: name.to_owned(), identity: identity(Replayer::of(maker), &story), length: length(&story) }
    };
    names.into_iter().map(read).collect()
}

/// A shrunk list is followed from beginning to end, fails as the long one did, and was not given up.
fn checked<S: Subject>(maker: Maker<S>, shrunk: &Shrunk, identity: &Identity) {
    let text = shrunk.decisions.to_text().expect("a capsule can be written");
    let read = Decisions::read(text.as_bytes()).expect("what was written can be read");
    let replay = Replayer::of(maker).replay(&read);
    assert_eq!((replay.broken.as_ref(), replay.skipped), (Some(&shrunk.broken), 0), "{text}");
    assert_eq!(&Identity::of(&shrunk.broken), identity, "{text}");
    assert!(shrunk.is_done, "{} replays were not enough", shrunk.replays);
}

#[expect(clippy::print_stdout, reason = "how long each became is worth reading, and no promise")]
fn worth(driven: bool) {
    let (mut all, mut left_out): (Vec<Row>, _) = (Vec::new(), LeftOut::default());
    for bug in Bug::ALL.iter().filter(|bug| bug.worlds().contains(&driven)) {
        let rows = rows(*bug, driven, &mut left_out);
        assert!(!rows.is_empty(), "{} was never found as a story tells it", bug.name());
        all.extend(rows);
    }
    for row in &all {
        let Row { story, hunt, before, after, minimal, replays } = row;
        println!("{story} {hunt:>2}: {before:>3} to {after:>2}, by hand {minimal:>2}, {replays:>5} replays");
        assert!(after >= minimal, "{story}: there is a shorter story than the one written by hand");
    }
    let LeftOut { hunts, not_found, not_told } = left_out;
    println!("of {hunts} hunts {} found nothing {not_found:?}", not_found.len());
    println!("and {} found what no story tells {not_told:?}", not_told.len());
    assert!(
        (not_found.len() + not_told.len()) * LEFT_OUT <= hunts,
        "too many hunts are left out to say what shrinking is worth: {not_found:?} {not_told:?}"
    );
    let world = if driven { "driver-" } else { "machine-" };
    for way in OTHER_WAYS.iter().filter(|way| way.starts_with(world)) {
        assert!(all.iter().any(|row| row.story == *way), "{way}: no failure is told by it");
    }
    all.sort_by(|one, other| one.ratio().total_cmp(&other.ratio()));
    let (median, most) = (&all[all.len() / 2], &all[all.len() - 1]);
    println!("{} failures, median {:.2}, at most {:.2} ({})", all.len(), median.ratio(), most.ratio(), most.story);
    assert!(median.ratio() <= 1.2, "the median is {:.2} times as long as by hand", median.ratio());
    assert!(most.ratio() <= 2.0, "{} is {:.2} times as long as by hand", most.story, most.ratio());
}

#[test]
fn failures_of_the_machine_world_become_as_short_as_by_hand() {
    worth(false);
}

#[test]
fn failures_of_the_driver_world_become_as_short_as_by_hand() {
    worth(true);
}

#[test]
fn what_only_the_healing_shows_becomes_a_short_list_and_then_the_healing() {
    const ONLY: &[Promise] = &[Promise::Convergence];
    let maker = Bug::Z18.maker();
    let story = minimal("machine-z18-healed");
    let identity = identity(Replayer::of(maker).listening_to(ONLY), &story);
    let hunt = Hunt { bug: Bug::Z18, driven: false, alone: true, scheduler: None, jobs: NonZeroUsize::MIN };
    let mut lengths = Vec::new();
    for first in (0..HUNTS).map(|hunt| hunt * 100_000) {
        let found = hunt.among(SeedRange::new(first, first + SCHEDULES).expect("there are some")).expect("it is found");
        if Identity::of(&found.broken) != identity {
            continue;
        }
        let replayer = Replayer::of(maker).listening_to(ONLY);
        let shrunk = shrink::shrink_with(replayer, &found.decisions, shrink::REPLAYS).expect("it can be replayed");
        assert!(shrunk.decisions.healing.is_some() && found.decisions.operations.len() > 50);
        lengths.push(shrunk.after.operations);
    }
    let longest = lengths.iter().max().copied();
    assert!(longest.is_some_and(|longest| longest <= 2 * length(&story)), "{lengths:?}, by hand {}", length(&story));
}

#[test]
fn the_same_failure_always_shrinks_to_the_same_list() {
    let hunt = Hunt { bug: Bug::Z20, driven: false, alone: false, scheduler: None, jobs: NonZeroUsize::MIN };
    let found = hunt.among(SeedRange::new(0, SCHEDULES).expect("there are some")).expect("it is found");
    let shrunk = || shrink::shrink(Bug::Z20.maker(), &found.decisions, shrink::REPLAYS).expect("it fails");
    let (one, other) = (shrunk(), shrunk());
    assert_eq!((one.decisions.to_text().ok(), one.replays), (other.decisions.to_text().ok(), other.replays));
    assert!(one.others.iter().all(|other| other.broken.name() != one.broken.name() || other.count > 0));
}

#[test]
fn what_does_not_fail_is_not_shrunk_and_few_replays_are_obeyed() {
    let story = minimal("machine-z7");
    assert!(shrink::shrink(Bug::Z8.maker(), &story, shrink::REPLAYS).is_none());
    let hunt = Hunt { bug: Bug::Z7, driven: false, alone: false, scheduler: None, jobs: NonZeroUsize::MIN };
    let found = hunt.among(SeedRange::new(0, SCHEDULES).expect("there are some")).expect("it is found");
    let shrunk = shrink::shrink(Bug::Z7.maker(), &found.decisions, 3).expect("it fails");
    assert!(!shrunk.is_done && shrunk.replays <= 3 && shrunk.broken.name() == "stop-quiescent");
}
