//! `multiwatcher export`: every entity as a line of JSON.

use clap::Args;
use multiwatcher::Filter;

use crate::cli::{BackingArg, DONE, WIDTH};
use crate::commands::watch::FilterArgs;
use crate::database::{Database, Missing};
use crate::entities::{EntityLine, whole};
use crate::error::CommandError;
use crate::output;

/// So many bytes are written at once.
const PIECE: usize = 1 << 20;

/// Arguments of `export`.
#[derive(Debug, Args)]
#[command(max_term_width = WIDTH, after_help = "Examples:
  multiwatcher export -b sqlite:world.db > entities.jsonl
  multiwatcher export -b sqlite:a.db |
    multiwatcher import -b sqlite:b.db -

One line for each entity, in order of kind, model and id:
  {\"kind\":TEXT,\"model\":UUID,\"id\":TEXT,\"value\":JSON}
All as they were at one moment, between two commits.

Exit codes: 0 printed, 2 usage, 3 the backing or the output
failed, or some values cannot be read: they are named and the
rest is printed.")]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    backing: BackingArg,
    #[command(flatten)]
    filter: FilterArgs,
}

/// Prints the entities.
pub(crate) async fn export(args: ExportArgs) -> Result<u8, CommandError> {
    let database = Database::open(&args.backing.backing, Missing::Refuse).await?;
    let state = whole(&database, Filter::from(&args.filter)).await?;
    let mut piece = Vec::new();
    for (id, value) in &state.entities {
        EntityLine::new(id, value).write(&mut piece);
        if piece.len() >= PIECE {
            output::write(core::mem::take(&mut piece)).await?;
        }
    }
    output::write(piece).await?;
    if state.unreadable.is_empty() {
        return Ok(DONE);
    }
    let why = state.unreadable.iter().fold(String::new(), |all, (_, why)| all + "\n  " + why);
    let count = state.unreadable.len();
    Err(CommandError::Failed(format!("{count} of the entities cannot be read and are left out{why}")))
}
