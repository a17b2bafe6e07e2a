//! cancel-safe, broken in the world driver+z26 by a run of seed 18: a call was dropped: call 2 was
//! not woken; call 2 of reader 0 waits for its first batch, of r0, its waker is registered.
//!
//! That world has the bug planted: the test passes as long as it is found in this trace.

use multiwatcher_sim::ready::play;

#[test]
fn cancel_safe_of_seed_18() {
    let played = play(RUN);
    assert_eq!(played.verdict, "cancel-safe", "{}", played.seen);
    insta::assert_snapshot!(played.story, @r"
    world driver+z26
       0   0.000ms begin    a new machine
       1   0.000ms reader 0 watch everything
                              reader 0 has watcher w1
       2   0.000ms reader 0 next
                              call 1: waits
       3   0.000ms worker   its turn
                              subscribe g1
       4   0.000ms caller   subscribed
       5   0.000ms worker   its turn
                              g1 subscribed at p0
                              load g1
       6   0.000ms caller   load done
       7   0.000ms worker   its turn
                              g1 load done
                              fetch f1 of g1 since p0: nothing
       8   0.000ms caller   read the answer to fetch 0
       9   0.000ms caller   deliver 0
      10   0.000ms worker   its turn
                              g1 step f1 p0 to p0: nothing
                              wakes call 1 of reader 0
      11   0.000ms reader 0 next
                              call 2: waits
      12   0.000ms reader 0 drop the call at place 0
                              call 1 dropped
    ");
}

/// The decisions: what `mwsim replay` reads.
const RUN: &str = r#"
{"format":"mwsim capsule","version":2,"world":"driver+z26","broken":"cancel-safe"}
{"regime":{"readers":["Eager"]}}
{"Open":{"reader":0,"filter":0}}
{"Next":{"reader":0}}
"Turn"
"Subscribed"
"Turn"
"LoadDone"
"Turn"
{"ReadFetch":{"fetch":0,"skip":0,"omit":[],"behind":0}}
{"Deliver":{"flight":0,"keep":false}}
"Turn"
{"Next":{"reader":0}}
{"Drop":{"reader":0,"call":0}}
{"seed":18,"scheduler":"weighted"}
"#;
