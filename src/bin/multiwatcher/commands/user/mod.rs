//! `multiwatcher user`: who may log in to the service.

mod add;
mod list;
mod remove;

use std::fs::File;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use multiwatcher::service::{Users, UsersError};

use crate::cli::WIDTH;
use crate::error::CommandError;

/// The file of users where none is named: `serve` and `user` mean the same one.
pub(crate) const USERS: &str = "multiwatcher-users.toml";

/// Arguments of `user`.
#[derive(Debug, Args)]
#[command(max_term_width = WIDTH, subcommand_required = true, arg_required_else_help = true, after_help = "Examples:
  multiwatcher user add ann --access superuser
  multiwatcher user add bob --model $MODEL=read
  multiwatcher user list
  multiwatcher user remove bob

The users are in a file of TOML that serve reads at each login:
what is changed there, by this command or by hand, holds for the
next login, without a restart. Who is connected stays so, with
what they could see when they logged in.

Exit codes: those of the subcommands; 2 usage.")]
pub(crate) struct UserArgs {
    #[command(subcommand)]
    command: UserCommand,
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Add a user
    Add(add::AddArgs),
    /// List the users
    List(list::ListArgs),
    /// Remove a user
    Remove(remove::RemoveArgs),
}

/// Which file.
#[derive(Debug, Clone, Args)]
pub(crate) struct UsersArg {
    /// The file of users
    #[arg(long, value_name = "FILE", default_value = USERS)]
    pub(crate) users: PathBuf,
}

/// Does what is asked of the users.
pub(crate) async fn user(args: UserArgs) -> Result<u8, CommandError> {
    match args.command {
        UserCommand::Add(args) => add::add(args).await,
        UserCommand::List(args) => list::list(&args).await,
        UserCommand::Remove(args) => remove::remove(&args).await,
    }
}

/// Reads them. A file that is not there has none.
pub(crate) fn load(path: &Path) -> Result<Users, CommandError> {
    Users::load(path).map_err(|error| wrong(path, &error))
}

/// Changes the file. Of two that change it at the same time each sees what the other one did.
pub(crate) fn change<T>(
    path: &Path,
    change: impl FnOnce(&mut Users) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let failed = |error: std::io::Error| CommandError::Failed(format!("the folder {}: {error}", folder.display()));
    // The folder is locked, for the file is replaced by another one.
    let lock = File::open(folder).map_err(failed)?;
    lock.lock().map_err(failed)?;
    let mut users = load(path)?;
    let changed = change(&mut users)?;
    users.save(path).map_err(|error| wrong(path, &error))?;
    drop(lock);
    Ok(changed)
}

/// An error about the users, with the file it is in.
pub(crate) fn wrong(path: &Path, error: &UsersError) -> CommandError {
    match error {
        UsersError::File { .. } => CommandError::Failed(error.to_string()),
        UsersError::Format { .. } => CommandError::Input(format!("{}\n  {error}", path.display())),
        UsersError::Name { .. } | UsersError::Exists { .. } => CommandError::Input(error.to_string()),
    }
}
