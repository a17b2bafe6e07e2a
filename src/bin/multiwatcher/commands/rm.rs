//! `multiwatcher rm`: one entity goes.

use clap::Args;

use crate::cli::{BackingArg, DONE, EntityArgs, WIDTH};
use crate::database::{Database, Missing};
use crate::error::CommandError;

/// Arguments of `rm`.
#[derive(Debug, Args)]
#[command(override_usage = "multiwatcher rm [OPTIONS] -b <LOCATOR> <KIND> <MODEL> <ID>")]
#[command(max_term_width = WIDTH, after_help = "Examples:
  multiwatcher rm -b sqlite:world.db unit $MODEL mysql/0

Exit codes: 0 committed, 1 there is no such entity, 2 usage, 3
the backing failed and nothing was committed.")]
pub(crate) struct RmArgs {
    #[command(flatten)]
    backing: BackingArg,
    #[command(flatten)]
    entity: EntityArgs,
    /// It is no error if there is no such entity
    #[arg(short, long)]
    force: bool,
}

/// Commits the removal.
pub(crate) async fn rm(args: RmArgs) -> Result<u8, CommandError> {
    let database = Database::open(&args.backing.backing, Missing::Refuse).await?;
    let id = args.entity.id();
    // A value that cannot be read is there, and can be removed.
    if !args.force && matches!(database.get(&id).await, Ok(None)) {
        return Err(CommandError::NoEntity(id));
    }
    database.commit(vec![(id, None)]).await?;
    Ok(DONE)
}
