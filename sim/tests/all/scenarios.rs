//! The scenario files of `sim/scenarios`: each is read, run and kept in every world it names, and its situation occurs. And files that
//! are damaged, with what is said about them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::common::{Asked, ask, folder, write};
use multiwatcher::machine::StoreManager;
use multiwatcher::testing::{Subject, Val};
use multiwatcher_sim::driven::Driven;
use multiwatcher_sim::runner::Runner;
use multiwatcher_sim::scenario::Scenario;
use multiwatcher_sim::tally::Tally;
use multiwatcher_sim::worlds::{Maker, World};
use multiwatcher_sim::zoo::Bug;

fn scenarios() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder is part of the sources")
        .map(|entry| entry.expect("a folder that is read can be read on").path())
        .collect();
    files.sort();
    files
}

fn play<S: Subject>(maker: Maker<S>, path: &Path) {
    let scenario = Arc::new(Scenario::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())));
    let mut runner = Runner::of(maker).playing(Arc::clone(&scenario));
    let mut tally = Tally::default();
    for seed in scenario.seeds().first()..scenario.seeds().end() {
        let run = runner.run(seed, &mut tally);
        run.unwrap_or_else(|failure| panic!("{}, seed {seed}: {:?}", path.display(), failure.broken));
    }
    let missing: Vec<_> = scenario.expected(&tally).filter(|expected| !expected.is_met()).collect();
    assert_eq!(missing, [], "{}", path.display());
}

#[test]
fn every_scenario_keeps_every_promise_and_its_situation_occurs() {
    let files = scenarios();
    assert!(files.len() >= 10, "{files:?}");
    for path in files {
        for world in Scenario::open(&path).unwrap().worlds() {
            match world {
                World::Machine => play(Maker::<StoreManager<Val>>::default(), &path),
                World::Driver => play(Maker::<Driven<StoreManager<Val>>>::default(), &path),
                World::Canary | World::Zoo { .. } | World::Control { .. } | World::Own => {
                    panic!("{}: only what ships is run", path.display())
                }
            }
        }
    }
}

#[test]
fn every_scenario_says_what_it_is_about_and_has_enough_seeds() {
    for path in scenarios() {
        let scenario = Scenario::open(&path).unwrap();
        assert!(scenario.story().lines().count() >= 4, "{}", path.display());
        assert!(scenario.story().lines().all(|line| line.chars().count() <= 66), "{}", path.display());
        assert!(scenario.seeds().count() >= 200, "{}", path.display());
    }
}

/// The bug that each is about: among its seeds are some that find it, in every world it is run in.
const ABOUT: [(&str, Bug); 10] = [
    ("crowd_of_calls.toml", Bug::Z11),
    ("flapping_backing.toml", Bug::Z8),
    ("kill_at_any_step.toml", Bug::Z16),
    // Its log is gone, so the manager loads anew while readers have something pending.
    ("pruned_log.toml", Bug::Z22),
    ("reload_under_readers.toml", Bug::Z23),
    ("resume_in_window.toml", Bug::Z25),
    // What is handed over to one that does not read is overwritten, where it should be kept or the watcher ended.
    ("slow_reader_lag.toml", Bug::Z20),
    ("stop_storm.toml", Bug::Z7),
    ("thundering_first_nexts.toml", Bug::Z5),
    ("unreadable_id.toml", Bug::Z21),
];

#[test]
fn a_scenario_finds_the_bug_it_is_about() {
    let names: Vec<_> = scenarios().iter().map(|path| path.file_name().unwrap().to_owned()).collect();
    assert_eq!(names, ABOUT.map(|(file, _)| file), "each scenario is about a bug");
    for (file, bug) in ABOUT {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(file);
        let scenario = Arc::new(Scenario::open(&path).unwrap());
        for world in scenario.worlds() {
            let is_driven = world == World::Driver;
            let found = if is_driven { finds(bug.driven_maker(), &scenario) } else { finds(bug.maker(), &scenario) };
            assert!(found, "{file} does not find {bug:?} in the world {}", world.name());
        }
    }
}

fn finds<S: Subject>(maker: Maker<S>, scenario: &Arc<Scenario>) -> bool {
    let mut runner = Runner::of(maker).playing(Arc::clone(scenario));
    (scenario.seeds().first()..scenario.seeds().end()).any(|seed| runner.run(seed, &mut Tally::default()).is_err())
}

