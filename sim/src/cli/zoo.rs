//! `mwsim zoo`: how many schedules it takes to find each bug of the zoo.

use core::num::NonZeroUsize;
use std::io::Write;

use super::args::ZooArgs;
use super::{BROKEN, CLEAN, UsageError, table};
use crate::zoo::Bug;
use crate::zoo::page::{Plan, Row, write_head};

/// Hunts them; the exit code says whether all were found.
pub(super) fn zoo(args: &ZooArgs, out: &mut dyn Write) -> Result<u8, UsageError> {
    if let Some(path) = &args.table {
        return table::table(path, args, out);
    }
    let bugs = if args.bugs.is_empty() { Bug::ALL.to_vec() } else { args.bugs.clone() };
    let jobs = args.jobs.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
    let plan = Plan::new(bugs, &args.seeds, args.starts, jobs)?.scheduled_by(args.scheduler);
    let mut rows: Vec<Row> = Vec::new();
    if !args.json {
        write_head(&plan, out)?;
    }
    plan.run(|row| {
        if !args.json {
            row.write(out)?;
            out.flush()?;
        }
        rows.push(row);
        Ok::<_, UsageError>(())
    })?;
    if args.json {
        serde_json::to_writer(&mut *out, &rows).map_err(std::io::Error::from)?;
        writeln!(out)?;
    }
    Ok(if rows.iter().all(Row::all_found) { CLEAN } else { BROKEN })
}
