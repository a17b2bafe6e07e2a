//! Running the command, in a folder of the test's own.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use rusqlite::Connection;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// Nothing takes this long unless it is broken.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// A model, and another one.
pub(crate) const MODEL: &str = "00000000-0000-0000-0000-000000000001";
pub(crate) const OTHER: &str = "00000000-0000-0000-0000-000000000002";

/// An answer.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Asked {
    /// What was printed by a command that did what it was asked, and said nothing else.
    pub(crate) fn done(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (Some(0), ""), "{}", self.out);
        self.out
    }

    /// What was said by a command that did not.
    pub(crate) fn failed(self, code: i32) -> String {
        assert_eq!((self.code, self.out.as_str()), (Some(code), ""), "{}", self.err);
        self.err
    }
}

/// A folder for databases and sockets, gone with the test.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.file(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The command, in this folder: `--backing` is `sqlite:world.db` unless it is given.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_multiwatcher"));
        command
            .args(args)
            .current_dir(self.path())
            .env("MULTIWATCHER_BACKING", "sqlite:world.db")
            .env("XDG_RUNTIME_DIR", self.path())
            .env_remove("NO_COLOR")
            .stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    pub(crate) fn ask<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Asked {
        answer(&mut self.command(args))
    }

    /// The same with something on standard input.
    pub(crate) fn ask_with<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>, input: &[u8]) -> Asked {
        let input = File::open(self.write("input", input)).unwrap();
        answer(self.command(args).stdin(input))
    }

    /// Gives an entity of the first model a value.
    pub(crate) fn put(&self, id: &str, value: &str) {
        self.ask(["put", "unit", MODEL, id, value]).done();
    }

    pub(crate) fn rm(&self, id: &str) {
        self.ask(["rm", "unit", MODEL, id]).done();
    }

    /// Starts a watch that prints lines.
    pub(crate) fn watch<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Watch {
        Watch::start(&mut self.command([OsStr::new("watch")]), args)
    }

    /// The database, as another program opens it.
    pub(crate) fn shell(&self) -> Connection {
        let connection = Connection::open(self.file("world.db")).unwrap();
        connection.busy_timeout(LONG).unwrap();
        connection
    }

    /// The names of the sockets that are there.
    pub(crate) fn sockets(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.file("multiwatcher")) else { return Vec::new() };
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

pub(crate) fn answer(command: &mut Command) -> Asked {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Asked { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// A command that runs, and the lines it prints. Killed with the test.
pub(crate) struct Watch {
    child: Child,
    lines: Receiver<String>,
}

impl Watch {
    pub(crate) fn start<S: AsRef<OsStr>>(command: &mut Command, args: impl IntoIterator<Item = S>) -> Self {
        let mut child = command.args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, lines }
    }

    /// The next line as it is, which must come.
    pub(crate) fn text(&self) -> String {
        self.lines.recv_timeout(LONG).expect("a line comes")
    }

    /// The next line, which must come and be JSON.
    pub(crate) fn line(&self) -> Value {
        let line = self.text();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    /// The next difference in short: `changed a 1`.
    pub(crate) fn told(&self) -> String {
        told(&self.line())
    }

    /// Whether nothing is printed for so long.
    pub(crate) fn is_quiet_for(&self, time: Duration) -> bool {
        matches!(self.lines.recv_timeout(time), Err(RecvTimeoutError::Timeout))
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for its end: how it ended, the lines that were not taken, and what was said on standard error.
    pub(crate) fn end(mut self) -> (ExitStatus, Vec<String>, String) {
        let status = wait(&mut self.child);
        let mut err = String::new();
        std::io::Read::read_to_string(&mut self.child.stderr.take().unwrap(), &mut err).unwrap();
        (status, self.lines.iter().collect(), err)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for the end of a process, not for ever.
pub(crate) fn wait(child: &mut Child) -> ExitStatus {
    for _ in 0..LONG.as_millis() / 5 {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let _ = child.kill();
    panic!("the command does not end");
}

/// A difference in short.
pub(crate) fn told(line: &Value) -> String {
    let value = line.get("value").map_or_else(String::new, |value| format!(" {value}"));
    format!("{} {}{value}", line["operation"].as_str().unwrap(), line["id"].as_str().unwrap())
}

/// The differences of some lines in short, in order.
pub(crate) fn all_told(lines: &str) -> Vec<String> {
    lines.lines().map(|line| told(&serde_json::from_str(line).unwrap())).collect()
}

/// What somebody holds who was told these lines.
pub(crate) fn fold(held: &mut BTreeMap<String, Value>, line: &Value) {
    let name = format!(
        "{} {} {}",
        line["kind"].as_str().unwrap(),
        line["model"].as_str().unwrap(),
        line["id"].as_str().unwrap()
    );
    match line["operation"].as_str().unwrap() {
        "changed" => held.insert(name, line["value"].clone()),
        "removed" => held.remove(&name),
        other => panic!("{other} is no operation on an entity"),
    };
}

/// What the database holds, in the same form.
pub(crate) fn contents(shell: &Connection) -> BTreeMap<String, Value> {
    let mut statement = shell.prepare("SELECT kind || ' ' || model || ' ' || id, value FROM entity").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?))).unwrap();
    rows.map(Result::unwrap).map(|(name, value)| (name, serde_json::from_str(&value).unwrap())).collect()
}

/// Dice of a test.
pub(crate) fn roll(dice: &mut u64) -> u64 {
    *dice ^= *dice << 13;
    *dice ^= *dice >> 7;
    *dice ^= *dice << 17;
    *dice >> 8
}

/// Appends to a file.
pub(crate) fn append(path: &Path, text: &[u8]) {
    std::fs::OpenOptions::new().append(true).open(path).unwrap().write_all(text).unwrap();
}

/// The row of the log that a position of SQLite is of; the rest of it is chance.
pub(crate) fn row(position: &Value) -> u64 {
    position.as_u64().unwrap() >> 20
}