#[test]
fn a_scenario_that_does_not_occur_is_no_pass() {
    let folder = folder("never_occurs");
    let file = write(
        &folder,
        "quiet.toml",
        "# Nothing goes wrong, and a restart is expected.\nseeds = \"0..100\"\nreaders = [\"eager\"]\n\n[expect]\nrestarts = 1\n",
    );
    let Asked { code, out, err } = ask(&["run", "--scenario", &file, "--world", "machine", "--jobs", "1"]);
    assert_eq!((code, err.as_str()), (3, ""), "{out}");
    assert!(out.starts_with("Nothing goes wrong, and a restart is expected.\n\n"), "{out}");
    assert!(out.contains("\nclean  100 seeds, 0..100, world machine\n"), "{out}");
    assert!(out.ends_with("\nMISS  the situation did not occur: too few of restarts\n"), "{out}");
    let Asked { code, .. } = ask(&["run", "--scenario", &file, "--world", "machine", "--seeds", "0..20"]);
    assert_eq!(code, 0, "of a few runs nothing is asked");
}

#[test]
fn what_is_never_to_be_made_is_made_in_the_healing_alone() {
    let text = "# No polls.\nseeds = \"0..200\"\nreaders = [\"crowding\", \"trying\"]\nnever = [\"drop\", \"try next\"]\n\
                [expect]\nbatches = 1\n";
    let mut runner =
        Runner::<StoreManager<Val>>::new().playing(Arc::new(Scenario::read(text).expect("the file is right")));
    let mut tally = Tally::default();
    (0..200).for_each(|seed| {
        runner.run(seed, &mut tally).expect("every promise is kept");
    });
    let counted = |name: &str| {
        let kinds = multiwatcher_sim::exercised::Kind::ALL;
        tally.operations[kinds.iter().position(|kind| kind.name() == name).unwrap()]
    };
    assert_eq!((counted("drop"), counted("try next")), (0, 0));
    assert!(counted("next") > 200 && counted("progress") > 50);
}

#[test]
fn a_failure_of_a_scenario_replays_from_its_file_alone() {
    let folder = folder("scenario_failure");
    let failures = folder.to_string_lossy();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/stop_storm.toml");
    let path = path.to_string_lossy();
    let Asked { code, out, .. } =
        ask(&["run", "--scenario", &path, "--world", "machine+z7", "--failures", &failures, "--jobs", "1"]);
    assert_eq!(code, 1, "{out}");
    let file = out.lines().last().and_then(|line| line.rsplit(' ').next()).unwrap();
    assert_eq!(ask(&["replay", file]).code, 1, "{out}");
}

#[test]
fn what_is_wrong_with_a_file_is_told_with_its_place() {
    let folder = folder("damaged_scenarios");
    let head = "# A situation.\nseeds = \"0..300\"\nreaders = [\"eager\"]\n";
    let tail = "[expect]\nbatches = 1\n";
    let cases = [
        ("no_story", format!("seeds = \"0..300\"\n{tail}")),
        ("no_toml", format!("{head}steps == 3\n{tail}")),
        ("cut_off", format!("{head}values = [2, 3\n")),
        ("no_readers", format!("# A situation.\nseeds = \"0..300\"\n{tail}")),
        ("unknown_reader", format!("# A situation.\nseeds = \"0..300\"\nreaders = [\"eager\", \"hasty\"]\n{tail}")),
        ("too_many_readers", format!("# A.\nseeds = \"0..3\"\nreaders = {:?}\n{tail}", ["slow"; 7])),
        ("no_seeds", format!("# A situation.\nseeds = \"300\"\nreaders = [\"eager\"]\n{tail}")),
        ("unknown_key", format!("{head}{tail}[machine]\nwindows = 4\n")),
        ("no_number", format!("{head}{tail}[machine]\nwindow = \"four\"\n")),
        ("no_range", format!("{head}{tail}[faults]\nprune = \"9..9\"\n")),
        ("out_of_bounds", format!("{head}{tail}[faults]\nprune = 257\n")),
        ("neither_number_nor_list", format!("{head}values = true\n{tail}")),
        ("no_time", format!("{head}{tail}[machine]\nheartbeat = \"10\"\n")),
        ("too_many_ids", format!("{head}{tail}[ids]\nmodels = 4\nnames = 5\n")),
        ("long_back_off", format!("{head}{tail}[machine]\nbackoff-max = \"30ms\"\n")),
        ("unknown_promise", format!("{head}promises = [\"exact\"]\n{tail}")),
        ("unknown_operation", format!("{head}never = [\"jump\"]\n{tail}")),
        ("unknown_count", format!("{head}{tail}\"reloads\" = 3\n")),
        ("no_expectation", head.to_owned()),
    ];
    let mut told = String::new();
    for (name, text) in cases {
        let file = write(&folder, &format!("{name}.toml"), &text);
        let Asked { code, out, err } = ask(&["run", "--scenario", &file]);
        assert_eq!((code, out.as_str()), (2, ""), "{name}");
        assert!(err.lines().skip(1).all(|line| line.chars().count() <= 70), "{name}:\n{err}");
        told += &err.replace(&*folder.to_string_lossy(), "DIR");
        told.push('\n');
    }
    let missing = folder.join("missing.toml");
    assert_eq!(ask(&["run", "--scenario", &missing.to_string_lossy()]).code, 2);
    insta::assert_snapshot!("damaged_scenarios", told);
}
