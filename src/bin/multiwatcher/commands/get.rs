//! `multiwatcher get`: the value of one entity.

use clap::Args;

use crate::cli::{BackingArg, DONE, EntityArgs, WIDTH};
use crate::database::{Database, Missing};
use crate::error::CommandError;
use crate::output;

/// Arguments of `get`.
#[derive(Debug, Args)]
#[command(max_term_width = WIDTH, after_help = "Examples:
  multiwatcher get -b sqlite:world.db unit $MODEL mysql/0
  multiwatcher get unit $MODEL mysql/0 | jq .status

Prints the JSON as it is stored.

Exit codes: 0 printed, 1 there is no such entity, 2 usage, 3 the
backing or the output failed, or the value cannot be read.")]
pub(crate) struct GetArgs {
    #[command(flatten)]
    backing: BackingArg,
    #[command(flatten)]
    entity: EntityArgs,
}

/// Prints the value.
pub(crate) async fn get(args: GetArgs) -> Result<u8, CommandError> {
    let database = Database::open(&args.backing.backing, Missing::Refuse).await?;
    let id = args.entity.id();
    match database.get(&id).await? {
        Some(value) => {
            output::write(format!("{value}\n")).await?;
            Ok(DONE)
        }
        None => Err(CommandError::NoEntity(id)),
    }
}
