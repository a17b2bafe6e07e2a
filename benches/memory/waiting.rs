//! What a waiting watcher costs in the driver: its handle, its pending call, and its part of the machine and of the table of wakers.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use multiwatcher::backing::MemoryBacking;
use multiwatcher::driver::{Multiwatcher, Worker};
use multiwatcher::machine::{Config, EntityId, Filter, ModelId};

use crate::each;

pub(crate) const LIMIT: f64 = 600.0;

/// Bytes for each of so many watchers, over so many models; each has taken its first batch and has one call that waits.
pub(crate) fn per_watcher(watchers: usize, models: usize) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime can be made");
    runtime.block_on(async {
        let backing = MemoryBacking::new();
        for number in 0..100 {
            backing.put(EntityId::new("unit", model(number % models), number.to_string()), number as u64);
        }
        let worker = Worker::start(backing, Config::default());
        let first = worker.watch_all_models().expect("it runs");
        first.next().await.expect("it is told the whole state first");
        // Whoever reads would hold both; here they lie in vectors, whose memory belongs to them.
        let before = crate::COUNTED.current_usage();
        let mut handles: Vec<Multiwatcher<u64>> = Vec::with_capacity(watchers);
        let mut calls = Vec::with_capacity(watchers);
        for number in 0..watchers {
            let filter = if models == 1 { Filter::all_models() } else { Filter::model(model(number % models)) };
            let handle = worker.watch(filter).expect("it runs");
            handle.try_next().expect("it is open");
            let mut call = handle.next();
            let polled = Pin::new(&mut call).poll(&mut Context::from_waker(Waker::noop()));
            assert!(matches!(polled, Poll::Pending), "nothing has changed");
            handles.push(handle);
            calls.push(call);
        }
        let bytes = each(before, watchers);
        drop((calls, handles));
        bytes
    })
}

fn model(number: usize) -> ModelId {
    ModelId::from_u128(number as u128 + 1)
}
