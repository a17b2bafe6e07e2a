//! The failure page of a stored run, as it is read: kept in a snapshot. The run is a file, so that what is drawn from seeds may
//! change without the page.

use multiwatcher::machine::{Answer, Input, Output, Report, StoreManager, Time, Timeout};
use multiwatcher::testing::{Fresh, Subject, Val};
use multiwatcher_sim::canary::Canary;
use multiwatcher_sim::corpus::{self, Capsule};
use multiwatcher_sim::decisions::Decisions;
use multiwatcher_sim::runner::Runner;
use multiwatcher_sim::story::Story;
use multiwatcher_sim::tally::Tally;
use multiwatcher_sim::worlds::{Maker, World};
use multiwatcher_sim::{page, trace};

#[test]
fn the_page_of_a_stored_failure() {
    let decisions = Decisions::read(&include_bytes!("canary.capsule")[..]).unwrap();
    let replayed = trace::replay(Maker::<Canary>::default(), &decisions, &mut |_| Ok(())).unwrap();
    let broken = replayed.broken.expect("the canary breaks a promise");
    let mut text = Vec::new();
    page::write(
        Maker::<Canary>::default(),
        &decisions,
        &broken,
        "replay: cargo sim replay sim/tests/all/canary.capsule",
        &mut text,
    )
    .unwrap();
    insta::assert_snapshot!(String::from_utf8(text).unwrap());
}

#[test]
fn every_page_fits_a_phone_and_marks_one_step() {
    let mut runner = Runner::<Canary>::new();
    let failures: Vec<_> = (0..60).filter_map(|seed| runner.run(seed, &mut Tally::default()).err()).collect();
    assert!(failures.len() > 30, "the canary fails nearly always, not in {} of 60 runs", failures.len());
    let mut longest = 0;
    for failure in failures {
        let mut text = Vec::new();
        page::write(Maker::<Canary>::default(), &failure.decisions, &failure.broken, "replay: it", &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(text.lines().count() <= page::LINES && widest <= page::WIDTH, "{text}");
        assert_eq!(text.lines().filter(|line| line.starts_with('>')).count(), 1, "{text}");
        let step = format!("> {:>4} ", failure.broken.step);
        assert!(text.contains(&step), "{step:?} is not marked in:\n{text}");
        longest = longest.max(text.lines().count());
    }
    assert!(longest >= page::LINES - 2, "a page has room for {} lines, and the longest has {longest}", page::LINES);
}

/// Whatever was drawn and however much one step did: shrunk failures, and long ones as campaigns find them, of every bug in both worlds.
#[test]
fn the_page_of_every_bug_fits_a_phone() {
    let all = corpus::all().unwrap_or_else(|(name, error)| panic!("{name}: {error}"));
    let mut longest = 0;
    for Capsule { name, decisions } in all {
        let World::Zoo { bug, driven } = decisions.world() else { panic!("{name}: a bug of the zoo") };
        let lines = [
            if driven { fits(bug.driven_maker(), name, &decisions) } else { fits(bug.maker(), name, &decisions) },
            if driven { found(bug.driven_maker(), name) } else { found(bug.maker(), name) },
        ];
        longest = longest.max(lines.into_iter().max().unwrap_or(0));
    }
    assert!(longest >= page::LINES - 2, "a page has room for {} lines, and the longest has {longest}", page::LINES);
}

/// The most lines of the pages of what a few seeds find.
fn found<S: Subject>(maker: Maker<S>, name: &str) -> usize {
    let mut runner = Runner::of(maker);
    let failures = (0..200).filter_map(|seed| runner.run(seed, &mut Tally::default()).err()).take(8);
    failures.map(|failure| fits(maker, name, &failure.decisions)).max().unwrap_or(0)
}

/// Looks at the page of a failure, and tells how many lines it has.
fn fits<S: Subject>(maker: Maker<S>, name: &str, decisions: &Decisions) -> usize {
    let story = Story::of(maker, decisions).expect("memory takes all");
    let broken = story.replayed.broken.unwrap_or_else(|| panic!("{name} breaks nothing"));
    let mut text = Vec::new();
    page::write(maker, decisions, &broken, "replay: it", &mut text).expect("memory takes all");
    let text = String::from_utf8(text).expect("a page is text");
    let (lines, widest) = (text.lines().count(), text.lines().map(|line| line.chars().count()).max().unwrap_or(0));
    assert!(lines <= page::LINES && widest <= page::WIDTH, "{name}: {lines} lines, {widest} columns\n{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with('>')).count(), 1, "{name}\n{text}");
    lines
}

#[test]
fn a_step_that_panics_is_told_and_marked() {
    let decisions = Decisions::read(&include_bytes!("canary.capsule")[..]).unwrap();
    let maker =
        Maker { world: World::Canary, make: |config, epoch, now| Panicking(StoreManager::fresh(config, epoch, now)) };
    let story = Story::of(maker, &decisions).unwrap();
    let broken = story.replayed.broken.as_ref().expect("it panics");
    assert!(broken.is_panic() && broken.text.starts_with("stops are too much"), "{broken:?}");
    assert_eq!((broken.step, story.wrong()), (28, Some(28)));
    let mut text = Vec::new();
    page::write(maker, &decisions, broken, "replay: it", &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    let marked: Vec<_> = text.lines().skip_while(|line| !line.starts_with('>')).take(2).map(str::trim).collect();
    assert_eq!(marked, [">   28 0.081 reader 1 stop", "panics"], "{text}");
}

/// Panics when a reader stops.
struct Panicking(StoreManager<Val>);

impl Subject for Panicking {
    fn handle(&mut self, now: Time, input: Input<Val>) -> Answer<Val> {
        assert!(!matches!(input, Input::Stop { .. }), "stops are too much");
        Subject::handle(&mut self.0, now, input)
    }

    fn poll_output(&mut self) -> Option<Output> {
        Subject::poll_output(&mut self.0)
    }

    fn poll_timeout(&self) -> Option<Timeout> {
        Subject::poll_timeout(&self.0)
    }

    fn report(&self) -> Report {
        Subject::report(&self.0)
    }
}
