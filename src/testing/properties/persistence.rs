//! A planted failure lands in proptest-regressions/ and is replayed, with the very settings that the properties use.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::test_runner::{Config, FileFailurePersistence, RngAlgorithm, TestError, TestRng, TestRunner};

use super::*;
use crate::machine::{Answer, Config as MachineConfig, Epoch, Input, Output, Read, Report, Time, Timeout};
use crate::testing::{Fresh, Subject, Universe};

/// Never hears of a removal.
struct Deaf(Machine);

impl Fresh for Deaf {
    fn fresh(config: MachineConfig, epoch: Epoch, now: Time) -> Self {
        Self(Machine::new(config, epoch, now))
    }
}

impl Subject for Deaf {
    fn handle(&mut self, now: Time, mut input: Input<Val>) -> Answer<Val> {
        if let Input::Fetched { step, .. } | Input::Step { step, .. } = &mut input {
            step.entities.retain(|(_, read)| *read != Read::Absent);
        }
        self.0.handle(now, input)
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.0.poll_output()
    }

    fn poll_timeout(&self) -> Option<Timeout> {
        self.0.poll_timeout()
    }

    fn report(&self) -> Report {
        self.0.report()
    }

    fn store(&self, universe: &Universe) -> Option<State> {
        Subject::store(&self.0, universe)
    }
}

fn hears(script: &Script) -> Result<(), Broken> {
    let mut lockstep = Lockstep::<Deaf>::start(script.regime(|_| {}))?;
    for word in &script.words {
        let Some(operation) = Generator::next(lockstep.world().stage(), &mut Word::new(*word)) else { break };
        lockstep.apply(&operation)?;
    }
    lockstep.heal()
}

/// Removes the file when the test is over, however that comes.
struct Planted(PathBuf);

impl Drop for Planted {
    fn drop(&mut self) {
        // Not there if the test failed before; nothing to do then.
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn a_planted_failure_lands_in_the_folder_and_is_replayed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let name = format!("testing/planted_{}", std::process::id());
    // Persistence asks where the property's source stands, not what is in it.
    let source: &'static str = String::leak(root.join("src").join(&name).with_extension("rs").display().to_string());
    let landed = Planted(root.join("proptest-regressions").join(&name).with_extension("txt"));
    assert!(!landed.0.exists(), "{} is left over", landed.0.display());

    let config = || Config { source_file: Some(source), ..config(file!()) };
    let verdict = |script: Script| hears(&script).map_err(|broken| TestCaseError::fail(broken.to_string()));
    let found = TestRunner::new(config()).run(&scripts(), verdict);
    assert!(matches!(found, Err(TestError::Fail(..))), "the planted bug was not found: {found:?}");
    let text = fs::read_to_string(&landed.0).expect("the failure has landed");
    assert!(text.lines().any(|line| line.starts_with("cc ")), "{text}");

    // With no cases of its own to draw, whatever a second run finds comes from the file.
    let ran = Cell::new(0);
    let replay = Config { cases: 1, max_shrink_iters: 0, ..config() };
    let replayed =
        TestRunner::new_with_rng(replay, TestRng::deterministic_rng(RngAlgorithm::ChaCha)).run(&scripts(), |script| {
            ran.set(ran.get() + 1);
            verdict(script)
        });
    assert!(matches!(replayed, Err(TestError::Fail(..))), "the failure in the file was not replayed: {replayed:?}");
    assert_eq!(ran.get(), 1, "it is tried before anything else");
}

/// What single failures shrink to varies: to leave out a word can change what the words after it mean. So this looks at many at once.
#[test]
fn scripts_shrink() {
    let (mut found, mut shrunk) = (0, 0);
    for seed in 0..40 {
        let first = Cell::new(None);
        let mut runner = TestRunner::new_with_rng(
            Config { failure_persistence: None, ..config(file!()) },
            TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]),
        );
        let verdict = runner.run(&scripts(), |script| {
            hears(&script).map_err(|broken| {
                first.set(first.get().or(Some(script.words.len())));
                TestCaseError::fail(broken.to_string())
            })
        });
        let Err(TestError::Fail(_, smallest)) = verdict else { panic!("the planted bug was not found: {verdict:?}") };
        found += first.get().expect("a failure was seen");
        shrunk += smallest.words.len();
    }
    assert!(shrunk * 2 < found, "{found} operations failed, and {shrunk} are left");
}

#[test]
fn the_folder_is_where_proptest_looks_by_default() {
    let expected = FileFailurePersistence::SourceParallel("proptest-regressions");
    assert_eq!(format!("{:?}", Config::default().failure_persistence), format!("{:?}", Some(&expected)));
}
