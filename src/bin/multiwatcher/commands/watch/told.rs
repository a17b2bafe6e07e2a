//! What is printed of a batch: lines of JSON for programs, a table for whoever looks at a terminal.

use std::borrow::Cow;
use std::sync::Arc;

use multiwatcher::backing::Json;
use multiwatcher::machine::{Position, Revno};
use multiwatcher::{Change, Delta, EntityId, ModelId};
use serde::Serialize;

use crate::entities::one_line;
use crate::screen::{Screen, fitted, printable};

/// A difference that is to be printed.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    id: EntityId,
    revno: Revno,
    change: Change,
    /// The value, or the last one; not known of what went while nobody watched.
    value: Option<Arc<Json>>,
}

impl Told {
    /// That of a delta.
    pub(crate) fn of(delta: &Delta<Json>) -> Self {
        let value = Some(Arc::clone(delta.value()));
        Self { id: delta.id().clone(), revno: delta.revno(), change: delta.change(), value }
    }

    /// An entity that went while nobody watched.
    pub(crate) fn gone(id: EntityId, revno: Revno) -> Self {
        Self { id, revno, change: Change::Removed, value: None }
    }
}

/// How it is printed.
#[derive(Debug)]
pub(super) enum Printer {
    /// A line of JSON each; after each batch one that says so, if that is wanted.
    Lines { progress: bool },
    /// Rows under the model they belong to.
    Table { screen: Screen, model: Option<ModelId> },
}

#[derive(Serialize)]
struct DeltaLine<'a> {
    revno: Revno,
    operation: &'static str,
    kind: &'a str,
    model: ModelId,
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Cow<'a, Json>>,
}

#[derive(Serialize)]
struct ProgressLine {
    revno: Revno,
    operation: &'static str,
    position: Position,
}

impl Printer {
    /// What is printed of these.
    pub(super) fn print(&mut self, told: &[Told], revno: Revno, position: Position) -> Vec<u8> {
        let mut text = Vec::new();
        match self {
            Self::Lines { progress } => {
                told.iter().for_each(|told| line(&told.line(), &mut text));
                if *progress {
                    line(&ProgressLine { revno, operation: "progress", position }, &mut text);
                }
            }
            Self::Table { screen, model } => {
                for told in told {
                    if model.replace(told.id.model) != Some(told.id.model) {
                        let heading = format!("model {}", told.id.model);
                        text.extend_from_slice(screen.bold(&heading).as_bytes());
                        text.push(b'\n');
                    }
                    text.extend_from_slice(told.row(screen).as_bytes());
                    text.push(b'\n');
                }
            }
        }
        text
    }
}

fn line(line: &impl Serialize, to: &mut Vec<u8>) {
    serde_json::to_writer(&mut *to, line).expect("memory can be written, and the fields are texts, numbers and JSON");
    to.push(b'\n');
}

impl Told {
    fn line(&self) -> DeltaLine<'_> {
        let Self { id, revno, change, value } = self;
        let operation = match change {
            Change::Changed => "changed",
            Change::Removed => "removed",
        };
        let value = value.as_deref().map(one_line);
        DeltaLine { revno: *revno, operation, kind: id.kind.as_str(), model: id.model, id: id.id(), value }
    }

    /// One line of the screen, or more if the name is long: a name is never cut.
    fn row(&self, screen: &Screen) -> String {
        let Self { id, revno, change, value } = self;
        let name = printable(&format!("{} {}", id.kind, id.id()));
        let revno = fitted(&revno.to_string(), 5);
        let (operation, value) = match (change, value) {
            (Change::Changed, Some(value)) => (screen.green("changed"), printable(&one_line(value).to_string())),
            (Change::Changed, None) => (screen.green("changed"), String::new()),
            (Change::Removed, _) => (screen.red("removed"), String::new()),
        };
        let width = console::measure_text_width(&name).max(NAME.min(screen.columns / 3));
        // What stands before the value: the revno, the operation, the name, and a blank after each.
        let left = screen.columns.saturating_sub(6 + 8 + width + 1);
        if value.is_empty() || left < FEWEST {
            return format!("{} {operation} {name}", screen.dim(&revno));
        }
        let value = console::truncate_str(&value, left, "…");
        format!("{} {operation} {} {value}", screen.dim(&revno), fitted(&name, width))
    }
}

/// Columns of a name, if there is room.
const NAME: usize = 24;
/// A value of fewer columns says nothing.
const FEWEST: usize = 4;
