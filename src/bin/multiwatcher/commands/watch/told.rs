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
                // In one batch there is no order between entities that matters to whoever looks.
                let mut rows: Vec<_> = told.iter().collect();
                rows.sort_by_key(|told| told.id.model);
                for told in rows {
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

    /// One line of the screen. A name is never cut: after a long one the value has a line of its own.
    fn row(&self, screen: &Screen) -> String {
        let Self { id, revno, change, value } = self;
        let name = printable(&format!("{} {}", id.kind, id.id()));
        let (operation, value) = match (change, value) {
            (Change::Changed, Some(value)) => (screen.green("changed"), printable(&one_line(value).to_string())),
            (Change::Changed, None) => (screen.green("changed"), String::new()),
            (Change::Removed, _) => (screen.red("removed"), String::new()),
        };
        let begin = format!("{} {operation}", screen.dim(&fitted(&revno.to_string(), REVNO)));
        let width = console::measure_text_width(&name).max(NAME.min(screen.columns / 3));
        let left = screen.columns.saturating_sub(REVNO + 1 + OPERATION + 1 + width + 1);
        let cut = |columns| console::truncate_str(&value, columns, "…");
        if value.is_empty() {
            format!("{begin} {name}")
        } else if left < FEWEST.min(console::measure_text_width(&value)) {
            format!("{begin} {name}\n{:REVNO$} {}", "", cut(screen.columns - REVNO - 1))
        } else {
            format!("{begin} {} {}", fitted(&name, width), cut(left))
        }
    }
}

/// Columns of a revno, an operation, and a name if there is room.
const REVNO: usize = 5;
const OPERATION: usize = 7;
const NAME: usize = 24;
/// Fewer columns of a value say too little.
const FEWEST: usize = 16;
