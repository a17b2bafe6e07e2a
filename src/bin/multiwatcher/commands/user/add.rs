//! `multiwatcher user add`.

use core::str::FromStr;
use std::collections::BTreeMap;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use multiwatcher::ModelId;
use multiwatcher::service::{ControllerAccess, ModelAccess, User};

use super::{UsersArg, change};
use crate::cli::{DONE, WIDTH};
use crate::error::CommandError;
use crate::output;
use crate::secret::Password;

const CONTROLLER: [ControllerAccess; 3] =
    [ControllerAccess::Login, ControllerAccess::AddModel, ControllerAccess::Superuser];
const MODEL: [ModelAccess; 3] = [ModelAccess::Read, ModelAccess::Write, ModelAccess::Admin];

/// Arguments of `user add`.
#[derive(Debug, Args)]
#[command(max_term_width = WIDTH, after_help = "Examples:
  multiwatcher user add ann --access superuser
  multiwatcher user add bob --model $MODEL=read
  pass show bob | multiwatcher user add bob --password-stdin

Without --password-stdin a password is drawn, and printed this
once. The file keeps its hash alone, and nobody else may read it.
A superuser sees everything; others see the models they are given:
read shows all but the offers, write is as good as read, admin
shows the offers too. To change a user, remove and add them.

Exit codes: 0 added, 2 usage, no password, a name that is taken or
a file that cannot be understood, 3 the file cannot be read or
written.")]
pub(crate) struct AddArgs {
    /// Letters and digits, inside also . + -
    name: String,
    /// Read the password from standard input, one line
    #[arg(long)]
    password_stdin: bool,
    /// What they may do with the controller
    #[arg(long, default_value = "login", value_parser = controller_access())]
    access: ControllerAccess,
    /// What they may do with a model: read, write or admin; may be given again
    #[arg(short, long = "model", value_name = "UUID=ACCESS")]
    models: Vec<ModelGrant>,
    #[command(flatten)]
    users: UsersArg,
}

/// One model and what may be done with it.
#[derive(Debug, Clone, Copy)]
struct ModelGrant(ModelId, ModelAccess);

impl FromStr for ModelGrant {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("expected a model's uuid, =, and read, write or admin, got {text:?}");
        let (model, access) = text.split_once('=').ok_or_else(expected)?;
        let access = MODEL.into_iter().find(|known| known.as_str() == access).ok_or_else(expected)?;
        Ok(Self(model.parse().map_err(|_| expected())?, access))
    }
}

fn controller_access() -> impl TypedValueParser<Value = ControllerAccess> {
    PossibleValuesParser::new(CONTROLLER.map(ControllerAccess::as_str)).map(|text| {
        let known = CONTROLLER.into_iter().find(|known| known.as_str() == text);
        known.expect("only these are possible")
    })
}

/// Adds the user.
pub(super) async fn add(args: AddArgs) -> Result<u8, CommandError> {
    let mut models = BTreeMap::new();
    for ModelGrant(model, access) in args.models {
        if models.insert(model, access).is_some() {
            return Err(CommandError::Input(format!("--model: expected each model once, got {model} again")));
        }
    }
    let password = if args.password_stdin { Password::from_stdin()? } else { Password::drawn() };
    let user = User { password: password.hash().await?, display_name: String::new(), controller: args.access, models };
    let path = &args.users.users;
    change(path, |users| users.add(&args.name, user).map_err(|error| super::wrong(path, &error)))?;
    let text = if args.password_stdin {
        format!("{} may log in\n", args.name)
    } else {
        format!("{} may log in with this password, shown once:\n{}\n", args.name, password.reveal())
    };
    let written = output::write(text).await;
    if written.is_err() && !args.password_stdin {
        // A password that nobody has seen is of no use.
        change(path, |users| Ok(users.remove(&args.name)))?;
    }
    written.map(|()| DONE)
}
