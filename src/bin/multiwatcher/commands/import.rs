//! `multiwatcher import`: many entities from lines of JSON, some thousands in one transaction.

use core::num::NonZeroUsize;
use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal};
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::{BackingArg, DONE, WIDTH};
use crate::database::{Change, Database, Missing};
use crate::entities::EntityLine;
use crate::error::CommandError;
use crate::output;
use crate::screen::counted;
use crate::signals::{Signals, Stop};

/// Arguments of `import`.
#[derive(Debug, Args)]
#[command(max_term_width = WIDTH, after_help = "Examples:
  multiwatcher import -b sqlite:world.db entities.jsonl
  zcat entities.jsonl.gz | multiwatcher import -

One line for each entity, as export prints them; empty lines are
skipped:
  {\"kind\":TEXT,\"model\":UUID,\"id\":TEXT,\"value\":JSON}
Entities that are not in the file stay as they are. Of two lines
for one entity the later one counts. A file of SQLite that is not
there is made.

Watchers see each transaction whole. If something goes wrong,
those before it stay committed, and it is told how far they
reach; the same import may be run again.

Exit codes: 0 committed, 2 usage or a line that cannot be read, 3
the backing or the reading failed, 130 SIGINT, 143 SIGTERM.")]
pub(crate) struct ImportArgs {
    #[command(flatten)]
    backing: BackingArg,
    /// The file; - is standard input
    #[arg(value_name = "FILE|-")]
    file: PathBuf,
    /// How many entities one transaction holds [default: 5000, and
    /// 100 for etcd, whose servers take few]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    batch: Option<NonZeroUsize>,
}

fn at_least_one(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| format!("expected a number of entities from 1 on, got {text:?}"))
}

/// Commits the entities.
pub(crate) async fn import(args: ImportArgs) -> Result<u8, CommandError> {
    let mut signals = Signals::new()?;
    let mut source = Source::open(&args.file)?;
    let database = Database::open(&args.backing.backing, Missing::Make).await?;
    let bar = bar(source.length);
    let mut done = Committed::default();
    let batch = args.batch.map_or(database.batch(), NonZeroUsize::get);
    let imported = run(&mut source, &database, batch, &mut signals, &bar, &mut done).await;
    bar.finish_and_clear();
    match imported {
        Ok(()) => {
            output::write(format!("{}\n", done.told(&source.name))).await?;
            Ok(DONE)
        }
        Err(Halt::Stopped(stop)) => Err(CommandError::StoppedAt(stop, done.told(&source.name))),
        Err(Halt::Line(why)) => Err(CommandError::Input(format!("{why}\n  {}", done.told(&source.name)))),
        Err(Halt::Failed(error)) => Err(CommandError::Failed(format!("{error}\n  {}", done.told(&source.name)))),
    }
}

/// What was committed so far.
#[derive(Debug, Default)]
struct Committed {
    entities: usize,
    transactions: usize,
    /// The last line of what was committed.
    line: u64,
    /// One more was begun, and nobody waited for its end.
    is_in_doubt: bool,
}

impl Committed {
    fn told(&self, name: &str) -> String {
        let Self { entities, transactions, line, is_in_doubt } = *self;
        let doubt = if is_in_doubt { "; one more transaction may have been" } else { "" };
        if transactions == 0 {
            return format!("nothing was committed{doubt}");
        }
        let entities = counted(entities, "entity", "entities");
        let transactions = counted(transactions, "transaction", "transactions");
        format!("committed {entities} in {transactions}: {name}, lines 1 to {line}{doubt}")
    }
}

/// Why it ended before the end.
enum Halt {
    Stopped(Stop),
    Line(String),
    Failed(String),
}

