//! The loop of a watch: batches are printed, signals end it, and now and then it is looked how things stand.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use multiwatcher::backing::Json;
use multiwatcher::driver::{Multiwatcher, NextError, Report};
use multiwatcher::machine::{Position, Progress, Revno};
use multiwatcher::{Batch, Delta, EntityId, Filter, Worker};

use super::told::{Printer, Told};
use crate::database::Database;
use crate::entities::{give_up, pause};
use crate::error::CommandError;
use crate::output::{self, note};
use crate::resume::Printed;
use crate::signals::Signals;

/// A backing that is back sooner is not worth a note.
const NOTED: Duration = Duration::from_secs(1);

/// A watch that goes on.
pub(super) struct Follow {
    pub(super) signals: Signals,
    pub(super) database: Database,
    pub(super) filter: Filter,
    pub(super) worker: Worker<Json>,
    pub(super) printer: Printer,
    pub(super) printed: Option<Printed>,
    pub(super) once: bool,
}

/// The state at a revno.
struct Whole {
    deltas: Vec<Delta<Json>>,
    revno: Revno,
    position: Position,
    quarantined: BTreeSet<EntityId>,
}

/// What was noted on standard error.
#[derive(Debug, Default)]
struct Noted {
    out_of_reach: bool,
    quarantined: BTreeSet<EntityId>,
}

impl Follow {
    /// Goes on until something ends it.
    pub(super) async fn run(&mut self) -> Result<(), CommandError> {
        let reader = self.worker.watch(self.filter.clone()).map_err(|error| self.failed(&error.to_string()))?;
        let (mut ticks, mut noted) = (pause(), Noted::default());
        loop {
            tokio::select! {
                biased;
                stop = self.signals.next() => return Err(CommandError::Stopped(stop)),
                batch = reader.next() => {
                    let batch = batch.map_err(|error| self.ended(&error))?;
                    self.take(&reader, &batch).await?;
                    if self.once {
                        return Ok(());
                    }
                }
                _ = ticks.tick() => self.look(&reader, &mut noted).await?,
            }
        }
    }

    /// Prints a batch.
    async fn take(&mut self, reader: &Multiwatcher<Json>, batch: &Batch<Json>) -> Result<(), CommandError> {
        let whole = match &self.printed {
            Some(printed) if printed.is_first() => Some(self.settled(reader, batch)?),
            Some(_) | None => None,
        };
        let (told, revno, position) = match (&mut self.printed, whole) {
            (Some(printed), Some(whole)) => {
                let told = printed.difference(&whole.deltas, whole.revno, &whole.quarantined);
                (told, whole.revno, whole.position)
            }
            (Some(printed), None) => {
                let told = printed.difference(batch.deltas(), batch.revno(), &BTreeSet::new());
                (told, batch.revno(), batch.position())
            }
            (None, _) => (batch.deltas().iter().map(Told::of).collect(), batch.revno(), batch.position()),
        };
        self.print(&told, revno, position).await
    }

    /// The state, from the first batch on, at a moment of which it is known what is in quarantine: an id that left it in between has
    /// its delta in another batch, or is gone.
    fn settled(&self, reader: &Multiwatcher<Json>, first: &Batch<Json>) -> Result<Whole, CommandError> {
        let mut deltas: BTreeMap<_, _> =
            first.deltas().iter().map(|delta| (delta.id().clone(), delta.clone())).collect();
        loop {
            let report = self.worker.report();
            while let Some(batch) = reader.try_next().map_err(|error| self.ended(&error))? {
                deltas.extend(batch.deltas().iter().map(|delta| (delta.id().clone(), delta.clone())));
            }
            let progress = reader.progress().map_err(|error| self.ended(&error))?;
            if let Some(Progress { revno, position, .. }) = progress
                && revno == report.census.revno
            {
                let mut deltas: Vec<_> = deltas.into_values().collect();
                deltas.sort_by(|one, other| (one.revno(), one.id()).cmp(&(other.revno(), other.id())));
                return Ok(Whole { deltas, revno, position, quarantined: quarantined(&report, &self.filter) });
            }
        }
    }

    /// Prints differences, and has the file know that before and after.
    async fn print(&mut self, told: &[Told], revno: Revno, position: Position) -> Result<(), CommandError> {
        let text = self.printer.print(told, revno, position);
        if let Some(printed) = &mut self.printed {
            printed.is_of(self.database.identity()).and_then(|()| printed.begin()).map_err(CommandError::from)?;
        }
        let (written, stop) = match self.signals.or_stop(output::write(text)).await {
            Ok(written) => (Some(written), None),
            Err((stop, written)) => (written, Some(stop)),
        };
        if let Some(written) = written {
            written?;
            if let Some(printed) = &mut self.printed {
                printed.end().map_err(CommandError::from)?;
            }
        }
        stop.map_or(Ok(()), |stop| Err(CommandError::Stopped(stop)))
    }

    /// Looks how the worker fares, and whether anybody still reads.
    async fn look(&mut self, reader: &Multiwatcher<Json>, noted: &mut Noted) -> Result<(), CommandError> {
        if output::is_unread() {
            return Err(CommandError::ReaderGone);
        }
        let report = self.worker.report();
        if self.once
            && let Some(why) = give_up(&report)
        {
            return Err(self.failed(&why));
        }
        noted.look(&report, &self.filter);
        let Some(printed) = &mut self.printed else { return Ok(()) };
        printed.is_of(self.database.identity()).map_err(CommandError::from)?;
        if !printed.has_unread() {
            return Ok(());
        }
        // Everything up to the report's revno was printed, so what is in quarantine no more and was not told is gone.
        let progress = reader.progress().map_err(|error| self.ended(&error))?;
        let Some(progress) = progress.filter(|progress| progress.revno >= report.census.revno) else { return Ok(()) };
        let printed = self.printed.as_mut().expect("it was there a moment ago");
        let told = printed.gone(progress.revno, &quarantined(&report, &self.filter));
        if told.is_empty() { Ok(()) } else { self.print(&told, progress.revno, progress.position).await }
    }

    fn ended(&self, error: &NextError) -> CommandError {
        self.failed(&error.to_string())
    }

    fn failed(&self, why: &str) -> CommandError {
        CommandError::Backing { locator: self.database.locator().clone(), why: why.to_owned() }
    }
}

impl Noted {
    /// Notes what is new.
    fn look(&mut self, report: &Report, filter: &Filter) {
        let out_of_reach = report.out_of_reach_for.is_some_and(|time| time >= NOTED);
        if out_of_reach && !self.out_of_reach {
            let why = report.last_failures.last().map_or_else(String::new, |(_, failure)| format!(": {failure}"));
            note(&format!("the backing is out of reach, which is tried again{why}"));
        }
        if report.out_of_reach_for.is_none() && self.out_of_reach {
            note("the backing is back");
        }
        self.out_of_reach = out_of_reach || (self.out_of_reach && report.out_of_reach_for.is_some());
        let quarantined = quarantined(report, filter);
        for (id, failure) in report.quarantined.iter().filter(|(id, _)| quarantined.contains(id)) {
            if !self.quarantined.contains(id) {
                note(&failure.to_string());
            }
        }
        self.quarantined = quarantined;
    }
}

/// The ids that a filter lets through and whose last read was an error.
fn quarantined(report: &Report, filter: &Filter) -> BTreeSet<EntityId> {
    report.quarantined.iter().map(|(id, _)| id).filter(|id| filter.passes(id)).cloned().collect()
}
