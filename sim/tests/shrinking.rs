use core::num::NonZeroUsize;
use multiwatcher::testing::Subject;
use multiwatcher_sim::decisions::Decisions;
use multiwatcher_sim::seed::SeedRange;
use multiwatcher_sim::shrink::{self, Shrunk};
use multiwatcher_sim::worlds::{Maker, World};
use multiwatcher_sim::zoo::Bug;
use multiwatcher_sim::zoo::hunt::Hunt;

fn shrunk(bug: Bug, driven: bool, d: &Decisions) -> Option<Shrunk> {
    if driven { shrink::shrink(bug.driven_maker(), d, shrink::REPLAYS) } else { shrink::shrink(bug.maker(), d, shrink::REPLAYS) }
}

#[test]
fn explore() {
    let only = std::env::var("BUGS").unwrap_or_default();
    let starts: u64 = std::env::var("STARTS").map_or(2, |s| s.parse().unwrap());
    for bug in Bug::ALL.iter().copied() {
        if !only.is_empty() && !only.split(',').any(|b| b == bug.name()) { continue; }
        for driven in [false, true] {
            for start in 0..starts {
                let seeds = SeedRange::new(start * 100_000, start * 100_000 + 20_000).unwrap();
                let hunt = Hunt { bug, driven, alone: false, jobs: NonZeroUsize::new(2).unwrap() };
                let Some(found) = hunt.among(seeds) else { println!("{} {driven} {start}: not found", bug.name()); continue };
                let watch = std::time::Instant::now();
                let Some(s) = shrunk(bug, driven, &found.decisions) else { println!("{} {driven} {start}: NOT REPLAYED {:?}", bug.name(), found.broken); continue };
                println!("=== {} {} after {}: {} {:?} -> {:?} replays {} done {} {:?}", World::Zoo { bug, driven }.name(), start, found.after, s.broken.name(), s.before, s.after, s.replays, s.is_done, watch.elapsed());
                println!("    {}", s.broken.text);
                let d = &s.decisions;
                println!("    {:?} v{} {:?} {:?}", d.header.regime.shape, d.header.regime.values, d.header.regime.telling, d.header.regime.config);
                for op in d.before_healing() { println!("    {op:?}"); }
                if d.healing.is_some() { println!("    Healing"); }
                for o in &s.others { println!("    other {} {} {}", o.count, o.broken.name(), o.broken.text); }
            }
        }
    }
    let _ = |m: Maker<multiwatcher::machine::StoreManager<u32>>| m;
}
