//! Three members, of which one fails; and three workers.

use std::time::Duration;

use etcd_client::Client;
use multiwatcher::backing::Backing;
use multiwatcher::backing::etcd::EtcdBacking;
use multiwatcher::{Config, Worker};
use tokio::time::{sleep, timeout};

use crate::common::{LONG, PREFIX, View, contents, id, impatient, roll, short};
use crate::server::Server;

/// The member that leads, moved to the front.
async fn leader_first(servers: &mut [Server]) {
    for at in 0..servers.len() {
        let mut client = Client::connect([servers[at].endpoint()], None).await.unwrap();
        let status = client.status().await.unwrap();
        if status.header().unwrap().member_id() == status.leader() {
            return servers.swap(0, at);
        }
    }
    panic!("nobody leads");
}

async fn open(servers: &[Server]) -> EtcdBacking<i64> {
    impatient().open(servers.iter().map(Server::endpoint), PREFIX).await.unwrap()
}

/// Writes until it has gone well; what was given up may have happened as well.
async fn put(backing: &EtcdBacking<i64>, name: &str, value: i64) {
    let put = async {
        while let Err(error) = backing.put(id(name), &value).await {
            assert_eq!(error.kind(), multiwatcher::backing::FailureKind::Transient, "{error}");
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(LONG, put).await.expect("the others elect another leader");
}

/// The leader, to which the worker is connected, fails; and the same for a worker that is connected to a follower.
async fn fails(fail: impl Fn(&mut Server), mend: impl Fn(&mut Server)) {
    let mut servers = Server::start_three().await;
    leader_first(&mut servers).await;
    let (leaders, followers) = (open(&servers).await, open(&servers[1..]).await);
    assert_eq!(leaders.identity(), followers.identity());
    for name in 0..20 {
        put(&leaders, &name.to_string(), 0).await;
    }
    let workers = [&leaders, &followers].map(|backing| Worker::start(backing.clone(), short()));
    let mut views = [View::open(&workers[0]).await, View::open(&workers[1]).await];
    fail(&mut servers[0]);
    for value in 1..20 {
        put(&followers, &value.to_string(), value).await;
    }
    put(&leaders, "0", 100).await;
    followers.remove(id("19")).await.unwrap();
    let wanted = contents(&servers[1].endpoint()).await;
    assert_eq!(wanted.len(), 19);
    for view in &mut views {
        timeout(LONG, view.until(&wanted)).await.expect("the others are followed");
    }
    mend(&mut servers[0]);
    assert!(servers[0].answers().await);
    put(&leaders, "0", 200).await;
    for view in &mut views {
        timeout(LONG, view.until(&contents(&servers[0].endpoint()).await)).await.expect("it is followed again");
        view.rests().await;
    }
    assert!(workers[0].report().restarts > 0, "its server failed");
    assert_eq!(leaders.identity(), followers.identity());
    let again = open(&servers).await;
    assert_eq!(again.identity(), leaders.identity(), "it is the same history");
}

pub(crate) async fn a_leader_that_is_killed_is_not_noticed_by_readers() {
    fails(Server::kill, Server::run).await;
}

pub(crate) async fn a_leader_that_is_stopped_is_not_noticed_by_readers() {
    fails(|server| server.stop(), |server| server.go_on()).await;
}

pub(crate) async fn three_workers_of_one_cluster_tell_their_readers_the_same() {
    let mut servers = Server::start_three().await;
    let mut workers = Vec::new();
    for first in 0..3 {
        // Each prefers another member.
        let endpoints = (0..3).map(|at| servers[(first + at) % 3].endpoint());
        let backing = impatient().open::<i64, _>(endpoints, PREFIX).await.unwrap();
        workers.push((Worker::start(backing.clone(), Config { window: 100, ..short() }), backing));
    }
    let mut views = Vec::new();
    for (worker, _) in &workers {
        for _ in 0..2 {
            views.push(View::open(worker).await);
        }
    }
    let mut dice = 11;
    for round in 0..150 {
        let backing = &workers[round % 3].1;
        let name = (roll(&mut dice) % 30).to_string();
        if roll(&mut dice).is_multiple_of(4) {
            let _ = backing.remove(id(&name)).await;
        } else {
            put(backing, &name, i64::try_from(round).unwrap()).await;
        }
        // A member fails in the middle, and comes back.
        match round {
            50 => servers[1].kill(),
            100 => servers[1].run(),
            _ => {}
        }
    }
    put(&workers[0].1, "last", 1).await;
    let wanted = contents(&servers[0].endpoint()).await;
    for view in &mut views {
        timeout(LONG, view.until(&wanted)).await.expect("all views are equal");
    }
    let identities: Vec<_> = workers.iter().map(|(_, backing)| backing.identity()).collect();
    assert!(identities.iter().all(|identity| *identity == identities[0]));
    // A reader goes on with another worker: it is told what it does not know, and no more.
    let token = views[0].reader.resume_token().unwrap().unwrap();
    let mut moved = Vec::new();
    for (worker, _) in &workers {
        let reader = worker.resume(&token).await.expect("all have stood there");
        moved.push(View { reader, held: views[0].held.clone() });
    }
    put(&workers[2].1, "after", 1).await;
    for view in &mut moved {
        assert_eq!(view.next().await, ["after=1"]);
    }
}
