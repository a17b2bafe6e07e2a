//! The fingerprint of the driver world. Runs that differ in what must not matter, the order of what is independent and numbers that only
//! name something, have one fingerprint and one future; what matters tells fingerprints apart, each part of them for itself.

use core::cell::Cell;

use multiwatcher::machine::{Phase, StoreManager};
use multiwatcher::testing::{CallSeen, Healing, Observation, Operation, State, Status, Val};
use multiwatcher_sim::course::Course;
use multiwatcher_sim::driven::Driven;
use multiwatcher_sim::explore::Scope;
use multiwatcher_sim::explore::moves::{Move, moves};
use multiwatcher_sim::explore::order::After;
use multiwatcher_sim::explore::scope::{Budget, Start};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence, TestRunner};

type Driver = Driven<StoreManager<Val>>;

/// Small, or runs would hardly ever meet again; and everything that a search knows happens in it.
const SCOPE: &str = "world = \"driver\"\nstart = \"following\"\nwatchers = 2\nids = 2\nvalues = 2\ncommits = 4\nrestarts = 1\nstops = 1\n\
                     kills = 1\nfailures = 1\nlosses = 1\nmarks = 1\ndrops = true\nspurious = true\nunder_way = true\n";
/// A seed whose run recounts invariants at its end alone.
const SEED: u64 = 8;

/// What is told of a run from some moment on, without numbers that only name something.
#[derive(Debug, Clone, PartialEq)]
struct Told {
    /// What could happen then.
    moves: Vec<Move>,
    /// By call that was polled: whose, whether it waits, the deltas, or the error.
    calls: Vec<(u8, String)>,
    woken: Vec<u8>,
    store: Option<State>,
    phase: Phase,
    census: [usize; 8],
}

/// A run in a scope, and what is left of its budget.
struct Walk<'a> {
    scope: &'a Scope,
    course: Course<Driver>,
    left: Budget,
    moves: Vec<Move>,
}

impl<'a> Walk<'a> {
    fn start(scope: &'a Scope) -> Self {
        let mut walk = Self { scope, course: Course::new(), left: scope.budget, moves: Vec::new() };
        walk.course.begin(SEED, &scope.regime()).expect("what ships keeps its promises");
        if scope.start == Start::Following {
            for (reader, filter) in (0..).zip(&scope.watchers) {
                walk.step(&Operation::Open { reader, filter: *filter });
            }
            let mut healing = Healing::new();
            while let Some(operation) = healing.next(walk.course.stage()) {
                walk.step(&operation);
            }
            walk.left = scope.budget;
        }
        walk
    }

    fn step(&mut self, operation: &Operation) -> bool {
        let made =
            self.course.step(operation).unwrap_or_else(|broken| panic!("what ships keeps its promises: {broken:?}"));
        self.left = if made { self.left.after(operation) } else { self.left };
        made
    }

    fn make(&mut self, it: &Move) -> bool {
        let made = self.step(&it.operation);
        made && it.arrives.is_none_or(|arrives| self.step(&arrives))
    }

    fn moves(&mut self) -> &[Move] {
        moves(self.course.stage(), self.scope, self.left, &mut self.moves);
        &self.moves
    }

    /// One of what can happen now.
    fn choose(&mut self, word: u64) -> Option<Move> {
        let all = self.moves();
        let count = u64::try_from(all.len()).expect("a handful");
        (count > 0).then(|| all[usize::try_from(word % count).expect("a handful")])
    }

    fn walk(&mut self, path: &[Move]) {
        for it in path {
            assert!(self.make(it), "what was possible is possible after the same");
        }
    }

    /// The fingerprint of everything, as the search merges by.
    fn print(&self) -> (u128, Budget) {
        let subject = self.course.subject_fingerprint().expect("the driver has one");
        (self.course.fingerprint(subject), self.left)
    }

    fn told(&mut self) -> Told {
        let report = self.course.report();
        let seen = self.course.world_seen();
        let (mut calls, mut woken) = (Vec::new(), Vec::new());
        for observation in seen.list() {
            if let Observation::Woken { reader, .. } = observation {
                woken.push(*reader);
            } else if let Observation::Called { reader, seen: came, .. } = observation {
                let deltas =
                    |batch| seen.deltas(batch).iter().map(|delta| (delta.id.0, delta.change, delta.value)).collect();
                let batch: Option<Vec<_>> = if let CallSeen::Batch(batch) = came { Some(deltas(batch)) } else { None };
                calls.push((*reader, batch.map_or_else(|| format!("{came:?}"), |deltas| format!("{deltas:?}"))));
            }
        }
        woken.sort_unstable();
        Told {
            calls,
            woken,
            store: self.course.store(),
            phase: report.phase,
            census: [
                report.watchers.fresh,
                report.watchers.behind,
                report.watchers.caught_up,
                report.watchers.ended,
                report.calls,
                report.tombstones,
                report.queued,
                report.quarantined,
            ],
            moves: self.moves().to_vec(),
        }
    }

