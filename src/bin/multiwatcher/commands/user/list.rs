//! `multiwatcher user list`.

use std::collections::BTreeMap;

use clap::Args;
use multiwatcher::ModelId;
use multiwatcher::service::Users;
use serde::Serialize;

use super::{UsersArg, load};
use crate::cli::{DONE, WIDTH};
use crate::error::CommandError;
use crate::output;
use crate::screen::{Screen, lines};

/// Arguments of `user list`.
#[derive(Debug, Args)]
#[command(max_term_width = WIDTH, after_help = "Examples:
  multiwatcher user list
  multiwatcher user list --json | jq -r .name

With --json one line for each user:
  {\"name\":TEXT,\"access\":TEXT,\"models\":{UUID:TEXT,...}}

Exit codes: 0 printed, 2 usage or a file that cannot be
understood, 3 the file cannot be read, or the output failed.")]
pub(crate) struct ListArgs {
    /// Print lines of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    users: UsersArg,
}

#[derive(Debug, Serialize)]
struct Line<'a> {
    name: &'a str,
    access: &'static str,
    models: BTreeMap<ModelId, &'static str>,
}

/// Prints the users.
pub(super) async fn list(args: &ListArgs) -> Result<u8, CommandError> {
    let users = load(&args.users.users)?;
    let text = if args.json {
        all(&users).flat_map(|line| [serde_json::to_string(&line).expect("texts are JSON"), "\n".to_owned()]).collect()
    } else {
        table(&users, &Screen::of_stdout())
    };
    output::write(text).await?;
    Ok(DONE)
}

fn all(users: &Users) -> impl Iterator<Item = Line<'_>> {
    users.iter().map(|(name, user)| {
        let models = user.models.iter().map(|(model, access)| (*model, access.as_str())).collect();
        Line { name, access: user.controller.as_str(), models }
    })
}

fn table(users: &Users, screen: &Screen) -> String {
    if users.is_empty() {
        return "no users: nobody can log in\n".to_owned();
    }
    let mut table = screen.table();
    table.set_header(["user", "access", "models"]);
    for line in all(users) {
        let models: Vec<_> = line.models.iter().map(|(model, access)| format!("{model} {access}")).collect();
        table.add_row([line.name, line.access, &models.join("\n")]);
    }
    lines(&table)
}
