//! The command line: what can be asked, and with which exit code it is answered.

use std::io::Write;

use clap::{Args, Parser, Subcommand};
use multiwatcher::{EntityId, Kind, ModelId};

use crate::commands::{
    CompletionsArgs, DemoArgs, ExportArgs, GetArgs, ImportArgs, ManArgs, ModelsArgs, PutArgs, RmArgs, StatusArgs,
    WatchArgs, completions, demo, export, get, import, man, models, put, rm, status, watch,
};
#[cfg(not(feature = "service"))]
use crate::commands::{LeftOutArgs, left_out};
#[cfg(feature = "service")]
use crate::commands::{ServeArgs, UserArgs, serve, user};
use crate::error::CommandError;
use crate::locator::Locator;

/// It was done.
pub(crate) const DONE: u8 = 0;
/// What was asked for is not there.
pub(crate) const ABSENT: u8 = 1;
/// The arguments, or a file, could not be understood.
pub(crate) const USAGE: u8 = 2;
/// The backing, or the output, failed.
pub(crate) const FAILED: u8 = 3;

/// The name of the program.
pub(crate) const NAME: &str = "multiwatcher";
/// Help texts are wrapped for a narrow screen; a phone shows about this many columns.
pub(crate) const WIDTH: usize = 68;

/// Watch a database once, tell what changed.
#[derive(Debug, Parser)]
#[command(name = NAME, version, max_term_width = WIDTH, subcommand_required = true, arg_required_else_help = true)]
#[command(long_about = "Watch a database once, tell what changed.\n\n\
    A database (the backing) holds entities of many models, each with a kind, an id and a value in JSON. `watch` prints \
    every change, of this program or any other; `serve` tells them to clients of Juju; the other commands read and write.")]
#[command(after_help = "Examples:
  multiwatcher demo                      begin here: no set-up
  export MULTIWATCHER_BACKING=sqlite:world.db
  multiwatcher import entities.jsonl
  multiwatcher watch
  multiwatcher put unit $MODEL mysql/0 '{\"status\":\"active\"}'
  multiwatcher serve                     for Python and JavaScript

The prefix of keys in etcd stands behind the slash: that of
/juju/entity/... is written etcd:http://127.0.0.1:2379//juju.
Who asks there stands in the environment, in
MULTIWATCHER_ETCD_USER and either MULTIWATCHER_ETCD_PASSWORD or
MULTIWATCHER_ETCD_PASSWORD_FILE; which authority is trusted, and
which certificate and key are shown, in files that are named by
MULTIWATCHER_ETCD_CACERT, MULTIWATCHER_ETCD_CERT and
MULTIWATCHER_ETCD_KEY.

Exit codes: 0 done, 1 what was asked for is not there, 2 the
arguments or a file could not be understood, 3 the backing or
the output failed, 130 ended by SIGINT (Ctrl-C), 143 ended by
SIGTERM; a serve that either of them ends in good order is done.
Whoever stops reading the output, as head does, ends a
command with 0.")]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print what changes, as it changes
    Watch(WatchArgs),
    /// Give an entity a value
    Put(PutArgs),
    /// Remove an entity
    Rm(RmArgs),
    /// Print the value of an entity
    Get(GetArgs),
    /// Write many entities, from lines of JSON
    Import(ImportArgs),
    /// Print every entity, as lines of JSON
    Export(ExportArgs),
    /// List the models
    Models(ModelsArgs),
    /// Show how running watches and services fare
    Status(StatusArgs),
    /// Let clients of Juju log in and watch
    #[cfg(feature = "service")]
    Serve(ServeArgs),
    /// Let clients of Juju log in and watch
    #[cfg(not(feature = "service"))]
    Serve(LeftOutArgs),
    /// Add, list and remove those who may log in
    #[cfg(feature = "service")]
    User(UserArgs),
    /// Add, list and remove those who may log in
    #[cfg(not(feature = "service"))]
    User(LeftOutArgs),
    /// Show a small living world and two watchers of it
    Demo(DemoArgs),
    /// Print completions for a shell
    Completions(CompletionsArgs),
    /// Print a man page
    Man(ManArgs),
}

/// Which database.
#[derive(Debug, Clone, Args)]
pub(crate) struct BackingArg {
    /// The database: sqlite:FILE or etcd:URL[,URL]/PREFIX
    #[arg(short, long, value_name = "LOCATOR", env = "MULTIWATCHER_BACKING", hide_env_values = true)]
    pub(crate) backing: Locator,
}

/// Which entity.
#[derive(Debug, Clone, Args)]
pub(crate) struct EntityArgs {
    /// What it is: unit, machine, ...
    kind: String,
    /// The uuid of the model it lives in
    model: ModelId,
    /// Its name among those of its kind and model
    id: String,
}

impl EntityArgs {
    pub(crate) fn id(&self) -> EntityId {
        EntityId::new(Kind::new(&self.kind), self.model, &self.id)
    }
}

/// Runs the command as the process was started. Returns the exit code.
pub(crate) fn from_env() -> u8 {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return explain(&error),
    };
    // Clients are served on all cores; whatever else is asked is one task.
    let mut builder = match cli.command {
        #[cfg(feature = "service")]
        Command::Serve(_) => tokio::runtime::Builder::new_multi_thread(),
        #[cfg(not(feature = "service"))]
        Command::Serve(_) => tokio::runtime::Builder::new_current_thread(),
        Command::Watch(_)
        | Command::Put(_)
        | Command::Rm(_)
        | Command::Get(_)
        | Command::Import(_)
        | Command::Export(_)
        | Command::Models(_)
        | Command::Status(_)
        | Command::User(_)
        | Command::Demo(_)
        | Command::Completions(_)
        | Command::Man(_) => tokio::runtime::Builder::new_current_thread(),
    };
    let runtime = match builder.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return told(&CommandError::Failed(format!("no runtime could be started: {error}"))),
    };
    let answer = runtime.block_on(answer(cli.command));
    // A thread may wait for ever to write to somebody who does not read.
    runtime.shutdown_background();
    match answer {
        Ok(code) => code,
        Err(error) => told(&error),
    }
}

async fn answer(command: Command) -> Result<u8, CommandError> {
    match command {
        Command::Watch(args) => watch(args).await,
        Command::Put(args) => put(args).await,
        Command::Rm(args) => rm(args).await,
        Command::Get(args) => get(args).await,
        Command::Import(args) => import(args).await,
        Command::Export(args) => export(args).await,
        Command::Models(args) => models(args).await,
        Command::Status(args) => status(args).await,
        #[cfg(feature = "service")]
        Command::Serve(args) => serve(args).await,
        #[cfg(feature = "service")]
        Command::User(args) => user(args).await,
        #[cfg(not(feature = "service"))]
        Command::Serve(args) | Command::User(args) => left_out(&args),
        Command::Demo(args) => demo(args).await,
        Command::Completions(args) => completions(&args).await,
        Command::Man(args) => man(&args).await,
    }
}

/// Tells an error, if there is something to tell. Returns its exit code.
fn told(error: &CommandError) -> u8 {
    if error.is_told() {
        // Nobody is left to tell if standard error is gone too; the exit code still says it.
        let _ = writeln!(std::io::stderr(), "error: {error}");
    }
    error.exit_code()
}

/// Help and version texts go to standard output and are no error.
fn explain(error: &clap::Error) -> u8 {
    // As above: the exit code says it even if the text reaches nobody.
    let _ = error.print();
    if error.use_stderr() { USAGE } else { DONE }
}