    /// What comes of the same words from here on.
    fn future(&mut self, words: &[u64]) -> Vec<Told> {
        let mut all = vec![Told { calls: Vec::new(), woken: Vec::new(), ..self.told() }];
        for word in words {
            let Some(it) = self.choose(*word) else { break };
            self.make(&it);
            all.push(self.told());
        }
        all
    }
}

/// Where two runs go apart: after the same beginning.
#[derive(Debug, Clone)]
struct Script {
    beginning: Vec<u64>,
    apart: [u64; 2],
    future: Vec<u64>,
}

fn scripts() -> impl Strategy<Value = Script> {
    let words = |most: usize| vec(any::<u64>().no_shrink(), 0..most);
    let apart = [any::<u64>().no_shrink(), any::<u64>().no_shrink()];
    (words(40), apart, words(12)).prop_map(|(beginning, apart, future)| Script { beginning, apart, future })
}

/// Runs a property over many scripts, from both places where a search begins. It returns how often it had something to decide.
fn holds(property: impl Fn(&Scope, &Script) -> u32) {
    const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../proptest-regressions/sim/prints.txt");
    let following = Scope::read(SCOPE).expect("the scope is right");
    let steps = Scope { steps: true, ..following.clone() };
    let new = Scope { start: Start::New, ..following.clone() };
    for scope in [following, steps, new] {
        let decided = Cell::new(0u64);
        let failure_persistence = Some(Box::new(FileFailurePersistence::Direct(KEPT)) as Box<_>);
        let config = Config { cases: 1500, failure_persistence, ..Config::default() };
        let ran = TestRunner::new(config).run(&scripts(), |script| {
            decided.set(decided.get() + u64::from(property(&scope, &script)));
            Ok(())
        });
        if let Err(error) = ran {
            panic!("{error}");
        }
        assert!(decided.get() > 50, "the property had something to decide only {} times", decided.get());
    }
}

/// The moves of the beginning, and the walk at its end.
fn begin<'a>(scope: &'a Scope, script: &Script) -> (Vec<Move>, Walk<'a>) {
    let (mut walk, mut path) = (Walk::start(scope), Vec::new());
    for word in &script.beginning {
        let Some(it) = walk.choose(*word) else { break };
        if walk.make(&it) {
            path.push(it);
        }
    }
    (path, walk)
}

/// The walk after these moves and those, if the last ones are all possible.
fn after<'a>(scope: &'a Scope, path: &[Move], last: &[Move]) -> Option<Walk<'a>> {
    let mut walk = Walk::start(scope);
    walk.walk(path);
    last.iter().all(|it| walk.moves().contains(it) && walk.make(it)).then_some(walk)
}

#[test]
fn two_orders_with_one_fingerprint_have_one_future() {
    holds(|scope, script| {
        let (path, mut walk) = begin(scope, script);
        let (Some(one), Some(other)) = (walk.choose(script.apart[0]), walk.choose(script.apart[1])) else { return 0 };
        let orders = [[one, other], [other, one]].map(|order| after(scope, &path, &order));
        let [Some(mut first), Some(mut second)] = orders else { return 0 };
        if one == other || first.print() != second.print() {
            return 0;
        }
        let futures = [&mut first, &mut second].map(|walk| walk.future(&script.future));
        assert_eq!(futures[0], futures[1], "{one:?} and {other:?} in either order, after {path:?}");
        1
    });
}

#[test]
fn an_order_that_is_left_out_leads_where_the_other_one_does() {
    holds(|scope, script| {
        let (path, mut walk) = begin(scope, script);
        let before = walk.moves().to_vec();
        let Some(first) = walk.choose(script.apart[0]).filter(|it| walk.make(it)) else { return 0 };
        let reached = After::of(&first, true);
        let is_ending = walk.course.referee().reference().ended().is_some();
        let left_out = walk.moves().to_vec();
        let left_out = left_out.iter().filter(|it| reached.leaves_out(it, is_ending, true));
        let mut decided = 0;
        for second in left_out {
            assert!(before.contains(second), "{second:?} is tried before {first:?} after {path:?}");
            let orders = [[first, *second], [*second, first]].map(|order| after(scope, &path, &order));
            let [Some(one), Some(other)] = orders else {
                panic!("{first:?} and {second:?} leave each other possible after {path:?}")
            };
            assert_eq!(one.print(), other.print(), "{first:?} and {second:?} in either order after {path:?}");
            decided += 1;
        }
        decided
    });
}

