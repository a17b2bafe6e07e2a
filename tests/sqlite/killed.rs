//! Another process that writes and is killed at any moment, again and again, while a worker watches.

use std::time::Duration;

use tokio::time::timeout;

use crate::common::{Folder, contents, follow};
use crate::foreign::{check, prepare, roll, start};

const ROUNDS: u64 = 250;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_killed_at_any_moment_leaves_whole_commits_and_every_view_equals_the_file() {
    let folder = Folder::new();
    let backing = folder.open::<i64>().await;
    let shell = folder.shell();
    prepare(&shell);
    let (worker, mut view) = follow(&backing).await;
    let (mut dice, mut committed) = (0x5eed, 0);
    for round in 0..ROUNDS {
        let before = backing.position().await.unwrap();
        let mut other = start(&folder.path(), roll(&mut dice), u64::MAX);
        let life = Duration::from_micros(roll(&mut dice) % 8_000);
        let _ = timeout(life, async {
            loop {
                view.next().await;
                check(&view.held);
            }
        })
        .await;
        // On Unix this is SIGKILL: nothing of the process runs any more.
        other.child.kill().unwrap();
        other.child.wait().unwrap();
        let file = contents(&shell);
        check(&file);
        while view.held != file {
            view.next().await;
            check(&view.held);
        }
        assert_eq!(view.held, contents(&shell), "round {round}");
        committed += u64::from(backing.position().await.unwrap() > before);
    }
    assert!(committed > ROUNDS / 2, "the writers were killed before they wrote: {committed} of {ROUNDS}");
    assert_eq!(worker.report().restarts, 0, "{:?}", worker.report().last_failures);
}
