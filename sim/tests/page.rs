//! The failure page of a stored run, as it is read: kept in a snapshot. The run is a file, so that what is drawn from seeds may
//! change without the page.

use multiwatcher_sim::canary::Canary;
use multiwatcher_sim::decisions::Decisions;
use multiwatcher_sim::runner::Runner;
use multiwatcher_sim::tally::Tally;
use multiwatcher_sim::worlds::Maker;
use multiwatcher_sim::{page, trace};

#[test]
fn the_page_of_a_stored_failure() {
    let decisions = Decisions::read(&include_bytes!("canary.jsonl")[..]).unwrap();
    let replayed = trace::replay(Maker::<Canary>::default(), &decisions, &mut |_| Ok(())).unwrap();
    let broken = replayed.broken.expect("the canary breaks a promise");
    let mut text = Vec::new();
    page::write(
        Maker::<Canary>::default(),
        &decisions,
        &broken,
        "replay: cargo sim replay sim/tests/canary.jsonl",
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
