//! `multiwatcher put`: one entity gets a value.

use std::io::Read;

use clap::Args;
use multiwatcher::backing::Json;

use crate::cli::{BackingArg, DONE, EntityArgs, WIDTH};
use crate::database::{Database, Missing};
use crate::error::CommandError;

/// Arguments of `put`.
#[derive(Debug, Args)]
#[command(override_usage = "multiwatcher put -b <LOCATOR> <KIND> <MODEL> <ID> <VALUE>")]
#[command(max_term_width = WIDTH, after_help = "Examples:
  multiwatcher put -b sqlite:world.db unit $MODEL mysql/0 \\
    '{\"status\":\"active\"}'
  date +'\"%F\"' | multiwatcher put unit $MODEL mysql/0 -

The value is JSON: a text needs its quotes. A file of SQLite that
is not there is made.

Exit codes: 0 committed, 2 usage or a value that is no JSON, 3
the backing failed and nothing was committed.")]
pub(crate) struct PutArgs {
    #[command(flatten)]
    backing: BackingArg,
    #[command(flatten)]
    entity: EntityArgs,
    /// Its value in JSON; - reads it from standard input
    #[arg(allow_hyphen_values = true)]
    value: String,
}

/// Commits the value.
pub(crate) async fn put(args: PutArgs) -> Result<u8, CommandError> {
    let (place, text) = if args.value == "-" { ("standard input", read()?) } else { ("the value", args.value) };
    let value: Json = text.trim().parse().map_err(|error| {
        CommandError::Input(format!("{place}: expected a value in JSON, such as 1, \"text\" or {{\"a\":1}}\n  {error}"))
    })?;
    let database = Database::open(&args.backing.backing, Missing::Make).await?;
    database.commit(vec![(args.entity.id(), Some(value))]).await?;
    Ok(DONE)
}

fn read() -> Result<String, CommandError> {
    let mut text = String::new();
    match std::io::stdin().read_to_string(&mut text) {
        Ok(_) => Ok(text),
        Err(error) => Err(CommandError::Input(format!("standard input: expected a value in JSON\n  {error}"))),
    }
}
