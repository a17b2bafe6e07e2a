//! The etcd backing seen from outside: under a real worker, with other programs that write to the cluster, and with servers that fail, go
//! and come back. Every test starts servers of its own. Where there is no etcd they are reported as ignored.
#![expect(clippy::unwrap_used, reason = "what the tests share fails as a test does")]

mod atomic;
mod basics;
mod cluster;
#[cfg(feature = "cli")]
mod command;
mod common;
mod compaction;
mod conformance;
mod faults;
mod proxy;
mod restored;
mod security;
mod server;
mod values;
#[path = "../common/view.rs"]
mod view;

use std::io::Write;
use std::process::{Command, ExitCode, Stdio};

use libtest_mimic::{Arguments, Completion, Trial};

/// A test and its name.
type Test = (&'static str, fn());

/// Names an `async` function as a test.
macro_rules! tests {
    ($($room:ident :: $name:ident),* $(,)?) => {
        &[$((concat!(stringify!($room), "::", stringify!($name)), || common::run(crate::$room::$name()))),*]
    };
}

const TESTS: &[Test] = tests![
    atomic::transactions_of_several_writers_are_never_seen_by_halves,
    basics::readers_are_told_what_is_committed_and_a_transaction_in_one_batch,
    basics::what_etcdctl_writes_is_noticed_whatever_the_command,
    basics::a_load_of_many_pages_brings_everything_once,
    basics::a_subscription_stands_when_it_is_told_and_hands_over_steps_that_join,
    basics::every_revision_is_a_step,
    basics::a_step_reads_what_was_touched_and_what_was_asked_at_one_moment,
    basics::a_subscription_is_never_silent,
    basics::two_backings_of_one_prefix_have_one_identity_and_notice_each_other,
    basics::what_was_committed_is_there_when_it_is_opened_again,
    basics::the_servers_own_reports_move_the_position,
    basics::dropped_calls_and_subscriptions_leave_nothing_behind,
    cluster::a_leader_that_is_killed_is_not_noticed_by_readers,
    cluster::a_leader_that_is_stopped_is_not_noticed_by_readers,
    cluster::three_workers_of_one_cluster_tell_their_readers_the_same,
    compaction::a_place_that_was_compacted_is_said_to_be,
    compaction::a_worker_that_was_cut_off_while_the_history_was_compacted_loads_again,
    compaction::compaction_during_loads_costs_another_load,
    compaction::an_entity_that_cannot_be_read_costs_no_load_when_the_history_is_compacted,
    faults::a_server_that_is_killed_and_comes_back_is_followed_again,
    faults::a_server_that_is_stopped_is_found_dead_and_followed_again,
    faults::connections_that_are_cut_again_and_again_lose_nothing,
    faults::an_expired_lease_is_a_removal,
    faults::where_nobody_listens_opening_says_so,
    restored::a_restored_snapshot_is_another_history_for_a_running_worker,
    restored::a_restored_snapshot_that_went_on_is_known_by_its_log,
    restored::a_restored_snapshot_under_another_token_is_another_cluster,
    security::a_user_that_is_refused_is_told_so_when_opening,
    security::a_user_that_may_only_read_can_watch,
    security::rights_that_are_taken_away_and_given_back_cost_a_difference,
    security::servers_and_clients_know_each_other_by_certificates,
    values::a_value_that_is_not_json_is_an_error_about_it_alone,
    values::odd_ids_survive_and_odd_keys_are_no_entities,
    values::a_revision_that_comes_in_fragments_is_told_at_once,
    values::large_values_are_loaded_and_told,
    values::a_transaction_too_large_for_the_server_says_so_and_commits_nothing,
];

#[cfg(feature = "cli")]
const COMMAND: &[Test] = tests![
    command::what_the_command_writes_it_reads_again,
    command::it_signs_on_with_what_the_environment_says_and_finds_what_etcdctl_wrote,
    command::it_knows_and_shows_certificates_that_the_environment_names,
];

fn main() -> ExitCode {
    let missing = missing();
    let mut tests = TESTS.to_vec();
    tests.push((
        "conformance::an_etcd_conforms_while_it_is_cut_off_and_compacted",
        conformance::an_etcd_conforms_while_it_is_cut_off_and_compacted,
    ));
    #[cfg(feature = "cli")]
    tests.extend(COMMAND);
    let trials = tests.into_iter().map(|(name, test)| {
        let missing = missing.clone();
        Trial::ignorable_test(name, move || {
            if let Some(missing) = missing {
                return Ok(Completion::Ignored { reason: Some(missing) });
            }
            test();
            Ok(Completion::Completed)
        })
    });
    let mut arguments = Arguments::from_args();
    // Each starts servers, and the machine has other things to do.
    arguments.test_threads.get_or_insert(4);
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    if let (Some(missing), true) = (missing, conclusion.num_ignored > 0) {
        let _ = writeln!(std::io::stderr(), "SKIPPED: {missing}, so nobody tested the etcd backing");
    }
    conclusion.exit_code()
}

/// Which program the tests need and do not find.
fn missing() -> Option<String> {
    [("etcd", "--version"), ("etcdctl", "version")].into_iter().find_map(|(program, version)| {
        let answer = Command::new(program)
            .env("ETCDCTL_API", "3")
            .arg(version)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        answer.is_err().then(|| format!("no `{program}` is on the PATH"))
    })
}
