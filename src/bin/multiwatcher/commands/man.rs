//! `multiwatcher man`: what a reader of manuals wants to know, generated from the arguments, so that it cannot differ from them.

use clap::{Args, CommandFactory};

use crate::cli::{Cli, DONE, WIDTH};
use crate::error::CommandError;
use crate::output;

/// Arguments of `man`.
#[derive(Debug, Args)]
#[command(max_term_width = WIDTH, after_help = "Examples:
  multiwatcher man | man -l -
  multiwatcher man watch > multiwatcher-watch.1

Exit codes: 0 printed, 2 there is no such command, 3 the output
failed.")]
pub(crate) struct ManArgs {
    /// Of one command [default: of all together]
    #[arg(value_name = "COMMAND")]
    command: Option<String>,
}

/// Prints the man page of the whole, or of one command.
pub(crate) async fn man(args: &ManArgs) -> Result<u8, CommandError> {
    let mut whole = Cli::command();
    whole.build();
    let command = match &args.command {
        Some(name) => whole.get_subcommands().find(|command| command.get_name() == name).cloned().ok_or_else(|| {
            CommandError::Input(format!(
                "there is no command {name:?}\n  expected one of those that multiwatcher --help lists, such as watch"
            ))
        })?,
        None => whole,
    };
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page).map_err(|error| CommandError::output(&error))?;
    output::write(page).await?;
    Ok(DONE)
}
