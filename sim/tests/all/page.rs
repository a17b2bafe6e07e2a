//! The failure page of a stored run, as it is read: kept in a snapshot. The run is a file, so that what is drawn from seeds may
//! change without the page.

use multiwatcher::machine::{Answer, Input, Output, Report, StoreManager, Time, Timeout};
use multiwatcher::testing::{Fresh, Subject, Val};
use multiwatcher_sim::canary::Canary;
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
