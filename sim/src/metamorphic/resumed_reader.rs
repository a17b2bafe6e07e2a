//! A reader resumed: one that stops after every batch and comes back with what it kept is told the same, batch by batch, as one that
//! stays.

use multiwatcher::testing::{CallSeen, Observation, Operation, Subject, Token};

use super::Compared;
use super::heard::{self, Heard, Listener};
use crate::decisions::Decisions;
use crate::worlds::Maker;

/// The reader that is replaced.
const READER: u8 = 0;

/// Compares a run whose first reader stays with one in which it resumes at every batch. So that it has one call at a time, it tries
/// in both, wherever it did anything but open.
pub(super) fn check<S: Subject>(maker: Maker<S>, decisions: &Decisions) -> Compared {
    let regime = &decisions.header.regime;
    let (mut stays, mut resumes) = (Listener::new(maker, regime.clone()), Listener::new(maker, regime.clone()));
    let mut returns = 0;
    for (at, operation) in decisions.operations.iter().enumerate() {
        let operation = trying(operation);
        stays.apply(at, &operation);
        let before = resumes.heard().len();
        resumes.apply(at, &operation);
        if resumes.heard()[before..].iter().any(is_batch) {
            resumes.apply(at, &Operation::Stop { reader: READER });
            resumes.apply(at, &Operation::Resume { reader: READER, token: Token::Kept(0) });
            returns += 1;
        }
    }
    if returns < 2 {
        return None;
    }
    resumes.heard_mut().retain(|heard| !is_return(heard));
    let names = ("when it stays", "when it resumes");
    Some(heard::compare((stays.heard(), resumes.heard()), names, regime.readers.len()))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "no other operation is the reader's")]
fn trying(operation: &Operation) -> Operation {
    match *operation {
        Operation::Next { reader: READER }
        | Operation::Poll { reader: READER, .. }
        | Operation::PollOver { reader: READER }
        | Operation::Drop { reader: READER, .. }
        | Operation::Progress { reader: READER }
        | Operation::Resume { reader: READER, .. }
        | Operation::Stop { reader: READER } => Operation::TryNext { reader: READER },
        other => other,
    }
}

fn is_batch(heard: &Heard) -> bool {
    heard.reader == READER && matches!(heard.observation, Observation::Called { seen: CallSeen::Batch(_), .. })
}

/// Whether it is a stop, or a return that succeeded. One that is refused shows as a difference.
fn is_return(heard: &Heard) -> bool {
    heard.reader == READER
        && matches!(heard.observation, Observation::Stopped { .. } | Observation::Resumed { result: Ok(_), .. })
}

#[cfg(test)]
mod tests {
    use super::super::Relation;
    use super::super::doctored::{Planted, caught, with};

    #[test]
    fn it_notices_that_who_comes_back_is_taken_for_somebody_new() {
        let text = caught(Relation::ResumedReader, with(Planted::Forgetful));
        assert!(text.starts_with("reader resumed: "), "{text}");
    }
}
