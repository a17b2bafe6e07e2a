//! The floor: a loop on one connection that looks at `data_version`, then at the log, then at the value.

use std::path::Path;
use std::sync::mpsc::channel;
use std::time::Duration;

use multiwatcher::SqliteBacking;
use notify::{RecursiveMode, Watcher};
use rusqlite::Connection;

use crate::common::clock::Samples;
use crate::other::{Other, connect, since};

/// What the loop does when there is nothing.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Wait {
    /// It looks again: a core of its own.
    Not,
    /// It waits until a file was written; for what is not visible then, it looks again after a moment.
    ForTheFile,
    /// It looks again after so long, whether anything was written or not.
    For(Duration),
}

/// After a file was written it looks again so soon, so many times; then it waits.
const SOON: Duration = Duration::from_micros(50);
const LOOKS: u32 = 10;
const LATE: Duration = Duration::from_millis(200);

/// How long it took until the loop had the value of each commit.
pub(crate) fn told(database: &Path, rounds: usize, wait: Wait) -> Samples {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("it needs nothing");
    drop(runtime.block_on(SqliteBacking::<u64>::open(database)).expect("a database can be made"));
    let (sender, written) = channel();
    let mut watcher = notify::recommended_watcher(move |_| {
        let _ = sender.send(());
    })
    .expect("files can be watched");
    if wait == Wait::ForTheFile {
        let folder = database.parent().expect("it lies in a folder");
        watcher.watch(folder, RecursiveMode::NonRecursive).expect("the folder can be watched");
    }
    let connection = connect(database);
    let (mut version, mut position) = (0, 0);
    let (mut samples, mut seen) = (Samples::default(), 0);
    let mut looks = 0;
    let _other = Other::start(database);
    while seen < rounds + rounds / 10 {
        let latest = data_version(&connection);
        if latest == version {
            match wait {
                Wait::Not => std::thread::yield_now(),
                Wait::ForTheFile => {
                    let patience = if looks < LOOKS { SOON } else { LATE };
                    looks = if written.recv_timeout(patience).is_ok() { 0 } else { looks + 1 };
                }
                Wait::For(pause) => std::thread::sleep(pause),
            }
            continue;
        }
        version = latest;
        for value in values(&connection, &mut position) {
            let took = since(value);
            seen += 1;
            if seen > rounds / 10 {
                samples.push(took);
            }
        }
    }
    samples
}

fn data_version(connection: &Connection) -> i64 {
    let mut statement = connection.prepare_cached("PRAGMA data_version").expect("it is a pragma");
    statement.query_row([], |row| row.get(0)).expect("it is a number")
}

/// The values of what was touched since the position, which moves on.
fn values(connection: &Connection, position: &mut i64) -> Vec<u64> {
    let moment = connection.unchecked_transaction().expect("nothing else is open");
    let sql = "SELECT position, value FROM change_log JOIN entity USING (kind, model, id) WHERE position > ?";
    let mut statement = moment.prepare_cached(sql).expect("the tables are there");
    let rows = statement.query_map([*position], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)));
    rows.expect("the log can be read")
        .map(|row| {
            let (latest, value) = row.expect("a row can be read");
            *position = latest;
            value.parse().expect("it is a number")
        })
        .collect()
}
