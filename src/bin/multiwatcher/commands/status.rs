//! `multiwatcher status`: how running watches and services fare.

use core::time::Duration;

use clap::Args;

use crate::cli::{DONE, WIDTH};
use crate::error::CommandError;
use crate::locator::Locator;
use crate::output::{self, note};
use crate::screen::{Screen, counted, lines, number, printable};
use crate::socket::message::{Answer, Ask, Status, Watchers};
use crate::socket::{Asked, ask_all};

/// So many of a list are shown.
const SHOWN: usize = 5;

/// Arguments of `status`.
#[derive(Debug, Args)]
#[command(max_term_width = WIDTH, after_help = "Examples:
  multiwatcher status
  multiwatcher status -b sqlite:world.db
  multiwatcher status --json | jq '.revno, .watchers.behind'

Asks every running watch and service of this user, or those of
one database, which is not opened for that, and prints the report
of its worker. With --json one line for each; times are in
milliseconds.

Exit codes: 0 printed, 1 nothing runs, 2 usage, 3 a process does
not answer, or the output failed.")]
pub(crate) struct StatusArgs {
    /// Only of this database [default: all]
    #[arg(short, long, value_name = "LOCATOR")]
    backing: Option<Locator>,
    /// Print lines of JSON
    #[arg(long)]
    json: bool,
}

/// Prints the reports.
pub(crate) async fn status(args: StatusArgs) -> Result<u8, CommandError> {
    let locator = args.backing.as_ref().map(Locator::canonical);
    let answers =
        ask_all(locator.as_deref(), Ask::Report).await.map_err(|error| CommandError::Failed(error.to_string()))?;
    if answers.is_empty() {
        let of = args.backing.map_or_else(String::new, |locator| format!(" of {locator}"));
        return Err(CommandError::Nothing(format!("no watch or service{of} is running")));
    }
    let screen = Screen::of_stdout();
    let (mut text, mut silent) = (String::new(), 0);
    for asked in answers {
        match asked {
            Asked::Answered(Answer::Report(status)) if args.json => {
                text.push_str(&serde_json::to_string(&status).expect("texts and numbers are JSON"));
                text.push('\n');
            }
            Asked::Answered(Answer::Report(status)) => {
                if !text.is_empty() {
                    text.push('\n');
                }
                text.push_str(&page(&status, &screen));
            }
            Asked::Answered(Answer::Refused { why }) => {
                silent += 1;
                note(&format!("a process of another release was asked: {why}"));
            }
            Asked::Silent(error) => {
                silent += 1;
                note(&error.to_string());
            }
        }
    }
    output::write(text).await?;
    if silent == 0 {
        return Ok(DONE);
    }
    Err(CommandError::Failed(format!("{} could not be asked", counted(silent, "process", "processes"))))
}

/// The report of one process.
fn page(status: &Status, screen: &Screen) -> String {
    let mut table = screen.table();
    let mut row = |name: &str, text: String| {
        table.add_row([name.to_owned(), printable(&text)]);
    };
    row("process", format!("{}, running for {}", status.pid, time(status.running_for)));
    row("sees", status.filter.clone());
    let over = if status.is_over { ", over" } else { "" };
    row(
        "worker",
        format!("{}{over}, revno {}, position {}", status.phase, number(status.revno), number(status.position)),
    );
    let tombstones = counted(status.tombstones, "tombstone", "tombstones");
    row("store", format!("{}, {tombstones}", counted(status.entities, "entity", "entities")));
    row("watchers", watchers(&status.watchers));
    let age = status.queue_age.map_or_else(String::new, |age| format!(", the oldest for {}", time(age)));
    row("queue", format!("{}{age}", counted(status.queued, "id", "ids")));
    row("restarts", number(status.restarts));
    if let Some(since) = status.out_of_reach_for {
        row("out of reach", format!("for {}", time(since)));
    }
    for (place, failure) in status.last_failures.iter().rev().enumerate() {
        row(if place == 0 { "failures" } else { "" }, format!("{} ago: {}", time(failure.ago), failure.error));
    }
    for (place, entity) in status.quarantined.iter().take(SHOWN).enumerate() {
        row(if place == 0 { "quarantine" } else { "" }, entity.error.clone());
    }
    if let Some(more) = status.quarantined.len().checked_sub(SHOWN).filter(|&more| more > 0) {
        row("", format!("and {} more", number(more as u64)));
    }
    let heading = printable(&format!("{} of {}", status.command, status.backing));
    format!("{}\n{}", screen.bold(&heading), lines(&table))
}

fn watchers(watchers: &Watchers) -> String {
    let Watchers { fresh, caught_up, behind, ended } = watchers;
    let states = [(fresh, "fresh"), (caught_up, "caught up"), (behind, "behind"), (ended, "ended")];
    let states: Vec<_> =
        states.iter().filter(|(count, _)| **count > 0).map(|(count, state)| format!("{count} {state}")).collect();
    if states.is_empty() { "none".to_owned() } else { states.join(", ") }
}

/// As long as it is, in the unit that says it best.
fn time(millis: u64) -> String {
    match Duration::from_millis(millis).as_secs() {
        0 => format!("{millis} ms"),
        seconds @ 1..=119 => format!("{seconds} s"),
        seconds @ 120..=7199 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}
