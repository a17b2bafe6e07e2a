//! `mwsim completions` and `mwsim man`: what a shell and a reader of manuals want to know, generated from the arguments, so that it
//! cannot differ from them.

use std::io::Write;

use clap::CommandFactory;

use super::args::{Cli, CompletionsArgs, ManArgs};
use super::{CLEAN, UsageError};

const NAME: &str = "mwsim";

/// Writes the completions for a shell.
pub(super) fn completions(args: &CompletionsArgs, out: &mut dyn Write) -> Result<u8, UsageError> {
    // The generator panics where it cannot write, so it writes to memory.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), NAME, &mut script);
    out.write_all(&script)?;
    Ok(CLEAN)
}

/// Writes the man page of the whole, or of one command.
pub(super) fn man(args: &ManArgs, out: &mut dyn Write) -> Result<u8, UsageError> {
    let mut whole = Cli::command();
    whole.build();
    let command = match &args.command {
        Some(name) => {
            let found = whole.get_subcommands().find(|command| command.get_name() == name && !command.is_hide_set());
            found.cloned().ok_or_else(|| UsageError::NoCommand(name.clone()))?
        }
        None => whole,
    };
    clap_mangen::Man::new(command).render(out)?;
    Ok(CLEAN)
}
