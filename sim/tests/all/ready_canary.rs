//! stop-quiescent, broken in the world canary by a run of seed 16: reader 0 has stopped, and its
//! call 1 was not woken.
//!
//! That world has the bug planted: the test passes as long as it is found in this trace.

use multiwatcher_sim::ready::play;

#[test]
fn stop_quiescent_of_seed_16() {
    let played = play(RUN);
    assert_eq!(played.verdict, "stop-quiescent", "{}", played.seen);
    insta::assert_snapshot!(played.story, @r"
    world canary
       0   0.000ms begin    a new machine
                              subscribe g1
       1   0.000ms reader 0 watch everything
                              reader 0 has watcher w1
       2   0.000ms reader 0 next
                              call 1: waits
       3   0.000ms reader 0 stop
                              reader 0 has stopped
    ");
}

/// The decisions: what `mwsim replay` reads.
const RUN: &str = r#"
{"format":"mwsim capsule","version":2,"world":"canary","broken":"stop-quiescent"}
{"regime":{"readers":["Eager"]}}
{"Open":{"reader":0,"filter":0}}
{"Next":{"reader":0}}
{"Stop":{"reader":0}}
{"seed":16,"scheduler":{"pct":1}}
"#;
