//! stop-quiescent, broken in the world canary by a run of seed 16: reader 1 has stopped, and its
//! call 3 was not woken.
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
       1   0.000ms reader 3 watch everything
                              reader 3 has watcher w1
       2   0.000ms reader 3 next
                              call 1: waits
       3   0.000ms reader 5 watch everything
                              reader 5 has watcher w2
       4   0.000ms reader 5 progress
                              none yet
       5   0.000ms writer   commit 1/c=2 4/a=1
                              the backing stands at p1
       6   0.000ms reader 4 watch 1/a 1/b 1/c
                              reader 4 has watcher w3
       7   0.000ms reader 4 next
                              call 2: waits
       8   0.081ms clock    wait 81 us
       9   0.081ms reader 1 watch nothing
                              reader 1 has watcher w4
      10   0.081ms reader 1 next
                              call 3: waits
      11   0.081ms caller   begin to listen
      12   0.081ms caller   subscribed
                              g1 subscribed at p1
                              load g1
      13   0.081ms caller   load reads 4/a
      14   0.081ms caller   load reads 1/c
      15   0.081ms caller   deliver 0
                              g1 staged 4/a
      16   0.081ms caller   deliver 0
                              g1 staged 1/c
      17   0.081ms caller   load done
                              g1 load done
                              fetch f1 of g1 since p1: nothing
      18   0.081ms caller   read the answer to fetch 0
      19   0.081ms caller   deliver 0
                              g1 step f1 p1 to p1: nothing
                              wakes call 1 of reader 3
                              wakes call 2 of reader 4
                              wakes call 3 of reader 1
      20   0.081ms reader 0 watch nothing
                              reader 0 has watcher w5
      21   0.081ms reader 0 next
                              call 4: batch to r1 (p1), empty
      22   0.081ms reader 2 watch nothing
                              reader 2 has watcher w6
      23   0.081ms reader 2 next
                              call 5: batch to r1 (p1), empty
      24   0.081ms reader 3 try next
                              nothing
      25   0.081ms reader 5 next
                              call 6: batch to r1 (p1) 1/c=2 @r1 4/a=1 @r1
      26   0.081ms writer   commit 4/b=2 4/c=3
                              the backing stands at p2
      27   0.081ms reader 4 poll the call at place 0
                              call 2: batch to r1 (p1) 1/c=2 @r1
      28   0.081ms reader 1 stop
                              reader 1 has stopped
    ");
}

/// The decisions: what `mwsim replay` reads.
const RUN: &str = r#"
{"format":"mwsim capsule","version":2,"world":"canary","broken":"stop-quiescent"}
{"regime":{"budgets":{"opens":20,"writer":20},"commits":{"deletes":64,"most":2},"config":{"backoff":{"max":"16ms","min":"2ms"},"call_timeout":"5ms","fetch_attempts":1,"heartbeat":"10ms","lag_age":"20ms","lag_limit":1,"load_timeout":"40ms","queue_limit":1},"faults":{"ail":12,"contradiction":2,"die":4,"doubled":24,"gap":12,"lost":6,"overdue":20,"overlap":24,"rewind":3,"silence":3},"readers":["Slow","Stopping","Dropping","Trying","Stopping","Dropping"],"shape":{"models":4,"names":3},"unfiltered":128,"values":3,"weights":{"caller":24,"clock":2,"stream":24}}}
{"Open":{"reader":3,"filter":0}}
{"Next":{"reader":3}}
{"Open":{"reader":5,"filter":0}}
{"Progress":{"reader":5}}
{"Commit":{"changes":"2=2 9=1","skip":0}}
{"Open":{"reader":4,"filter":1}}
{"Next":{"reader":4}}
{"Advance":{"micros":81}}
{"Open":{"reader":1,"filter":5}}
{"Next":{"reader":1}}
"Accept"
"Subscribed"
{"ReadLoad":{"ids":[9],"absent":false}}
{"ReadLoad":{"ids":[2],"absent":false}}
{"Deliver":{"flight":0,"keep":false}}
{"Deliver":{"flight":0,"keep":false}}
"LoadDone"
{"ReadFetch":{"fetch":0,"skip":0,"omit":[],"behind":0}}
{"Deliver":{"flight":0,"keep":false}}
{"Open":{"reader":0,"filter":5}}
{"Next":{"reader":0}}
{"Open":{"reader":2,"filter":8}}
{"Next":{"reader":2}}
{"TryNext":{"reader":3}}
{"Next":{"reader":5}}
{"Commit":{"changes":"10=2 11=3","skip":0}}
{"Poll":{"reader":4,"call":0}}
{"Stop":{"reader":1}}
{"seed":16,"scheduler":{"pct":1}}
"#;
