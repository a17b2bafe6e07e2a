//! The process that commits, and its clock, which both processes read.

#![expect(clippy::disallowed_types, reason = "two processes have only the wall clock in common")]

use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::Connection;

/// Names the database, for the other process.
const DATABASE: &str = "MULTIWATCHER_BENCH_DATABASE";
/// Between two commits everything comes to rest.
const CALM: Duration = Duration::from_millis(4);

/// Whether this is the other process; it commits until it is ended.
pub(crate) fn is_other() -> bool {
    let Some(database) = std::env::var_os(DATABASE) else { return false };
    let shell = connect(Path::new(&database));
    loop {
        std::thread::sleep(CALM);
        let sql = "INSERT INTO entity VALUES ('unit', '00000000-0000-0000-0000-000000000001', 'x', ?)
            ON CONFLICT DO UPDATE SET value = excluded.value";
        let mut statement = shell.prepare_cached(sql).expect("the tables are there");
        statement.execute([now().to_string()]).expect("nobody else writes");
    }
}

/// A process that commits for as long as this is kept.
pub(crate) struct Other(Child);

impl Other {
    pub(crate) fn start(database: &Path) -> Self {
        let program = std::env::current_exe().expect("a program knows its file");
        Self(Command::new(program).env(DATABASE, database).spawn().expect("this program can be started again"))
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A connection as any program has.
pub(crate) fn connect(database: &Path) -> Connection {
    let connection = Connection::open(database).expect("the file is there");
    connection.busy_timeout(Duration::from_secs(5)).expect("a time-out can be set");
    connection.pragma_update(None, "synchronous", "normal").expect("it can be set");
    connection
}

/// Nanoseconds on the clock that both processes read.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970");
    u64::try_from(since.as_nanos()).expect("it is earlier than 2500")
}

/// How long ago that was.
#[expect(clippy::cast_precision_loss, reason = "a commit takes far fewer nanoseconds than a float counts exactly")]
pub(crate) fn since(then: u64) -> f64 {
    now().saturating_sub(then) as f64
}