async fn run(
    source: &mut Source,
    database: &Database,
    batch: usize,
    signals: &mut Signals,
    bar: &ProgressBar,
    done: &mut Committed,
) -> Result<(), Halt> {
    loop {
        // Reading may wait for whoever writes, so it is done elsewhere; it goes on while nobody waits for it.
        let (changes, line) = match signals.or_stop(source.batch(batch)).await {
            Ok(batch) => batch?,
            Err((stop, _)) => return Err(Halt::Stopped(stop)),
        };
        let count = changes.len();
        if count > 0 {
            let committed = signals.or_stop(database.commit(changes)).await;
            let (committed, stop) = match committed {
                Ok(committed) => (Some(committed), None),
                Err((stop, committed)) => (committed, Some(stop)),
            };
            match committed {
                Some(committed) => {
                    committed.map_err(|error| Halt::Failed(error.to_string()))?;
                    (done.entities, done.transactions, done.line) =
                        (done.entities + count, done.transactions + 1, line);
                }
                None => done.is_in_doubt = true,
            }
            if let Some(stop) = stop {
                return Err(Halt::Stopped(stop));
            }
        }
        bar.set_position(source.bytes);
        bar.set_message(counted(done.entities, "entity", "entities"));
        if count < batch {
            return Ok(());
        }
    }
}

/// Where the lines come from.
struct Source {
    name: String,
    /// Gone while a batch is being read.
    reader: Option<Box<dyn BufRead + Send>>,
    /// In bytes, if it is known.
    length: Option<u64>,
    line: u64,
    bytes: u64,
}

impl Source {
    fn open(path: &Path) -> Result<Self, CommandError> {
        if path.as_os_str() == "-" {
            let reader: Box<dyn BufRead + Send> = Box::new(BufReader::new(std::io::stdin()));
            return Ok(Self {
                name: "standard input".to_owned(),
                reader: Some(reader),
                length: None,
                line: 0,
                bytes: 0,
            });
        }
        let name = path.display().to_string();
        let opened = File::open(path).and_then(|file| file.metadata().map(|about| (file, about)));
        let (file, about) =
            opened.map_err(|error| CommandError::Input(format!("{name}: expected a file of entities\n  {error}")))?;
        let length = about.is_file().then_some(about.len());
        let reader: Box<dyn BufRead + Send> = Box::new(BufReader::with_capacity(1 << 16, file));
        Ok(Self { name, reader: Some(reader), length, line: 0, bytes: 0 })
    }

    /// The next entities, as many as there are up to a number, and the number of the last line read.
    async fn batch(&mut self, most: usize) -> Result<(Vec<Change>, u64), Halt> {
        let mut reader = self.reader.take().expect("a batch that was given up is the last one");
        let mut place = (self.line, self.bytes);
        let name = self.name.clone();
        let read = move || {
            let mut changes = Vec::with_capacity(most.min(5000));
            let read = lines(&mut *reader, most, &name, &mut place, &mut changes);
            (reader, place, read.map(|()| changes))
        };
        let read = tokio::task::spawn_blocking(read).await;
        let (reader, (line, bytes), changes) =
            read.map_err(|error| Halt::Failed(format!("{}: reading was given up: {error}", self.name)))?;
        (self.reader, self.line, self.bytes) = (Some(reader), line, bytes);
        Ok((changes?, line))
    }
}

fn lines(
    reader: &mut dyn BufRead,
    most: usize,
    name: &str,
    (number, bytes): &mut (u64, u64),
    changes: &mut Vec<Change>,
) -> Result<(), Halt> {
    let mut line = Vec::new();
    while changes.len() < most {
        line.clear();
        let read = reader.read_until(b'\n', &mut line);
        let read = read.map_err(|error| Halt::Failed(format!("{name}: after line {number}: {error}")))?;
        if read == 0 {
            return Ok(());
        }
        (*number, *bytes) = (*number + 1, *bytes + read as u64);
        let text = core::str::from_utf8(&line)
            .map_err(|error| Halt::Line(format!("{name}:{number}: expected text in UTF-8\n  {error}")))?;
        if text.trim().is_empty() {
            continue;
        }
        let (id, value) = EntityLine::read(text).map_err(|error| Halt::Line(format!("{name}:{number}: {error}")))?;
        changes.push((id, Some(value)));
    }
    Ok(())
}

/// A bar on a terminal, on standard error; elsewhere nothing.
fn bar(length: Option<u64>) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let (bar, template) = match length {
        Some(length) => (ProgressBar::new(length), "{bar:24} {percent:>3}%  {msg}, {elapsed}"),
        None => (ProgressBar::new_spinner(), "{spinner} {msg}, {elapsed}"),
    };
    bar.with_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()))
}
