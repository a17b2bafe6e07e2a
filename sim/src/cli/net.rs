//! `mwsim run --world net`: a campaign of the service and its clients on a simulated network.

use std::io::Write;

use super::args::RunArgs;
use super::progress::Progress;
use super::run::campaign;
use super::{BROKEN, CLEAN, MISSED, UsageError, VOID};
use crate::campaign;
use crate::net::bugs::Bug;
use crate::net::campaign::{Count, Hosts};
use crate::net::summary::Summary;
use crate::net::{self, canary, page};

/// Runs the campaign; the exit code says how it went. Without the flag there is none.
pub(super) fn run(
    args: &RunArgs,
    tokio_unstable: bool,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<u8, UsageError> {
    net::built(tokio_unstable).map_err(UsageError::NetNotBuilt)?;
    only_what_it_has(args)?;
    let campaign = campaign(args, None, 1);
    let first = campaign.seeds.first();
    let Some(canary) = canary::found(first) else {
        canary::write_void(first, args.json, out)?;
        return Ok(VOID);
    };
    let progress = Progress::new(&campaign.seeds);
    let outcome = campaign::run(&campaign, || Hosts { bug: Bug::None }, |seeds| progress.show(seeds));
    progress.finish();
    let summary = Summary::new(&outcome, campaign.jobs);
    if args.json {
        summary.write_json(out)?;
    } else {
        summary.write(out)?;
        writeln!(out, "\nthe canary broke {} in seed {}", canary.promise.name(), canary.seed)?;
    }
    if let Some((_, failure)) = &outcome.failure {
        let lines: &mut dyn Write = if args.json { err } else { out };
        writeln!(lines)?;
        page::write(failure, lines)?;
        return Ok(BROKEN);
    }
    let missing: Vec<Count> = summary.missing().collect();
    Ok(if missing.is_empty() { CLEAN } else { MISSED })
}

/// What is about decisions is refused, so that nobody thinks that it was heeded.
fn only_what_it_has(args: &RunArgs) -> Result<(), UsageError> {
    let flags = [
        ("--scenario", args.scenario.is_some()),
        ("--scheduler", args.drawing.scheduler.is_some()),
        ("--without", !args.drawing.without.is_empty()),
        ("--html", args.reporting.html.is_some()),
    ];
    match flags.iter().find(|(_, is_given)| *is_given) {
        Some((flag, _)) => Err(UsageError::NotOfNet(flag)),
        None => Ok(()),
    }
}
