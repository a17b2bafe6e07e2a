//! Spurious polls: calls that nobody woke are polled, deadlines are looked at before they have passed, an idle worker's task is polled.
//! Each call waits on, and nothing else changes for anybody.

use multiwatcher::testing::{CallSeen, Observation, Operation, Party, Subject};

use super::Compared;
use super::heard::{self, Listener};
use crate::decisions::Decisions;
use crate::worlds::Maker;

/// So often: after every so many operations.
const EVERY: usize = 5;

/// Compares a run with one that has polls added.
pub(super) fn check<S: Subject>(maker: Maker<S>, decisions: &Decisions) -> Compared {
    let regime = &decisions.header.regime;
    let (mut plain, mut polled) = (Listener::new(maker, regime.clone()), Listener::new(maker, regime.clone()));
    let mut added = 0;
    for (at, operation) in decisions.operations.iter().enumerate() {
        plain.apply(at, operation);
        polled.apply(at, operation);
        if at % EVERY == 0 {
            match poll_all(&mut polled, at) {
                Ok(polls) => added += polls,
                Err(text) => return Some(Err(text)),
            }
        }
    }
    if added == 0 {
        return None;
    }
    let names = ("without spurious polls", "with them");
    Some(heard::compare((plain.heard(), polled.heard()), names, regime.readers.len()))
}

/// Polls whatever has no reason to be polled; returns how many calls that were.
fn poll_all<S: Subject>(listener: &mut Listener<S>, at: usize) -> Result<usize, Box<str>> {
    let before = listener.heard().len();
    let mut polls = 0;
    // A worker that is polled after a deadline acts on it, told or not.
    let early = listener.stage().deadline().is_none_or(|deadline| deadline.at > listener.stage().now());
    if early && !listener.stage().is_runnable() {
        listener.apply(at, &Operation::Turn);
        listener.apply(at, &Operation::Timeout);
    }
    for reader in (0..).take(Party::READERS) {
        let calls = listener.stage().readers().get(usize::from(reader)).map_or(0, |reader| reader.calls().len());
        for call in (0..).take(calls) {
            let woken = listener.stage().readers()[usize::from(reader)].calls().get(usize::from(call));
            if woken.is_some_and(|call| !call.woken) {
                listener.apply(at, &Operation::Poll { reader, call });
                polls += 1;
            }
        }
    }
    let unlike = listener.heard()[before..]
        .iter()
        .find(|heard| !matches!(heard.observation, Observation::Called { seen: CallSeen::Waits, .. }));
    if let Some(heard) = unlike {
        return Err(format!("of a poll that nothing called for reader {} heard {heard}", heard.reader).into());
    }
    listener.heard_mut().truncate(before);
    Ok(polls)
}

#[cfg(test)]
mod tests {
    use super::super::Relation;
    use super::super::doctored::{Planted, caught, with};

    #[test]
    fn it_notices_a_poll_that_loses_the_waker() {
        let text = caught(Relation::SpuriousPolls, with(Planted::DeafAfterPoll));
        assert!(text.starts_with("spurious polls: "), "{text}");
    }
}
