//! What a process that only watches holds of a database: another one has written it. Both are this program again, so that nothing of
//! the rest of the run is counted, nor what writing takes.

#![expect(clippy::print_stdout, reason = "that is how one process tells the other")]

use std::path::Path;
use std::process::Command;

use multiwatcher::backing::{Json, sqlite::SqliteBacking};
use multiwatcher::machine::EntityId;
use multiwatcher::{Config, Worker};
use tempfile::TempDir;

use crate::common::world::id;
use crate::{COUNTED, each};

/// How many times the values' own size it may be.
pub(crate) const SHARE: f64 = 1.6;

/// What another process is to do, with which database, and of how many entities.
const ROLE: &str = "MULTIWATCHER_BENCH_ROLE";
const DATABASE: &str = "MULTIWATCHER_BENCH_DATABASE";
const COUNT: &str = "MULTIWATCHER_BENCH_COUNT";

/// Bytes of each entity.
pub(crate) struct Held {
    /// Its JSON.
    pub(crate) text: f64,
    /// What a process that watches has asked of the allocator of this language.
    pub(crate) counted: f64,
    /// By how much it has grown, as the system sees it: with what the library of SQLite keeps, and with what the allocator keeps for
    /// later. Nothing where the system does not tell.
    pub(crate) resident: Option<f64>,
}

/// Whether this is another process; it does what it is to do.
pub(crate) fn is_other() -> bool {
    let Ok(role) = std::env::var(ROLE) else { return false };
    let database = std::env::var_os(DATABASE).expect("it is told beside the role");
    let count = std::env::var(COUNT).ok().and_then(|count| count.parse().ok()).expect("it is told beside the role");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .expect("a runtime of two threads can be made");
    runtime.block_on(async {
        if role == "write" {
            println!("{}", fill(Path::new(&database), count).await);
        } else {
            watch(Path::new(&database), count).await;
        }
    });
    true
}

/// What a process that watches so many entities holds.
pub(crate) fn per_entity(count: usize) -> Held {
    let folder = TempDir::new().expect("a folder can be made");
    let database = folder.path().join("entities.db");
    let [text] = ask("write", &database, count)[..] else { panic!("the writer tells one number") };
    let [counted, resident] = ask("watch", &database, count)[..] else { panic!("the watcher tells two numbers") };
    Held { text, counted, resident: Some(resident).filter(|&bytes| bytes > 0.0) }
}

/// The numbers that another process tells.
fn ask(role: &str, database: &Path, count: usize) -> Vec<f64> {
    let mut program = Command::new(std::env::current_exe().expect("a program knows its file"));
    program.env(ROLE, role).env(DATABASE, database).env(COUNT, count.to_string());
    let output = program.output().expect("this program can be started again");
    assert!(output.status.success(), "{role}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).split_whitespace().map(|word| word.parse().expect("a number")).collect()
}

/// Tells, for each entity, what was allocated and by how much the process has grown.
async fn watch(database: &Path, count: usize) {
    let (before, resident_before) = (COUNTED.current_usage(), resident());
    let backing = SqliteBacking::open(database).await.expect("the database is there");
    let worker = Worker::<Json>::start(backing, Config::default());
    let reader = worker.watch_all_models().expect("it runs");
    assert_eq!(reader.next().await.expect("it runs").deltas().len(), count);
    let grown = resident().zip(resident_before).map_or(0, |(after, before)| after.saturating_sub(before));
    println!("{} {}", each(before, count), ratio(grown, count));
}

/// Writes so many entities; how many bytes of JSON each has.
async fn fill(database: &Path, count: usize) -> f64 {
    let backing = SqliteBacking::open(database).await.expect("a database can be made");
    let all: Vec<_> = (0..count).map(id).collect();
    let mut text = 0;
    for ids in all.chunks(5000) {
        text += write(&backing, ids).await;
    }
    ratio(text, count)
}

/// Writes them; how many bytes of JSON that were.
async fn write(backing: &SqliteBacking, ids: &[EntityId]) -> usize {
    let (mut transaction, mut text) = (backing.transaction(), 0);
    for id in ids {
        let value = Json::of(&format!("{}{}", id.id(), "x".repeat(998 - id.id().len()))).expect("text is JSON");
        text += value.as_str().len();
        transaction = transaction.put(id.clone(), &value);
    }
    transaction.commit().await.expect("the disk has room");
    text
}

/// The bytes of this process that are in memory, where the system tells.
fn resident() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<usize>().ok()? * 1024)
}

#[expect(clippy::cast_precision_loss, reason = "far fewer bytes than a float counts exactly")]
fn ratio(bytes: usize, count: usize) -> f64 {
    bytes as f64 / count as f64
}
