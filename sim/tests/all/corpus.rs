//! The corpus: every capsule still shows the bug it was written for, and breaks nothing in what ships.

use std::collections::BTreeSet;

use crate::common::{Asked, ask};
use multiwatcher::machine::StoreManager;
use multiwatcher::testing::{Operation, Val};
use multiwatcher_sim::corpus::{self, Capsule};
use multiwatcher_sim::driven::Driven;
use multiwatcher_sim::replay::{Replay, Replayer};
use multiwatcher_sim::worlds::{Maker, World};
use multiwatcher_sim::zoo::Bug;

type Machine = StoreManager<Val>;

fn capsules() -> Vec<Capsule> {
    corpus::all().unwrap_or_else(|(name, error)| panic!("{name}: {error}"))
}

fn replay(capsule: &Capsule) -> Replay {
    match capsule.decisions.world() {
        World::Machine | World::Driver | World::Canary | World::Control { .. } | World::Own => {
            panic!("{}: nothing that ships has a bug", capsule.name)
        }
        World::Zoo { bug, driven: false } => Replayer::of(bug.maker()).replay(&capsule.decisions),
        World::Zoo { bug, driven: true } => Replayer::of(bug.driven_maker()).replay(&capsule.decisions),
    }
}

#[test]
fn every_capsule_still_shows_its_bug() {
    for capsule in capsules() {
        let (name, replay) = (capsule.name, replay(&capsule));
        let broken = replay.broken.as_ref().map(multiwatcher_sim::course::Broken::name);
        assert_eq!(broken, Some(capsule.decisions.header.broken.as_str()), "{name}");
        assert_eq!(replay.skipped, 0, "{name} is followed from beginning to end");
    }
}

#[test]
fn every_bug_of_the_zoo_has_a_capsule_in_each_world() {
    let worlds: BTreeSet<String> = capsules().into_iter().map(|capsule| capsule.decisions.header.world).collect();
    for bug in Bug::ALL {
        for &driven in bug.worlds() {
            assert!(worlds.contains(bug.world_name(driven)), "no capsule of {}", bug.world_name(driven));
        }
    }
}

#[test]
fn what_ships_breaks_nothing_in_them() {
    // A campaign tells of those that are stale and goes on: one that becomes stale has lost what it was kept for.
    let stale = [breaks_nothing::<Machine>(), breaks_nothing::<Driven<Machine>>()].concat();
    assert!(stale.is_empty(), "write these anew, for what ships follows them no more: {stale:?}");
}

/// The names of those that are stale.
fn breaks_nothing<S: multiwatcher_sim::worlds::Simulated>() -> Vec<String> {
    let replayed = corpus::replay(Maker::<S>::default(), capsules());
    assert!(replayed.broken.is_none(), "{:?}", replayed.broken);
    assert!(replayed.clean > 0);
    let all = capsules().iter().filter(|capsule| corpus::shipped(capsule.decisions.world()) == S::WORLD).count();
    assert_eq!(replayed.clean + replayed.stale.len(), all, "each is clean or stale");
    let name = S::WORLD.name();
    replayed.stale.iter().map(|(stale, ..)| format!("{stale} in the world {name}")).collect()
}

#[test]
fn a_capsule_that_cannot_be_followed_is_stale_and_no_pass() {
    let mut all: Vec<_> =
        capsules().into_iter().filter(|capsule| capsule.name == "z04" || capsule.name == "z05").collect();
    let operations = &mut all[0].decisions.operations;
    let before = operations.len();
    operations.retain(|operation| !matches!(operation, Operation::Open { .. }));
    assert!(operations.len() < before, "somebody reads");
    let replayed = corpus::replay(Maker::<Machine>::default(), all);
    let stale: Vec<_> = replayed.stale.iter().map(|(name, ..)| *name).collect();
    assert_eq!((stale, replayed.clean), (vec!["z04"], 1));
}

/// A capsule that the subject breaks is found, and the ones before it are counted.
#[test]
fn a_bug_that_comes_back_is_found_by_its_capsule() {
    let maker = Bug::Z7.maker();
    let shipped = Maker { world: World::Machine, make: maker.make };
    let replayed = corpus::replay(shipped, capsules());
    let (name, decisions, broken) = replayed.broken.expect("Z7 stands for what ships");
    assert_eq!((broken.name(), decisions.header.world.as_str()), ("stop-quiescent", "machine"), "{name}");
}

#[test]
fn a_campaign_begins_with_the_corpus() {
    let Asked { code, out, .. } = ask(&["run", "--seeds", "0..10", "--world", "machine"]);
    assert!(out.lines().any(|line| line.starts_with("corpus  ") && line.contains(" capsules clean, ")), "{code} {out}");
}
