//! `mwsim zoo --table`: the control table, filled as far as there is time, and shown.

use core::num::NonZeroUsize;
use core::sync::atomic::{AtomicU64, Ordering};
use std::io::{IsTerminal, Write};
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};

use super::args::ZooArgs;
use super::{CLEAN, UsageError, VOID};
use crate::runner::Terms;
use crate::text::{COLUMNS, number, wrap};
use crate::zoo::Bug;
use crate::zoo::control::Control;
use crate::zoo::table::file::Kept;
use crate::zoo::table::row::Row;
use crate::zoo::table::work::{Done, Plan};
use crate::zoo::table::{Column, markdown, text};

/// Goes on filling the table, unless it is only to be shown, and shows it.
pub(super) fn table(path: &Path, args: &ZooArgs, out: &mut dyn Write) -> Result<u8, UsageError> {
    let bugs = if args.bugs.is_empty() { Bug::ALL.to_vec() } else { args.bugs.clone() };
    let mut kept = Kept::open(path).map_err(|why| UsageError::TableFile { path: path.to_owned(), why })?;
    if args.markdown {
        let rows = Row::all(kept.table(), &bugs);
        markdown::write(&rows, &path.to_string_lossy(), out)?;
        return Ok(CLEAN);
    }
    let jobs = args.jobs.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
    for (driven, column) in
        [false, true].into_iter().flat_map(|driven| Column::all().map(move |column| (driven, column)))
    {
        let terms = Terms { scheduler: column.scheduler(), ..Terms::default() };
        if Control::Canary.search(driven, &terms, 0, jobs).found.is_none() {
            let (world, column) = (Control::Canary.world_name(driven), column.name());
            writeln!(out, "VOID  {world} is not found by {column}: no trial says anything")?;
            return Ok(VOID);
        }
    }
    let plan = Plan { bugs: bugs.clone(), trials: args.trials, most: args.most, jobs, time: args.time };
    let progress = Progress::new(plan.done(kept.table()));
    let done = plan.go_on(&mut kept, &|done| progress.show(done))?;
    progress.finish();
    text::write(&Row::all(kept.table(), &bugs), out)?;
    writeln!(out)?;
    if kept.outdated() > 0 {
        let line = format!(
            "{} lines of the file are about other bugs, checkers or schedules than today's, and were left out",
            number(kept.outdated() as u64)
        );
        write!(out, "{}", wrap(&line, "", COLUMNS))?;
    }
    writeln!(out, "{}", told(done))?;
    Ok(CLEAN)
}

fn told(done: Done) -> String {
    let Done { trials, of } = done;
    if trials == of {
        format!("all {} trials are done", number(of))
    } else {
        format!("{} of {} trials are done; the same command goes on", number(trials), number(of))
    }
}

/// A bar on a terminal; elsewhere a line for each twentieth.
struct Progress {
    bar: Option<ProgressBar>,
    twentieth: AtomicU64,
}

impl Progress {
    fn new(done: Done) -> Self {
        let style = ProgressStyle::with_template("{bar:24} {percent:>3}%  {pos} of {len} trials, {elapsed}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = std::io::stderr().is_terminal().then(|| ProgressBar::new(done.of).with_style(style));
        let progress = Self { bar, twentieth: AtomicU64::new(twentieth(done)) };
        progress.show(done);
        progress
    }

    fn show(&self, done: Done) {
        if let Some(bar) = &self.bar {
            bar.set_position(done.trials);
        } else if self.twentieth.fetch_max(twentieth(done), Ordering::Relaxed) < twentieth(done) {
            // A progress line that cannot be written is not worth ending a hunt for.
            let _ = writeln!(std::io::stderr(), "{}", told(done));
        }
    }

    fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn twentieth(done: Done) -> u64 {
    done.trials * 20 / done.of.max(1)
}
