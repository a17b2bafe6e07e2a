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
    /// Of one command, such as `user add` [default: of all together]
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
}

/// Prints the man page of the whole, or of one command.
pub(crate) async fn man(args: &ManArgs) -> Result<u8, CommandError> {
    let mut whole = Cli::command();
    whole.build();
    let mut command = &whole;
    for name in &args.command {
        let found = command.get_subcommands().find(|command| command.get_name() == name);
        command = found.ok_or_else(|| {
            CommandError::Input(format!(
                "there is no command {:?}\n  expected one of those that multiwatcher --help lists, such as watch",
                args.command.join(" ")
            ))
        })?;
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page).map_err(|error| CommandError::output(&error))?;
    output::write(page).await?;
    Ok(DONE)
}