#[test]
fn what_comes_to_nothing_leaves_no_trace() {
    holds(|scope, script| {
        let (mut path, mut walk) = begin(scope, script);
        if let Some(open) = walk.moves().iter().copied().find(|it| matches!(it.operation, Operation::Open { .. })) {
            walk.make(&open);
            path.push(open);
        }
        let reader = u8::try_from(script.apart[0] % 2).expect("one of two");
        let it = &walk.course.stage().readers()[usize::from(reader)];
        if it.status() != Status::Open {
            return 0;
        }
        // A call that is made and dropped takes a number; a call that is polled twice more has its waker renewed twice.
        let (nothing, ends) = match it.calls().len() {
            0 => ([Operation::Next { reader }, Operation::Drop { reader, call: 0 }], 0),
            _ if it.calls()[0].woken => return 0,
            _ => ([Operation::Poll { reader, call: 0 }; 2], 1),
        };
        let print = |walk: &Walk<'_>| walk.print().0;
        let was = print(&walk);
        let waits = |walk: &Walk<'_>| walk.course.stage().readers()[usize::from(reader)].calls().len() == 1;
        if !walk.step(&nothing[0]) || !waits(&walk) {
            return 0;
        }
        assert!(walk.step(&nothing[1]), "what waits can be polled and dropped");
        assert_eq!(walk.course.stage().readers()[usize::from(reader)].calls().len(), ends);
        assert_eq!(print(&walk), was, "{nothing:?} after {path:?}");
        let mut plain = after(scope, &path, &[]).expect("it was possible before");
        // What was spent on nothing is given back.
        walk.left = plain.left;
        assert_eq!(walk.future(&script.future), plain.future(&script.future), "{nothing:?} after {path:?}");
        1
    });
}

/// The fingerprint of the subject alone after these operations, from where two watchers wait; or from the beginning.
fn subject(from: Start, operations: &str) -> u128 {
    let scope = Scope { start: from, ..Scope::read(SCOPE).expect("the scope is right") };
    let mut walk = Walk::start(&scope);
    for line in operations.split(';').map(str::trim).filter(|line| !line.is_empty()) {
        let operation = match line.split_once(' ') {
            None => serde_json::from_str(&format!("\"{line}\"")),
            Some((name, rest)) => serde_json::from_str(&format!("{{\"{name}\":{{{rest}}}}}")),
        };
        let operation: Operation = operation.unwrap_or_else(|error| panic!("{line}: {error}"));
        assert!(walk.step(&operation), "{line} is possible in {operations}");
    }
    walk.course.subject_fingerprint().expect("the driver has one")
}

#[test]
fn each_part_of_a_state_tells_fingerprints_apart() {
    use Start::{Following, New};
    let commit = r#"Commit "changes":"0=1","skip":0;"#;
    let both = r#"Commit "changes":"0=1 1=1","skip":0;"#;
    let notice = |ids: &str| format!(r#"Notice "ids":[{ids}],"twice":false;"#);
    let fetch = |value: u8| {
        format!(
            r#"Commit "changes":"0={value}","skip":0; {} Turn; ReadFetch "fetch":0,"skip":0,"omit":[],"behind":0;"#,
            notice("0")
        )
    };
    let deliver = r#"Deliver "flight":0,"keep":false;"#;
    let fail = |call: &str, why: &str| format!(r#"Fail "call":"{call}","why":"{why}";"#);
    let loading = "Turn; Subscribed; Turn;";
    let load =
        |value: u8| format!(r#"{loading} Commit "changes":"0={value}","skip":0; ReadLoad "ids":[0],"absent":false;"#);
    let poll = r#"Poll "reader":0,"call":0;"#;
    let cases: Vec<(&str, Start, String, String)> = vec![
        ("what a notice names", Following, format!("{both} {}", notice("0")), format!("{both} {}", notice("1"))),
        (
            "how many notices lie there",
            Following,
            format!("{both} {} {}", notice("0"), notice("1")),
            format!("{both} {}", notice("0")),
        ),
        (
            "what a mark says",
            Following,
            format!(r#"{commit} Mark "behind":0;"#),
            format!(r#"{commit} Mark "behind":1;"#),
        ),
        ("a stream that ends or fails", Following, "Die".to_owned(), "Close".to_owned()),
        ("an answer that has arrived", Following, fetch(1), format!("{} {deliver}", fetch(1))),
        ("what the answer says", Following, format!("{} {deliver}", fetch(1)), format!("{} {deliver}", fetch(2))),
        ("what is subscribed", New, "Turn; Subscribed;".to_owned(), format!("Turn; {commit} Subscribed;")),
        (
            "whether it may be asked again",
            New,
            format!("Turn; {}", fail("Subscribe", "Passing")),
            format!("Turn; {}", fail("Subscribe", "ForGood")),
        ),
        ("what a load brought", New, format!("{} {deliver}", load(1)), format!("{} {deliver}", load(2))),
        ("that a load has ended", New, loading.to_owned(), format!("{loading} {}", fail("Load", "Passing"))),
        ("that the worker was polled", New, String::new(), "Turn".to_owned()),
        ("which waker a call has", Following, String::new(), poll.to_owned()),
        ("that a call waits", Following, String::new(), r#"Drop "reader":0,"call":0"#.to_owned()),
        ("when a sleep ends", Following, String::new(), r#"Advance "micros":1"#.to_owned()),
        ("that the worker is killed", Following, String::new(), "Kill".to_owned()),
        ("that the task is gone", Following, "Kill".to_owned(), "Abort".to_owned()),
        ("who died first", Following, "Die; Kill".to_owned(), "Kill; Die".to_owned()),
    ];
    let same: Vec<&str> = cases
        .iter()
        .filter(|(_, from, one, other)| subject(*from, one) == subject(*from, other))
        .map(|(name, ..)| *name)
        .collect();
    assert_eq!(same, [""; 0], "these make no difference");
}
