//! What the subject must report, field by field: told once, for whoever compares and for whoever makes a true report.

use core::fmt::Debug;

use super::super::observation::EPOCH;
use super::Reference;
use crate::machine::{Generation, Report};

/// The fields that the reference model knows. The others are in nobody's promise, or nothing but the subject can know them.
macro_rules! known {
    (|$it:ident, $tombstones:ident| $($field:ident: $due:expr,)+) => {
        impl Reference {
            /// The report as it must be. What the reference model does not know is taken from the one given.
            pub fn expect_report(&self, given: &Report) -> Report {
                let ($it, $tombstones) = (self, self.tombstones());
                Report { $($field: $due,)+ ..*given }
            }

            /// The first field that does not say what is so, in words. `tombstones` is what
            /// [`tombstones`](Self::tombstones) says, which whoever asks after every operation has asked already.
            #[inline]
            pub fn misreported(&self, report: &Report, $tombstones: u32) -> Option<String> {
                let $it = self;
                $(
                    let due = $due;
                    if report.$field != due {
                        return Some(words(stringify!($field), &report.$field, &due));
                    }
                )+
                let (kept, most) = (report.shared_batches, self.shareable_batches());
                (kept > most).then(|| too_many(kept, most))
            }
        }
    };
}

known! {
    |it, tombstones|
    epoch: EPOCH,
    revno: it.latest(),
    position: it.position(),
    backing: it.followed(),
    generation: Generation(u64::from(it.generation())),
    phase: it.phase(),
    watchers: it.census(),
    calls: it.calls(),
    entities: it.store().alive().len() as usize,
    tombstones: tombstones as usize,
    queued: it.queued().len() as usize,
    quarantined: it.quarantined().len() as usize,
    failures: it.failures(),
    out_of_reach_since: it.out_of_reach_since(),
    dropped: it.dropped(),
}

#[cold]
fn too_many(kept: usize, most: usize) -> String {
    format!("the report says shared_batches {kept}, but calls in line can take {most} at most")
}

#[cold]
fn words(field: &str, said: &dyn Debug, due: &dyn Debug) -> String {
    format!("the report says {field} {said:?}, expected {due:?}")
}
