//! `multiwatcher demo`: a small living world, and two watchers of it.

mod show;
mod world;

use core::time::Duration;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use clap::Args;
use multiwatcher::backing::Json;
use multiwatcher::driver::{Multiwatcher, NextError};
use multiwatcher::{Batch, Change, Config, EntityId, Filter, Worker};
use tokio::sync::mpsc;

use self::show::Show;
use self::world::{MODELS, World};
use crate::cli::{DONE, WIDTH};
use crate::database::{Database, Missing};
use crate::entities::whole;
use crate::error::CommandError;
use crate::locator::Locator;
use crate::output;
use crate::screen::Screen;
use crate::signals::Signals;

/// The second watcher reads after every so many steps.
const SELDOM: u64 = 4;
/// How often it is looked whether the worker has come to a commit.
const LOOK: Duration = Duration::from_millis(1);

/// Arguments of `demo`.
#[derive(Debug, Args)]
#[command(max_term_width = WIDTH, after_help = "Examples:
  multiwatcher demo
  multiwatcher demo --steps 12 --pace 0

A task writes a world of two models into a temporary database of
SQLite. One watcher sees the model green and reads after every
commit. The other one sees both models and reads after every
fourth: what changed in between it is told once per entity, and
what came and went in between not at all. The same seed shows the
same world.

Exit codes: 0 all steps done, 2 usage, 3 something failed, or in
the end a watcher does not hold what the database does, 130 SIGINT
(Ctrl-C), 143 SIGTERM.")]
pub(crate) struct DemoArgs {
    /// Which world
    #[arg(long, value_name = "NUMBER", default_value_t = 7)]
    seed: u64,
    /// End after so many steps [default: go on until Ctrl-C]
    #[arg(long, value_name = "N")]
    steps: Option<u64>,
    /// Milliseconds between two steps
    #[arg(long, value_name = "MS", default_value_t = 800)]
    pace: u64,
}

/// What a watcher holds: the fold of its batches.
type View = BTreeMap<EntityId, Arc<Json>>;

/// A watcher and its view.
struct Watched {
    name: &'static str,
    reader: Multiwatcher<Json>,
    view: View,
}

/// Shows the world.
pub(crate) async fn demo(args: DemoArgs) -> Result<u8, CommandError> {
    let mut signals = Signals::new()?;
    let folder = tempfile::Builder::new().prefix("multiwatcher-demo-").tempdir();
    let folder = folder.map_err(|error| CommandError::Failed(format!("no temporary folder can be made: {error}")))?;
    // Whoever stops it leaves no database behind: the folder goes with this function.
    let shown = tokio::select! {
        biased;
        stop = signals.next() => Err(CommandError::Stopped(stop)),
        shown = run(&args, folder.path()) => shown,
    };
    drop(folder);
    shown.map(|()| DONE)
}

async fn run(args: &DemoArgs, folder: &Path) -> Result<(), CommandError> {
    let locator = Locator::Sqlite(folder.join("demo.db"));
    let database = Database::open(&locator, Missing::Make).await?;
    let worker = database.start(Config::default());
    let failed = |error: &NextError| CommandError::Failed(error.to_string());
    let (green, everything) = (Filter::model(MODELS[0].1), Filter::all_models());
    let mut often = Watched::open("green", &worker, green.clone()).await?;
    let mut seldom = Watched::open("all", &worker, everything.clone()).await?;
    let show = Show::new(Screen::of_stdout());
    output::write(show.head(args.seed, SELDOM)).await?;
    let mut writer = Writer::start(World::new(args.seed), database.clone());
    let mut count = 0;
    while args.steps.is_none_or(|steps| count < steps) {
        let said = writer.step().await?;
        count += 1;
        arrived(&worker, &database).await?;
        let mut text = show.step(count, &said);
        for reader in [Some(&mut often), count.is_multiple_of(SELDOM).then_some(&mut seldom)].into_iter().flatten() {
            text.push_str(&show.batch(reader.name, reader.take().map_err(|error| failed(&error))?.as_ref()));
        }
        output::write(text).await?;
        tokio::time::sleep(Duration::from_millis(args.pace)).await;
    }
    let rest = seldom.take().map_err(|error| failed(&error))?;
    for (reader, filter) in [(&often, green), (&seldom, everything)] {
        if reader.view != whole(&database, filter).await?.entities {
            return Err(CommandError::Failed(format!(
                "the watcher {} does not hold what the database does",
                reader.name
            )));
        }
    }
    database.end(worker).await;
    output::write(show.end(count, &show.batch(seldom.name, rest.as_ref()), often.view.len(), seldom.view.len())).await
}

/// The task that writes. It makes a step when it is asked for one, so that what is shown between two steps depends on no clock.
struct Writer {
    ask: mpsc::Sender<()>,
    told: mpsc::Receiver<Result<String, CommandError>>,
}

impl Writer {
    fn start(mut world: World, database: Database) -> Self {
        let (ask, mut asked) = mpsc::channel(1);
        let (tell, told) = mpsc::channel(1);
        tokio::spawn(async move {
            while asked.recv().await.is_some() {
                let (said, changes) = world.step();
                // Nobody may be left to hear it.
                let _ = tell.send(database.commit(changes).await.map(|()| said)).await;
            }
        });
        Self { ask, told }
    }

    /// Makes a step; what it was.
    async fn step(&mut self) -> Result<String, CommandError> {
        // A task that has ended does not answer either.
        let _ = self.ask.send(()).await;
        self.told.recv().await.unwrap_or_else(|| Err(CommandError::Failed("the task that writes has ended".to_owned())))
    }
}

/// Waits until the worker has come to the latest commit.
async fn arrived(worker: &Worker<Json>, database: &Database) -> Result<(), CommandError> {
    let latest = database.position().await?;
    while worker.report().census.position < latest {
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

impl Watched {
    async fn open(name: &'static str, worker: &Worker<Json>, filter: Filter) -> Result<Self, CommandError> {
        let failed = |error: String| CommandError::Failed(error);
        let reader = worker.watch(filter).map_err(|error| failed(error.to_string()))?;
        reader.next().await.map_err(|error| failed(error.to_string()))?;
        Ok(Self { name, reader, view: View::new() })
    }

    /// What changed since the last time, if anything did.
    fn take(&mut self) -> Result<Option<Batch<Json>>, NextError> {
        let batch = self.reader.try_next()?;
        for delta in batch.iter().flat_map(Batch::deltas) {
            match delta.change() {
                Change::Changed => self.view.insert(delta.id().clone(), Arc::clone(delta.value())),
                Change::Removed => self.view.remove(delta.id()),
            };
        }
        Ok(batch)
    }
}
