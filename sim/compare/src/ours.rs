//! The model under the simulator of this project: a subject of the machine world, in a scenario as small as the others'. What is
//! simulated besides is the backing: the load, notices, answers under way.

use std::sync::Arc;
use std::time::{Duration, Instant};

use multiwatcher_sim::runner::Runner;
use multiwatcher_sim::scenario::Scenario;
use multiwatcher_sim::tally::Tally;
use multiwatcher_sim::worlds::{Maker, World};

use crate::model::Bug;
use crate::subject::Small;

/// Two readers that drop calls, two ids, two values, eight commits.
const TEXT: &str = r##"# Two readers and a writer.
seeds = "0..1"
readers = ["dropping", "dropping"]
steps = 80
never = ["stop", "try next", "progress", "poll when over", "resume", "kill", "task dropped"]
promises = ["exact-prefix", "no-spurious-delta", "fresh-first", "cancel-safe", "convergence"]
[ids]
names = 2
[machine]
heartbeat = "1h"
call-timeout = "1h"
load-timeout = "1h"
[budgets]
writer = 8
[expect]
batches = 1
"##;

pub fn hunt(bug: Bug, seed: u64, most: u64, longest: Duration) -> (u64, bool) {
    let start = Instant::now();
    let scenario = Arc::new(Scenario::read(TEXT).expect("the scenario is right"));
    let mut runner = Runner::of(Maker { world: World::Machine, make: Small::maker(bug) }).playing(scenario);
    let mut runs = 0;
    while runs < most && start.elapsed() < longest {
        runs += 1;
        if let Err(failure) = runner.run(seed + runs, &mut Tally::default()) {
            if bug == Bug::None {
                println!("{:?}", failure.broken);
            }
            return (runs, true);
        }
    }
    (runs, false)
}
