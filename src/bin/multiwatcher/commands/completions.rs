//! `multiwatcher completions`: what a shell wants to know, generated from the arguments, so that it cannot differ from them.

use clap::{Args, CommandFactory};

use crate::cli::{Cli, DONE, NAME, WIDTH};
use crate::error::CommandError;
use crate::output;

/// Arguments of `completions`.
#[derive(Debug, Args)]
#[command(max_term_width = WIDTH, after_help = "Examples:
  multiwatcher completions bash > multiwatcher.bash
  source multiwatcher.bash
  multiwatcher completions fish | source

Exit codes: 0 printed, 2 usage, 3 the output failed.")]
pub(crate) struct CompletionsArgs {
    /// Which shell
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

/// Prints the completions for a shell.
pub(crate) async fn completions(args: &CompletionsArgs) -> Result<u8, CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), NAME, &mut script);
    output::write(script).await?;
    Ok(DONE)
}
