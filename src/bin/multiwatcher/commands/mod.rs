//! The subcommands: their arguments, their help, and what they do. One file each.

mod completions;
mod demo;
mod export;
mod get;
mod import;
#[cfg(not(feature = "service"))]
mod left_out;
mod man;
mod models;
mod put;
mod rm;
#[cfg(feature = "service")]
mod serve;
mod status;
#[cfg(feature = "service")]
mod user;
mod watch;

pub(crate) use completions::{CompletionsArgs, completions};
pub(crate) use demo::{DemoArgs, demo};
pub(crate) use export::{ExportArgs, export};
pub(crate) use get::{GetArgs, get};
pub(crate) use import::{ImportArgs, import};
#[cfg(not(feature = "service"))]
pub(crate) use left_out::{LeftOutArgs, left_out};
pub(crate) use man::{ManArgs, man};
pub(crate) use models::{ModelsArgs, models};
pub(crate) use put::{PutArgs, put};
pub(crate) use rm::{RmArgs, rm};
#[cfg(feature = "service")]
pub(crate) use serve::{ServeArgs, serve};
pub(crate) use status::{StatusArgs, status};
#[cfg(feature = "service")]
pub(crate) use user::{UserArgs, user};
pub(crate) use watch::{Told, WatchArgs, described, watch};
