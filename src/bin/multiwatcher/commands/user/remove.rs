//! `multiwatcher user remove`.

use clap::Args;

use super::{UsersArg, change};
use crate::cli::{DONE, WIDTH};
use crate::error::CommandError;

/// Arguments of `user remove`.
#[derive(Debug, Args)]
#[command(max_term_width = WIDTH, after_help = "Examples:
  multiwatcher user remove bob

They cannot log in any more. Where they are connected they stay so
until they leave, or the service is restarted.

Exit codes: 0 removed, 1 there is no such user, 2 usage or a file
that cannot be understood, 3 the file cannot be read or written.")]
pub(crate) struct RemoveArgs {
    /// Who
    name: String,
    #[command(flatten)]
    users: UsersArg,
}

/// Removes the user.
#[expect(clippy::unused_async, reason = "as all commands are")]
pub(super) async fn remove(args: &RemoveArgs) -> Result<u8, CommandError> {
    let path = &args.users.users;
    change(path, |users| {
        let gone = || CommandError::Nothing(format!("there is no user {:?} in {}", args.name, path.display()));
        users.remove(&args.name).then_some(()).ok_or_else(gone)
    })?;
    Ok(DONE)
}
