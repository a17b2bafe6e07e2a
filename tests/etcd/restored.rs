//! The past comes back: a snapshot is restored, as operators do.

use multiwatcher::backing::Backing;
use multiwatcher::driver::{ResumeError, Worker};
use multiwatcher::machine::{CauseClass, Config};

use crate::common::{PREFIX, View, contents, follow, held, id, impatient, key, open, short, until};
use crate::server::Server;

/// The token that etcd uses unless it is told another one: names, addresses and token make the number of the cluster.
const TOKEN: &str = "etcd-cluster";

fn snapshot(server: &Server) -> std::path::PathBuf {
    let file = server.file("snapshot.db");
    server.etcdctl(&["snapshot", "save", file.to_str().unwrap()]);
    file
}

pub(crate) async fn a_restored_snapshot_is_another_history_for_a_running_worker() {
    let mut server = Server::start().await;
    let backing = impatient().open::<i64, _>([server.endpoint()], PREFIX).await.unwrap();
    backing.transaction().put(id("x"), &1).put(id("y"), &1).commit().await.unwrap();
    let snapshot = snapshot(&server);
    backing.transaction().put(id("x"), &2).put(id("z"), &2).remove(id("y")).commit().await.unwrap();
    // If a token is refused, it is not because of its age.
    let worker = Worker::start(backing.clone(), Config { window: 1000, ..short() });
    let mut view = View::open(&worker).await;
    let token = view.reader.resume_token().unwrap().unwrap();
    let identity = backing.identity();

    server.restore(&snapshot, TOKEN);
    let mut told = view.next().await;
    told.sort_unstable();
    assert_eq!(told, ["-z", "x=1", "y=1"], "the difference and nothing else");
    assert!(worker.report().last_failures.iter().any(|(_, failure)| failure.class() == CauseClass::Rewound));
    assert!(matches!(worker.resume(&token).await, Err(ResumeError::Gone { .. })));
    assert_ne!(backing.identity(), identity);
    let other = Worker::start(backing.clone(), Config { window: 1000, ..short() });
    View::open(&other).await;
    assert!(matches!(other.resume(&token).await, Err(ResumeError::Gone { .. })));
    // Whoever opens it now finds that identity.
    assert_eq!(open(&server).await.identity(), backing.identity());
    // And it is followed on.
    server.etcdctl(&["put", &key("x"), "3"]);
    view.until(&held([("x", 3), ("y", 1)])).await;
}

/// Nobody was there to see the revision go back, and by the time somebody is, it has come further than before.
pub(crate) async fn a_restored_snapshot_that_went_on_is_known_by_its_log() {
    let mut server = Server::start().await;
    for value in 0..40 {
        server.etcdctl(&["put", "elsewhere", &value.to_string()]);
    }
    let backing = open(&server).await;
    backing.put(id("x"), &1).await.unwrap();
    let snapshot = snapshot(&server);
    let last = backing.put(id("x"), &2).await.unwrap();
    let identity = backing.identity();
    assert_eq!(open(&server).await.identity(), identity);
    drop(backing);

    server.restore(&snapshot, TOKEN);
    assert!(server.answers().await);
    for value in 3..7 {
        server.etcdctl(&["put", &key("x"), &value.to_string()]);
    }
    let backing = open(&server).await;
    assert!(backing.position().await.unwrap() > last);
    assert_ne!(backing.identity(), identity);
    assert_eq!(open(&server).await.identity(), backing.identity());
    let (_worker, view) = follow(&backing).await;
    assert_eq!(view.held, held([("x", 6)]));
}

pub(crate) async fn a_restored_snapshot_under_another_token_is_another_cluster() {
    let mut server = Server::start().await;
    let backing = impatient().open::<i64, _>([server.endpoint()], PREFIX).await.unwrap();
    backing.put(id("x"), &1).await.unwrap();
    let (worker, mut view) = follow(&backing).await;
    let identity = backing.identity();
    let snapshot = snapshot(&server);
    // Nothing is lost, so nothing but the number of the cluster tells.
    server.restore(&snapshot, "another");
    until("it is another one", || backing.identity() != identity).await;
    assert!(server.answers().await);
    server.etcdctl(&["put", &key("x"), "2"]);
    assert_eq!(view.next().await, ["x=2"], "what is the same is no news");
    assert_eq!(view.held, contents(&server.endpoint()).await);
    assert!(worker.report().last_failures.iter().any(|(_, failure)| failure.class() == CauseClass::Rewound));
}
