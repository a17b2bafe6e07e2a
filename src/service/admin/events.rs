//! What happens, as server-sent events.

use core::convert::Infallible;
use core::fmt::Write as _;
use core::pin::pin;
use core::time::Duration;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::Stream;
use futures_util::future::{Either, select};
use futures_util::stream::unfold;
use hyper::body::Frame;
use serde::Serialize;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::super::shared::Shared;
use super::status::Status;
use crate::backing::Json;
use crate::driver::{Multiwatcher, NextError, WatchError};
use crate::machine::{Batch, Change};

/// Deltas that are named in one event; of the others the number is told.
const NAMED: usize = 100;
/// How often the state is told.
const OFTEN: Duration = Duration::from_secs(1);

struct Source {
    shared: Arc<Shared>,
    /// `None` when it has ended.
    reader: Option<Multiwatcher<Json>>,
    ticks: Interval,
    is_first: bool,
}

/// The events from now on. The state as it is found is told by its size alone.
pub(super) async fn events(
    shared: Arc<Shared>,
) -> Result<impl Stream<Item = Result<Frame<Bytes>, Infallible>> + Send + Sync + 'static, WatchError> {
    let reader = shared.factory.watch_all_models().await?;
    let mut ticks = interval(OFTEN);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let source = Source { shared, reader: Some(reader), ticks, is_first: true };
    Ok(unfold(source, |mut source| async move {
        let event = source.next().await?;
        Some((Ok(Frame::data(event)), source))
    }))
}

impl Source {
    async fn next(&mut self) -> Option<Bytes> {
        let reader = self.reader.clone()?;
        let told = {
            let tick = pin!(self.ticks.tick());
            // The state first: while it is told, what changes is put together; the other way round a busy database would hide it.
            match select(tick, reader.next()).await {
                Either::Left(_) => None,
                Either::Right((told, _)) => Some(told),
            }
        };
        Some(match told {
            Some(Ok(batch)) => self.told(&batch),
            Some(Err(error)) => self.ended(&error),
            None => event("status", &Status::of(&self.shared)),
        })
    }

    fn told(&mut self, batch: &Batch<Json>) -> Bytes {
        #[derive(Serialize)]
        struct Told<'a> {
            revno: u64,
            deltas: Vec<(&'static str, &'a str, String, &'a str)>,
            unnamed: usize,
        }
        let named = if core::mem::take(&mut self.is_first) { 0 } else { NAMED };
        let deltas = batch.deltas().iter().take(named).map(|delta| {
            let operation = match delta.change() {
                Change::Changed => "change",
                Change::Removed => "remove",
            };
            let id = delta.id();
            (operation, id.kind.as_str(), id.model.to_string(), id.id())
        });
        let deltas: Vec<_> = deltas.collect();
        let unnamed = batch.deltas().len() - deltas.len();
        event("deltas", &Told { revno: batch.revno().0, deltas, unnamed })
    }

    fn ended(&mut self, error: &NextError) -> Bytes {
        self.reader = None;
        event("ended", &error.to_string())
    }
}

fn event(name: &str, data: &impl Serialize) -> Bytes {
    let data = serde_json::to_string(data).expect("what is told has text keys and plain values");
    let mut event = String::new();
    write!(event, "event: {name}\ndata: {data}\n\n").expect("a text takes what is written");
    event.into()
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;
    use tokio::time::sleep;

    use super::*;
    use crate::backing::MemoryBacking;
    use crate::driver::{Factory, OpenError};
    use crate::machine::{Config, EntityId, ModelId};
    use crate::service::{Accounts, Service, ServiceConfig};

    #[tokio::test]
    async fn the_state_is_told_though_there_are_changes_to_tell() {
        let database = MemoryBacking::new();
        database.put(EntityId::new("model", ModelId::from_u128(1), "x"), "{}".parse().unwrap());
        let open = move || core::future::ready(Ok::<_, OpenError>(database.clone()));
        let config = ServiceConfig::new(ModelId::from_u128(2), Accounts::Fixed(Arc::default()));
        let service = Service::new(Factory::new(open, Config::default()), config).unwrap();
        service.shared.cache.loaded().await.unwrap();
        let mut events = pin!(events(Arc::clone(&service.shared)).await.unwrap());
        // Both are due.
        sleep(Duration::from_millis(20)).await;
        for expected in ["event: status\n", "event: deltas\n"] {
            let Some(Ok(frame)) = events.next().await else { panic!("it goes on") };
            let event = frame.into_data().unwrap();
            assert!(event.starts_with(expected.as_bytes()), "{event:?} is not {expected}");
        }
    }
}
