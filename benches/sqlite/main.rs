//! The speed of the SQLite backing: `cargo bench --bench sqlite`, or with `-- --quick` a small run that only shows that it still works. A
//! word after `--` picks sections.
//!
//! Another process, this program again, commits one entity at a calm pace; its value is the time just before. The clock runs until the
//! call of `next` returns. Loops on `data_version` and the log, which do nothing else and are not asynchronous, are timed in the
//! same run: the floor. There are several, for a loop may look as often as it likes: one that never sleeps is told first and burns a core
//! for it, on the machine of whoever writes; one that sleeps so long between looks is told half of that later. The bound is held against
//! the loop that, like the worker, costs nothing while nothing happens: the watch of the folder wakes it, and it looks again after some
//! microseconds. The others are shown, with what the reader is to each of them.

mod bare;
mod bulk;
#[path = "../common/mod.rs"]
mod common;
mod noticing;
mod other;

use std::time::Duration;

use common::clock::Samples;
use common::table::{Figure, Options, Table};
use tempfile::TempDir;

/// Commits of each figure.
const ROUNDS: usize = 600;
/// In so many turns.
const TURNS: usize = 10;
const ENTITIES: usize = 100_000;
/// How much slower than the loop a reader may be told.
const SHARE: f64 = 1.3;

fn main() {
    if other::is_other() {
        return;
    }
    let options = Options::from_args();
    let mut table = Table::new(&options, format_args!("sqlite: a worker over a file that another process writes"));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .expect("a runtime of two threads can be made");
    let folder = TempDir::new().expect("a folder can be made");
    let rounds = options.rounds(ROUNDS);
    if options.wants("a commit of another process") {
        table.section("a commit of another process");
        let [mut spinning, mut often, mut seldom, mut woken, mut told] = [(); 5].map(|()| Samples::default());
        // In turns: what else the machine does is then the same for all.
        for turn in 0..TURNS {
            let place = |name: &str| folder.path().join(format!("{name}-{turn}.db"));
            let rounds = rounds / TURNS;
            spinning.append(bare::told(&place("spinning"), rounds, bare::Wait::Not));
            often.append(bare::told(&place("often"), rounds, bare::Wait::For(Duration::from_micros(100))));
            seldom.append(bare::told(&place("seldom"), rounds, bare::Wait::For(Duration::from_millis(1))));
            woken.append(bare::told(&place("woken"), rounds, bare::Wait::ForTheFile));
            told.append(runtime.block_on(noticing::told(&place("worker"), rounds)));
        }
        let (loop_took, took) = (woken.median(), told.median());
        table.figure(Figure::nanos("loop, never asleep", spinning.median()).p95(spinning.p95()));
        table.figure(Figure::nanos("loop, every 100 us", often.median()).p95(often.p95()));
        table.figure(Figure::nanos("loop, every millisecond", seldom.median()).p95(seldom.p95()));
        table.figure(Figure::nanos("loop, woken by the file", loop_took).p95(woken.p95()));
        table.figure(Figure::nanos("a reader of the worker", took).p95(told.p95()).limit(3e6));
        table.figure(Figure::nanos("  against the woken loop", took).limit(SHARE * loop_took));
        for (name, floor) in [
            ("that is woken by the file", &mut woken),
            ("that never sleeps", &mut spinning),
            ("that looks every 100 us", &mut often),
            ("that looks every millisecond", &mut seldom),
        ] {
            table.note(format_args!("{:.2} times the loop {name}", took / floor.median()));
        }
    }
    let entities = options.size(ENTITIES);
    for (section, bytes) in [("100,000 entities of 200 B", 200), ("100,000 entities of 1 KB", 1000)] {
        if options.wants(section) {
            table.section(section);
            let path = folder.path().join(format!("{bytes}.db"));
            let (imported, told, loads) = runtime.block_on(bulk::entities(&path, entities, bytes, options.rounds(10)));
            let mut loads = loads;
            table.figure(Figure::nanos("import, one watching", imported).limit(5e9));
            table.figure(Figure::nanos("  until it holds them", told).limit(5e9));
            table.figure(Figure::nanos("get_all", loads.median()).p95(loads.p95()).limit(0.5e9));
        }
    }
    table.end();
}
