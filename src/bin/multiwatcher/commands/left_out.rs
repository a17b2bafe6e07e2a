//! The commands that a build without the service does not have: they say which build has them.

use clap::Args;

use crate::cli::WIDTH;
use crate::error::CommandError;

/// Whatever is asked of a command that is not there.
#[derive(Debug, Args)]
#[command(max_term_width = WIDTH, after_help = "This program was built without the service. Build it with
--features cli,service.

Examples:
  cargo run --features cli,service -- serve

Exit codes: 2 it is not there.")]
pub(crate) struct LeftOutArgs {
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    _anything: Vec<String>,
}

/// Says it.
pub(crate) fn left_out(_: &LeftOutArgs) -> Result<u8, CommandError> {
    Err(CommandError::Input(
        "this program was built without the service: expected one built with --features cli,service".to_owned(),
    ))
}
