//! The command line: what can be asked, and with which exit code it is answered.

mod args;
mod determinism;
mod diff;
mod errors;
mod explain;
mod explore;
mod given;
mod net;
mod picture;
mod progress;
mod ready;
mod replay;
mod report;
mod run;
mod shell;
mod shrink;
mod table;
mod walk;
mod zoo;

use std::ffi::OsString;
use std::io::{BufRead, IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;

use crate::net::TOKIO_UNSTABLE;
use crate::text::{COLUMNS, wrap};

pub use args::{Cli, Command};
pub use errors::UsageError;

/// Everything was as promised.
pub const CLEAN: u8 = 0;
/// A promise was broken, or a checker had nothing to decide.
pub const BROKEN: u8 = 1;
/// The canary was not found, so nothing is known.
pub const VOID: u8 = 5;
/// The question could not be understood.
pub const USAGE: u8 = 2;
/// A capsule no longer tells what it was written for: nothing is broken, and not everything was followed.
pub const STALE: u8 = 4;

/// No promise was broken, but the campaign never reached something that it should, or the search did not come to its end, or to another
/// number of states than expected.
pub const MISSED: u8 = 3;

/// Runs the command with these arguments, the program's name first, writing to `out` what belongs on standard output
/// and to `err` the rest. Returns the exit code.
pub fn main(args: impl IntoIterator<Item = OsString>, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    main_with(args, None, out, err)
}

/// The same where somebody may type; `keys` is what they type.
pub fn main_with(
    args: impl IntoIterator<Item = OsString>,
    keys: Option<&mut dyn BufRead>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    main_built_with(TOKIO_UNSTABLE, args, keys, out, err)
}

/// The same of a program that was built with `--cfg tokio_unstable` or without.
pub fn main_built_with(
    tokio_unstable: bool,
    args: impl IntoIterator<Item = OsString>,
    keys: Option<&mut dyn BufRead>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => return explain(&error, out, err),
    };
    let answer = match cli.command {
        Command::Run(args) => run::run(&args, tokio_unstable, out, err),
        Command::Replay(args) => replay::replay(&args, keys, out),
        Command::Shrink(args) => shrink::shrink(&args, out),
        Command::Diff(args) => diff::diff(&args, out),
        Command::Explain(args) => explain::explain(&args, out),
        Command::Test(args) => ready::test(&args, out),
        Command::CheckDeterminism(args) => determinism::check(&args, out),
        Command::Explore(args) => explore::explore(&args, out, err),
        Command::Zoo(args) => zoo::zoo(&args, out),
        Command::Completions(args) => shell::completions(&args, out),
        Command::Man(args) => shell::man(&args, out),
        Command::Hashes(args) => determinism::hashes(&args, out),
    };
    match answer.and_then(|code| out.flush().map_err(UsageError::from).map(|()| code)) {
        Ok(code) => code,
        // Whoever read the output has read enough, as `head` does; that is no failure of ours.
        Err(UsageError::ReaderGone) => CLEAN,
        Err(error) => {
            // Nobody is left to tell if standard error is gone too; the exit code still says it.
            let _ = write!(err, "{}", narrow(&format!("error: {error}")));
            USAGE
        }
    }
}

/// Breaks long lines, each with the indent it had. The first stays whole: it may hold a path, which must stay one word to be copied.
fn narrow(text: &str) -> String {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let indent = |line: &str| line.len() - line.trim_start().len();
    let rest: String = rest.lines().map(|line| wrap(line, &line[..indent(line)], COLUMNS)).collect();
    format!("{first}\n{rest}")
}

/// Runs the command as the process was started.
pub fn from_env() -> ExitCode {
    let is_watched = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let mut stdin = std::io::stdin().lock();
    let keys = is_watched.then_some(&mut stdin as &mut dyn BufRead);
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    // Standard error is not locked: the workers of a campaign write their progress there.
    ExitCode::from(main_with(std::env::args_os(), keys, &mut out, &mut std::io::stderr()))
}

/// Help and version texts go to standard output and are no error.
fn explain(error: &clap::Error, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    let (to, code): (&mut dyn Write, u8) = if error.use_stderr() { (err, USAGE) } else { (out, CLEAN) };
    // As above: the exit code says it even if the text reaches nobody.
    let _ = write!(to, "{}", error.render());
    let _ = to.flush();
    code
}
