//! The model under `turmoil`: the store stands on one host, the writer and two readers on others. What they want travels over a
//! simulated network whose latency decides what comes first: a commit, a poll of a reader's call, or its drop.

use std::cell::RefCell;
use std::future::Future;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use turmoil::net::UdpSocket;

use crate::model::{Batch, Bug, COMMITS, IDS, Pause, ROUNDS, Store, View};

const PORT: u16 = 7;
const WRITER: u8 = 2;
const DROP: u8 = 255;

pub fn hunt(bug: Bug, seed: u64, most: u64, longest: Duration) -> (u64, bool) {
    let start = Instant::now();
    let mut runs = 0;
    while runs < most && start.elapsed() < longest {
        runs += 1;
        if model(bug, seed + runs).is_err() {
            return (runs, true);
        }
    }
    (runs, false)
}

fn model(bug: Bug, seed: u64) -> turmoil::Result {
    let mut sim = turmoil::Builder::new()
        .rng_seed(seed)
        .enable_random_order()
        .min_message_latency(Duration::ZERO)
        .max_message_latency(Duration::from_millis(20))
        .build();
    sim.client("store", serve(bug));
    sim.client("writer", send(WRITER, commits(seed)));
    for reader in [0, 1] {
        sim.client(format!("reader{reader}"), send(reader, polls(seed ^ u64::from(reader + 1) << 32)));
    }
    sim.run()
}

/// What the writer sends: an id and a value, 0 for a deletion.
fn commits(seed: u64) -> Vec<u8> {
    let mut draw = draws(seed);
    let mut commit = || draw(IDS as u64) * 3 + draw(3);
    (0..COMMITS).map(|_| u8::try_from(commit()).expect("a small number")).collect()
}

/// What a reader sends: in each round some polls of a call, then its drop, which comes to nothing if it is over.
fn polls(seed: u64) -> Vec<u8> {
    let mut draw = draws(seed);
    (0..ROUNDS).flat_map(|_| std::iter::repeat_n(0, 1 + draw(3) as usize).chain([DROP]).collect::<Vec<_>>()).collect()
}

async fn send(who: u8, what: Vec<u8>) -> turmoil::Result {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await?;
    // The store is there by then.
    tokio::time::sleep(Duration::from_millis(5)).await;
    for byte in what {
        socket.send_to(&[who, byte], ("store", PORT)).await?;
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    socket.send_to(&[who, DROP, DROP], ("store", PORT)).await?;
    Ok(())
}

type Call = Pin<Box<dyn Future<Output = Batch>>>;

async fn serve(bug: Bug) -> turmoil::Result {
    let store = Rc::new(RefCell::new(Store::new(bug)));
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, PORT)).await?;
    let mut readers: [(View, Option<Call>); 2] = Default::default();
    (0..2).for_each(|reader| store.borrow_mut().open(reader));
    let (mut ends, mut buffer) = (0, [0; 3]);
    while ends < 3 {
        let (length, _) = socket.recv_from(&mut buffer).await?;
        let [who, byte, _] = buffer;
        if length == 3 {
            ends += 1;
        } else if who == WRITER {
            let (id, value) = (usize::from(byte / 3), byte % 3);
            store.borrow_mut().apply(&[(id, (value > 0).then_some(value))]);
        } else {
            let (view, call) = &mut readers[usize::from(who)];
            if byte == DROP {
                *call = None;
                continue;
            }
            let pending = call.get_or_insert_with(|| Box::pin(next(Rc::clone(&store), u64::from(who))));
            if let Poll::Ready(batch) = pending.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                *call = None;
                view.fold(&batch)?;
            }
        }
    }
    for (number, (view, _)) in (0..).zip(&mut readers) {
        let last = store.borrow_mut().take(number);
        last.iter().try_for_each(|batch| view.fold(batch))?;
        if !view.is(store.borrow().truth()) {
            return Err("a reader misses something".into());
        }
    }
    Ok(())
}

async fn next(store: Rc<RefCell<Store>>, reader: u64) -> Batch {
    loop {
        let (taken, bug) = (store.borrow_mut().take(reader), store.borrow().bug);
        if let Some(batch) = taken {
            if bug == Bug::Z26 {
                Pause::default().await;
            }
            return batch;
        }
        Pause::default().await;
    }
}

/// Numbers below a bound, by splitmix64: turmoil keeps its own to itself.
fn draws(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |below| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below
    }
}
