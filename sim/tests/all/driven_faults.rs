//! Faults that look different where calls are futures and streams: an answer that comes when its call was dropped, a stream that ends.

use core::time::Duration;

use multiwatcher::machine::{CauseClass, Config, RestartPolicy, StoreManager};
use multiwatcher::testing::{Changes, Character, FilterIx, IdSet, Observation, Operation, Regime, Subject, Val, World};
use multiwatcher_sim::driven::Driven;
use multiwatcher_sim::fault::Fault;
use multiwatcher_sim::worlds::Maker;

type Driver = Driven<StoreManager<Val>>;

/// A worker that has loaded nothing from an empty backing, and follows.
fn following<S: Subject>(maker: Maker<S>, config: Config) -> World<S> {
    let regime = Regime { config, ..Regime::calm(2, &[Character::Eager]) };
    let mut world = maker.start(regime);
    for operation in [Operation::Turn, Operation::Subscribed, Operation::Turn, Operation::LoadDone, Operation::Turn] {
        world.apply(&operation);
    }
    answer(&mut world);
    world
}

/// What was asked is read and arrives.
fn answer<S: Subject>(world: &mut World<S>) {
    read(world);
    world.apply(&Operation::Deliver { flight: 0, keep: false });
    world.apply(&Operation::Turn);
}

fn read<S: Subject>(world: &mut World<S>) {
    let newest = u8::try_from(world.stage().backing().fetches().len()).expect("a few").saturating_sub(1);
    world.apply(&Operation::ReadFetch { fetch: newest, skip: 0, omit: IdSet::EMPTY, behind: 0 });
}

fn commit<S: Subject>(world: &mut World<S>, changes: &str) {
    let changes: Changes = changes.parse().expect("changes in words");
    assert!(world.apply(&Operation::Commit { changes, skip: 0 }));
    assert!(world.apply(&Operation::Notice { ids: changes.ids, twice: false }));
    world.apply(&Operation::Turn);
}

#[test]
fn an_answer_that_comes_after_its_retry_was_answered_is_handed_over_unasked() {
    let config = Config { call_timeout: Duration::from_millis(5), ..Regime::calm(1, &[]).config };
    let mut world = following(Maker::<Driver>::default(), config);
    commit(&mut world, "0=1");
    read(&mut world);
    assert_eq!(world.stage().backing().flights().len(), 1, "the first answer is under way");
    assert!(world.apply(&Operation::Deadline { late: 0 }));
    for _ in 0..4 {
        world.apply(&Operation::Turn);
        if world.stage().backing().newest_fetch() > 2 {
            break;
        }
        world.apply(&Operation::Deadline { late: 0 });
    }
    read(&mut world);
    let first = Operation::Deliver { flight: 0, keep: false };
    assert_eq!(Fault::of(&first, world.stage()), 1 << Fault::LateAnswer as u32, "the retry is only asked for");
    assert!(world.apply(&Operation::Deliver { flight: 1, keep: false }), "the retry is answered first");
    world.apply(&Operation::Turn);
    world.clear_seen();
    assert_eq!(Fault::of(&first, world.stage()), 1 << Fault::OvertakenAnswer as u32);
    assert!(world.apply(&first));
    world.apply(&Operation::Turn);
    let steps: Vec<_> = world
        .seen()
        .list()
        .iter()
        .filter_map(|seen| if let Observation::Stepped { fetch, .. } = seen { Some(*fetch) } else { None })
        .collect();
    assert_eq!(steps, [None], "{:?}", world.seen().list());
}

#[test]
fn a_subscription_that_closes_is_a_failure_of_nobodys_making() {
    let config = Config { restart: RestartPolicy::EndWatchers, ..Regime::calm(1, &[]).config };
    let mut world = following(Maker::<Driver>::default(), config);
    assert!(world.apply(&Operation::Open { reader: 0, filter: FilterIx(0) }));
    world.clear_seen();
    assert!(world.apply(&Operation::Close));
    world.apply(&Operation::Turn);
    let failed = world.seen().list().iter().find_map(|seen| {
        if let Observation::Failed { cause, .. } = seen { Some((cause.class, cause.id)) } else { None }
    });
    assert_eq!(failed, Some((CauseClass::Transient, 0)));
    assert!(world.seen().list().iter().any(|seen| matches!(seen, Observation::Unsubscribe { .. })));
}
