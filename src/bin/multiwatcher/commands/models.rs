//! `multiwatcher models`: which models there are, and what lives in them.

use std::collections::BTreeMap;

use clap::Args;
use multiwatcher::{Filter, ModelId};
use serde::Serialize;

use crate::cli::{BackingArg, DONE, WIDTH};
use crate::database::{Database, Missing};
use crate::entities::whole;
use crate::error::CommandError;
use crate::output::{self, note};
use crate::screen::{Screen, lines, number, printable};

/// Arguments of `models`.
#[derive(Debug, Args)]
#[command(max_term_width = WIDTH, after_help = "Examples:
  multiwatcher models -b sqlite:world.db
  multiwatcher models --json | jq -r .model

With --json one line for each model:
  {\"model\":UUID,\"entities\":NUMBER,\"kinds\":{KIND:NUMBER,...}}

Exit codes: 0 printed, 2 usage, 3 the backing or the output
failed.")]
pub(crate) struct ModelsArgs {
    #[command(flatten)]
    backing: BackingArg,
    /// Print lines of JSON
    #[arg(long)]
    json: bool,
}

/// One model, counted.
#[derive(Debug, Default, Serialize)]
struct Counts {
    entities: u64,
    kinds: BTreeMap<String, u64>,
}

#[derive(Debug, Serialize)]
struct Line<'a> {
    model: ModelId,
    #[serde(flatten)]
    counts: &'a Counts,
}

/// Prints the models.
pub(crate) async fn models(args: ModelsArgs) -> Result<u8, CommandError> {
    let database = Database::open(&args.backing.backing, Missing::Refuse).await?;
    let state = whole(&database, Filter::all_models()).await?;
    let mut models = BTreeMap::<ModelId, Counts>::new();
    for id in state.entities.keys().chain(state.unreadable.iter().map(|(id, _)| id)) {
        let counts = models.entry(id.model).or_default();
        counts.entities += 1;
        *counts.kinds.entry(id.kind.as_str().to_owned()).or_default() += 1;
    }
    let text = if args.json { json(&models) } else { table(&models, &Screen::of_stdout()) };
    output::write(text).await?;
    state.unreadable.iter().for_each(|(_, why)| note(why));
    Ok(DONE)
}

fn json(models: &BTreeMap<ModelId, Counts>) -> String {
    let line = |(&model, counts)| serde_json::to_string(&Line { model, counts }).expect("texts and numbers are JSON");
    models.iter().flat_map(|model| [line(model), "\n".to_owned()]).collect()
}

fn table(models: &BTreeMap<ModelId, Counts>, screen: &Screen) -> String {
    if models.is_empty() {
        return "no models: there are no entities\n".to_owned();
    }
    let mut table = screen.table();
    table.set_header(["model", "kind", "entities"]);
    for (model, counts) in models {
        let mut name = model.to_string();
        for (kind, count) in &counts.kinds {
            table.add_row([core::mem::take(&mut name), printable(kind), number(*count)]);
        }
    }
    if let Some(column) = table.column_mut(2) {
        column.set_cell_alignment(comfy_table::CellAlignment::Right);
    }
    lines(&table)
}
