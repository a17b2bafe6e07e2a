//! Recounts the watchers.

use super::super::error::NextError;
use super::super::manager::{Broken, ensure, stable_hash};
use super::super::numbers::Revno;
use super::super::report;
use super::cohort::{Cohort, Stage};
use super::{NONE, Watcher, Watchers, index};

impl<V> Watchers<V> {
    /// Every cohort that is behind; for checks.
    pub(in crate::machine) fn behind(&self) -> impl Iterator<Item = (u32, &Cohort<V>)> {
        self.cohorts.iter().filter(|(_, cohort)| cohort.stage == Stage::Behind).map(|(ix, cohort)| (index(ix), cohort))
    }

    /// The final errors of those that have ended and were not stopped.
    pub(in crate::machine) fn final_errors(&self) -> impl Iterator<Item = NextError> {
        self.slab.iter().filter_map(|(_, watcher)| watcher.ended.as_deref().copied())
    }

    /// Every watcher by age, with a number for its filter; for fingerprints.
    pub(in crate::machine) fn by_age(&self) -> impl Iterator<Item = (&Watcher, u64)> {
        let mut all: Vec<_> = self.slab.iter().map(|(_, watcher)| watcher).collect();
        all.sort_unstable_by_key(|watcher| watcher.id);
        all.into_iter().map(|watcher| {
            let audience = self.audiences.get(watcher.audience as usize).filter(|_| watcher.ended.is_none());
            (watcher, audience.map_or(0, |audience| stable_hash(&audience.filter)))
        })
    }

    pub(in crate::machine) fn check(&self, latest: Revno) -> Result<(), Broken> {
        let mut counts = report::Watchers::default();
        for (_, watcher) in &self.slab {
            match watcher.ended {
                Some(_) => counts.ended += 1,
                None => *counts.of(self.cohorts[watcher.cohort as usize].stage) += 1,
            }
        }
        ensure(counts == self.counts, "truthful-report", || {
            format!("watchers are {counts:?}, counted are {:?}", self.counts)
        })?;
        let calls: usize = self.slab.iter().map(|(_, watcher)| watcher.line.iter().count()).sum();
        ensure(calls == self.calls, "truthful-report", || format!("{calls} calls wait, {} are counted", self.calls))?;
        let kept = self.cohorts.iter().filter(|(_, cohort)| cohort.kept.is_some()).count();
        ensure(kept == self.shared_batches, "truthful-report", || {
            format!("{kept} batches are kept, {} are counted", self.shared_batches)
        })?;
        for (ix, cohort) in &self.cohorts {
            self.check_cohort(index(ix), cohort, latest)?;
        }
        self.check_chains()?;
        let watchers: usize = self.audiences.iter().map(|(_, audience)| audience.watchers as usize).sum();
        let unended = counts.total() - counts.ended;
        ensure(watchers == unended, "stop-quiescent", || {
            format!("{unended} watchers live, {watchers} have an audience")
        })?;
        let idle = self.audiences.iter().filter(|(_, audience)| audience.watchers == 0).count();
        ensure(idle == 0, "stop-quiescent", || format!("{idle} audiences outlived their watchers"))
    }

    fn check_cohort(&self, ix: u32, cohort: &Cohort<V>, latest: Revno) -> Result<(), Broken> {
        let members = self.members(ix);
        ensure(members.len() == cohort.members as usize && !members.is_empty(), "stop-quiescent", || {
            format!("a cohort counts {} members and has {}", cohort.members, members.len())
        })?;
        let lined = members.iter().filter(|&&member| !self.get(member).line.is_empty()).count();
        ensure(lined == cohort.lined as usize, "truthful-report", || {
            format!("{lined} members have a call in line, {} are counted", cohort.lined)
        })?;
        for member in members {
            let watcher = self.get(member);
            ensure(watcher.cohort == ix && watcher.seat == watcher.seat_it_needs(), "stop-quiescent", || {
                format!("{} sits in the wrong list", watcher.id)
            })?;
            let owed = cohort.stage == Stage::Behind && !watcher.line.is_empty();
            ensure(!owed || watcher.line.woken, "no-spin-no-stall", || {
                format!("the call of {} was not woken", watcher.id)
            })?;
        }
        let audience = self.audience(cohort.audience);
        let listed = match cohort.stage {
            Stage::Fresh => audience.fresh == ix,
            Stage::CaughtUp => audience.caught_up == ix,
            Stage::Behind => audience.behind.contains(&ix) && cohort.cursor < latest,
        };
        ensure(listed, "truthful-report", || {
            format!("a {:?} cohort at {} is not where it belongs", cohort.stage, cohort.cursor)
        })
    }

    fn check_chains(&self) -> Result<(), Broken> {
        let (mut at, mut last, mut count) = (self.by_cursor.first().unwrap_or(NONE), Revno(0), 0);
        while at != NONE {
            let cohort = self.cohort(at);
            ensure(last <= cohort.cursor, "ordered", || "the cohorts do not ascend by cursor".to_owned())?;
            (at, last, count) = (cohort.by_cursor.next(), cohort.cursor, count + 1);
        }
        let behind = self.behind().count();
        ensure(count == behind, "truthful-report", || format!("{behind} cohorts are behind, {count} are listed"))
    }
}
