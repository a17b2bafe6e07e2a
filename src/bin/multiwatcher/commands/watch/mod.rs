//! `multiwatcher watch`: what changes, as it changes.

mod filter;
mod follow;
mod told;

use std::path::PathBuf;

use clap::Args;
use multiwatcher::{Config, Filter};

use crate::cli::{BackingArg, DONE, WIDTH};
use crate::database::{Database, Missing};
use crate::error::CommandError;
use crate::output::{self, note};
use crate::resume::Printed;
use crate::screen::Screen;
use crate::signals::Signals;
use crate::socket;
pub(crate) use filter::{FilterArgs, described};
use follow::Follow;
use told::Printer;
pub(crate) use told::Told;

/// Arguments of `watch`.
#[derive(Debug, Args)]
#[command(max_term_width = WIDTH, after_help = "Examples:
  multiwatcher watch -b sqlite:world.db
  multiwatcher watch --model $MODEL --kind unit --kind machine
  multiwatcher watch --json | jq -c 'select(.kind==\"unit\")'
  multiwatcher watch --resume told.state >> told.jsonl
  multiwatcher watch --once --resume told.state

First the whole state is printed, then each difference, once per
entity. On a terminal that is a table, in colours unless NO_COLOR
is set; elsewhere, or with --json, one line for each entity:
  {\"revno\":NUMBER,\"operation\":\"changed\"|\"removed\",
   \"kind\":TEXT,\"model\":UUID,\"id\":TEXT,\"value\":JSON}
The value of what was removed is its last one; there is none if
it was removed while nobody watched. Fields may be added, none
will change. With --progress each batch is followed by
  {\"revno\":NUMBER,\"operation\":\"progress\",\"position\":NUMBER}
where all printed so far is a state between two commits.

With --resume, FILE keeps the ids and hashes of the values that
were printed. The next watch prints the difference to them. After
a crash of the program a difference may be printed again, none is
lost; where the output is a file, a line that was cut off is given
its end first. A FILE is good for one database, one choice of
models and kinds, and one watch at a time.

A backing that fails is opened again, which is noted on standard
error; then the difference follows. multiwatcher status shows how
a running watch fares.

Exit codes: 0 done (--once) or nobody reads the output any more,
2 usage or a FILE that cannot be used, 3 the backing failed for
good or the output or FILE cannot be written, 130 ended by SIGINT
(Ctrl-C), 143 by SIGTERM.")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that is given or not, whichever the others are")]
pub(crate) struct WatchArgs {
    #[command(flatten)]
    backing: BackingArg,
    #[command(flatten)]
    filter: FilterArgs,
    /// Print lines of JSON, on a terminal too
    #[arg(long)]
    json: bool,
    /// Print a line of JSON after each batch
    #[arg(long)]
    progress: bool,
    /// Print only what is not in FILE already, and keep it there
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
    /// Go on with a FILE of another database or past
    #[arg(long, requires = "resume")]
    adopt: bool,
    /// Print the state, or the difference to FILE, and leave
    #[arg(long)]
    once: bool,
}

/// Prints what changes, until a signal comes.
pub(crate) async fn watch(args: WatchArgs) -> Result<u8, CommandError> {
    let signals = Signals::new()?;
    let filter = Filter::from(&args.filter);
    let database = Database::open(&args.backing.backing, Missing::Refuse).await?;
    let printed = args.resume.as_deref().map(|path| Printed::open(path, database.identity(), &filter, args.adopt));
    let printed = printed.transpose().map_err(CommandError::from)?;
    let worker = database.start(Config::default());
    let watched = worker.clone();
    let socket = socket::serve("watch", &database, &filter, move || watched.report());
    let socket =
        socket.inspect_err(|error| note(&format!("multiwatcher status will not show this watch: {error}"))).ok();
    let screen = Screen::of_stdout();
    let form = if screen.is_terminal && !args.json && !args.progress {
        Printer::Table { screen, model: None }
    } else {
        Printer::Lines { progress: args.progress }
    };
    if matches!(form, Printer::Lines { .. })
        && printed.as_ref().is_some_and(Printed::is_in_doubt)
        && output::is_longer_file()
    {
        // The file may end within a line, which the first one of ours must not become a part of.
        output::write("\n").await?;
    }
    let mut follow =
        Follow { signals, database, filter, worker: worker.clone(), printer: form, printed, once: args.once };
    let ended = follow.run().await;
    drop(socket);
    let closed = follow.printed.take().map_or(Ok(()), Printed::close);
    follow.database.end(worker).await;
    ended.and_then(|()| closed.map_err(CommandError::from)).map(|()| DONE)
}
