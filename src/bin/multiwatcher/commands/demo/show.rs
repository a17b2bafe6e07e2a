//! How the demo looks. No clock is shown, so the same seed prints the same text.

use multiwatcher::backing::Json;
use multiwatcher::{Batch, Change, Delta};

use super::world::MODELS;
use crate::screen::{Screen, counted, fitted, number};

/// Columns of a watcher's name, of an operation and of an entity's.
const WATCHER: usize = 5;
const ENTITY: usize = 18;

/// Prints the demo.
pub(super) struct Show {
    screen: Screen,
}

impl Show {
    pub(super) fn new(screen: Screen) -> Self {
        Self { screen }
    }

    pub(super) fn head(&self, seed: u64, seldom: u64) -> String {
        format!(
            "{}\n{} sees the model green, reads after every commit\n{} sees all models, reads after every {seldom} commits\n\
             world {seed}, Ctrl-C ends\n",
            self.screen.bold("one database, one worker, two watchers"),
            self.watcher("green"),
            self.watcher("all"),
        )
    }

    pub(super) fn step(&self, step: u64, said: &str) -> String {
        format!("\n{} {said}\n", self.screen.bold(&format!("commit {}", number(step))))
    }

    /// A batch; nothing if there was none.
    pub(super) fn batch(&self, watcher: &str, batch: Option<&Batch<Json>>) -> String {
        let Some(batch) = batch else { return String::new() };
        let row = |delta: &Delta<Json>| {
            let (id, name) = (delta.id(), self.watcher(watcher));
            let model = MODELS.iter().find(|(_, model)| *model == id.model).map_or("", |(name, _)| *name);
            let entity = format!("{} {}", id.kind, id.id());
            let model = self.screen.dim(&fitted(model, WATCHER));
            match delta.change() {
                Change::Changed => {
                    let changed = self.screen.green("changed");
                    format!("{name} {changed} {model} {} {}\n", fitted(&entity, ENTITY), delta.value())
                }
                Change::Removed => format!("{name} {} {model} {entity}\n", self.screen.red("removed")),
            }
        };
        batch.deltas().iter().map(row).collect()
    }

    pub(super) fn end(&self, commits: u64, rest: &str, green: usize, all: usize) -> String {
        let commits = counted(usize::try_from(commits).unwrap_or(usize::MAX), "commit", "commits");
        let (green, all) = (counted(green, "entity", "entities"), counted(all, "entity", "entities"));
        format!(
            "\n{}\n{rest}{} holds {green}, {} {all}: as the database\n",
            self.screen.bold(&format!("{commits} done")),
            self.watcher("green").trim_end(),
            self.watcher("all").trim_end(),
        )
    }

    fn watcher(&self, name: &str) -> String {
        let padded = fitted(name, WATCHER);
        if name == "all" { self.screen.yellow(&padded) } else { self.screen.cyan(&padded) }
    }
}
