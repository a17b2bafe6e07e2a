//! All checkers together: what is seen is handed to each by a direct call.

use multiwatcher::testing::{Broken, Observation, Promise};

use super::atomic_commit::AtomicCommit;
use super::bounded_tombstones::BoundedTombstones;
use super::cancel_safe::CancelSafe;
use super::coalescing::Coalescing;
use super::convergence::Convergence;
use super::deterministic::Deterministic;
use super::exact_prefix::ExactPrefix;
use super::failure_isolated::FailureIsolated;
use super::filter_equivalence::FilterEquivalence;
use super::fresh_first::FreshFirst;
use super::load_equals_increments::LoadEqualsIncrements;
use super::no_spin_no_stall::NoSpinNoStall;
use super::no_spurious_delta::NoSpuriousDelta;
use super::ordered::Ordered;
use super::progress::Progress;
use super::restart_transparent::RestartTransparent;
use super::resume_or_gone::ResumeOrGone;
use super::slow_reader_isolated::SlowReaderIsolated;
use super::stop_quiescent::StopQuiescent;
use super::stop_total::StopTotal;
use super::truthful_report::TruthfulReport;
use super::{Census, Checker, Facts, Healed, Polled, Taken};

macro_rules! suite {
    ($($field:ident: $checker:ident,)+) => {
        /// Every checker.
        #[derive(Debug, Clone, Default)]
        pub struct Suite {
            $(#[allow(missing_docs, reason = "the checker of that name")] pub $field: $checker,)+
        }

        /// The promises from the narrowest to the widest. When one observation breaks several, the first of these is what is
        /// reported: that half a commit was seen says more than that a view is wrong.
        const NARROWEST_FIRST: &[Promise] = &[$($checker::PROMISE),+];

        impl Suite {
            /// A run begins.
            pub fn begin(&mut self) {
                $(self.$field.begin();)+
            }

            /// One thing was seen, and the reference model does not know it yet; `taken` if it is a batch. What is broken goes
            /// into `reds`.
            #[inline]
            pub fn see(&mut self, facts: Facts<'_>, seen: &Observation, taken: Option<Taken<'_>>, reds: &mut Vec<Broken>) {
                let mut red = |promise: Promise, verdict: super::Verdict| {
                    if let Err(text) = verdict {
                        add(reds, promise, text);
                    }
                };
                match *seen {
                    Observation::Committed { state, .. } | Observation::Rewound { state, .. } => {
                        $(self.$field.committed(facts, state);)+
                    }
                    Observation::Subscribed { .. }
                    | Observation::Staged { .. }
                    | Observation::LoadDone { .. }
                    | Observation::Noticed { .. }
                    | Observation::Marked { .. }
                    | Observation::Stepped { .. }
                    | Observation::Failed { .. }
                    | Observation::TimedOut
                    | Observation::Killed(_)
                    | Observation::Now(_) => {
                        $(red($checker::PROMISE, self.$field.put(facts, seen));)+
                    }
                    Observation::Unsubscribe { .. }
                    | Observation::Subscribe { .. }
                    | Observation::Load { .. }
                    | Observation::Fetch { .. }
                    | Observation::Ended(_)
                    | Observation::WokenNobody => {
                        $(red($checker::PROMISE, self.$field.asked(facts, seen));)+
                    }
                    Observation::Woken { reader, call } => {
                        $(red($checker::PROMISE, self.$field.woken(facts, reader, call));)+
                    }
                    Observation::Opened { reader, result, .. } => {
                        $(red($checker::PROMISE, self.$field.opened(facts, reader, result));)+
                    }
                    Observation::Resumed { reader, from, result, .. } => {
                        $(red($checker::PROMISE, self.$field.resumed(facts, reader, from, result));)+
                    }
                    Observation::Called { reader, how, seen } => {
                        let (expected, stage) = (facts.reference.expect(reader, how), facts.watcher(reader).stage());
                        let polled = Polled { reader, how, seen, expected, stage };
                        $(red($checker::PROMISE, self.$field.called(facts, polled));)+
                        if let Some(taken) = taken {
                            $(red($checker::PROMISE, self.$field.taken(facts, taken));)+
                        }
                    }
                    Observation::Dropped { reader, call } => {
                        $(red($checker::PROMISE, self.$field.dropped(facts, reader, call));)+
                    }
                    Observation::Progressed { reader, result } => {
                        $(red($checker::PROMISE, self.$field.progressed(facts, reader, result));)+
                    }
                    Observation::Stopped { reader } => {
                        $(red($checker::PROMISE, self.$field.stopped(facts, reader));)+
                    }
                    Observation::Misanswered => {
                        $(red($checker::PROMISE, self.$field.misanswered());)+
                    }
                }
            }

            /// The operation is over.
            #[inline]
            pub fn settle(&mut self, facts: Facts<'_>, census: &Census, owed: Option<&Broken>, reds: &mut Vec<Broken>) {
                $(if let Err(text) = self.$field.settled(facts, census, owed) {
                    add(reds, $checker::PROMISE, text);
                })+
            }

            /// The healing is over.
            pub fn healed(&mut self, facts: Facts<'_>, healed: Healed, reds: &mut Vec<Broken>) {
                $(if let Err(text) = self.$field.healed(facts, healed) {
                    add(reds, $checker::PROMISE, text);
                })+
            }

            /// Adds up how often each checker had something to decide, in the order of [`Promise::ALL`], and begins anew.
            pub fn take_decided(&mut self, into: &mut [u64]) {
                $(into[$checker::PROMISE as usize] += core::mem::take(self.$field.decided());)+
            }
        }
    };
}

suite! {
    stop_quiescent: StopQuiescent,
    slow_reader_isolated: SlowReaderIsolated,
    stop_total: StopTotal,
    resume_or_gone: ResumeOrGone,
    cancel_safe: CancelSafe,
    fresh_first: FreshFirst,
    restart_transparent: RestartTransparent,
    failure_isolated: FailureIsolated,
    load_equals_increments: LoadEqualsIncrements,
    no_spin_no_stall: NoSpinNoStall,
    filter_equivalence: FilterEquivalence,
    coalescing: Coalescing,
    ordered: Ordered,
    atomic_commit: AtomicCommit,
    no_spurious_delta: NoSpuriousDelta,
    progress: Progress,
    bounded_tombstones: BoundedTombstones,
    exact_prefix: ExactPrefix,
    truthful_report: TruthfulReport,
    convergence: Convergence,
    deterministic: Deterministic,
}

/// Something is broken, which is rare: kept out of the way of what is not.
#[cold]
#[inline(never)]
fn add(reds: &mut Vec<Broken>, promise: Promise, text: Box<str>) {
    reds.push(Broken { promise, text: text.into() });
}

impl Suite {
    /// The place of a promise among the narrowest first.
    pub fn width(promise: Promise) -> usize {
        NARROWEST_FIRST.iter().position(|other| *other == promise).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_promise_has_one_checker() {
        let mut promises = NARROWEST_FIRST.to_vec();
        promises.sort_unstable();
        assert_eq!(promises, Promise::ALL);
    }
}
