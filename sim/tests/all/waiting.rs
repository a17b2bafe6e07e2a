//! The reason of a deadlock: who waits, for what, since which revno, and whether anybody will wake it. Told of bugs of the driver, by
//! stories of the corpus.

use multiwatcher_sim::corpus;
use multiwatcher_sim::replay::Replayer;
use multiwatcher_sim::zoo::Bug;

/// What is said of the bug when the capsule of its name is replayed.
fn told(bug: Bug) -> String {
    let capsules = corpus::all().unwrap_or_else(|(name, error)| panic!("{name}: {error}"));
    let capsule = capsules.into_iter().find(|capsule| capsule.name == bug.name()).expect("every bug has a capsule");
    let replay = Replayer::of(bug.driven_maker()).replay(&capsule.decisions);
    replay.broken.expect("a capsule shows its bug").text
}

#[test]
fn a_call_whose_newest_waker_was_not_called_waits_since_its_cursor() {
    assert_eq!(
        told(Bug::StaleWaker),
        "call 2 was not woken; call 2 of reader 0 waits for what came after r0, the waker of an earlier poll was called"
    );
}

#[test]
fn a_call_that_registered_nowhere_has_no_waker() {
    let text = told(Bug::Z13Waker);
    assert!(text.ends_with("; call 2 of reader 0 waits for what came after r0, no waker is registered"), "{text}");
}

#[test]
fn a_worker_that_nobody_wakes_waits_for_a_deadline() {
    let text = told(Bug::DeafSleep);
    let [slept, waits] = text.split("; ").collect::<Vec<_>>()[..] else { panic!("{text}") };
    assert!(slept.starts_with("the worker slept over a deadline, due at "), "{text}");
    assert_eq!(waits, "the worker waits for the end of its back-off since r0, no waker is registered");
}

#[test]
fn a_call_that_takes_its_batch_and_waits_is_told_of() {
    let text = told(Bug::Z26Await);
    assert_eq!(
        text,
        "reader 0 has something to learn since r0 up to r1, and got Waits; call 2 of reader 0 waits for it, and was woken"
    );
}
