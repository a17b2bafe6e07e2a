//! The subcommands: their arguments, their help, and what they do. One file each.

mod completions;
mod demo;
mod export;
mod get;
mod import;
mod man;
mod models;
mod put;
mod rm;
mod status;
mod watch;

pub(crate) use completions::{CompletionsArgs, completions};
pub(crate) use demo::{DemoArgs, demo};
pub(crate) use export::{ExportArgs, export};
pub(crate) use get::{GetArgs, get};
pub(crate) use import::{ImportArgs, import};
pub(crate) use man::{ManArgs, man};
pub(crate) use models::{ModelsArgs, models};
pub(crate) use put::{PutArgs, put};
pub(crate) use rm::{RmArgs, rm};
pub(crate) use status::{StatusArgs, status};
pub(crate) use watch::{Told, WatchArgs, described, watch};
