//! The failure page of a stored run, as it is read: kept in a snapshot. The run is a file, so that what is drawn from seeds may
//! change without the page.

use multiwatcher_sim::canary::Canary;
use multiwatcher_sim::decisions::Decisions;
use multiwatcher_sim::worlds::Maker;
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
        "replay: cargo sim replay sim/tests/canary.capsule",
        &mut text,
    )
    .unwrap();
    insta::assert_snapshot!(String::from_utf8(text).unwrap());
}
