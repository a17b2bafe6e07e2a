//! The stream of notices of one subscription: an etcd watch, whose events are handed over as steps once they are complete.

use core::future::Future;
use core::pin::{Pin, pin};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use etcd_client::{Event, EventType, WatchOptions, WatchResponse, WatchStream};
use futures_util::future::{Either, select};
use futures_util::stream;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep_until, timeout};

use super::Shared;
use super::error::{PlaceError, Why};
use super::history::{decode, entity};
use super::link::{Connected, MESSAGE};
use super::place::position_of;
use crate::backing::{BackingError, Notice, Read, Step, Stream, Value};
use crate::machine::EntityId;

/// A watch that stands.
pub(super) struct Watch<V> {
    shared: Arc<Shared>,
    connected: Connected,
    stream: WatchStream,
    /// What the server calls it.
    number: i64,
    /// Everything up to this revision has been handed over, or is ready to be.
    told: i64,
    ready: VecDeque<Step<V>>,
    /// The events of a revision that has not been told to its end, and which one that is.
    begun: BTreeMap<EntityId, Read<V>>,
    begun_to: i64,
    /// When the server is asked for a sign of life, and the question that is under way.
    ask_at: Instant,
    asking: Option<Asking>,
}

/// A question that any living server answers.
type Asking = Pin<Box<dyn Future<Output = Result<(), Why>> + Send>>;

/// What is heard besides the watch.
enum Sign {
    /// It has been silent for long enough.
    Due,
    /// It has answered.
    Lives,
}

/// Watches what is committed after this revision. When it returns, the server has said that it does.
pub(super) async fn watch<V: Value + DeserializeOwned>(
    shared: Arc<Shared>,
    after: i64,
) -> Result<Watch<V>, BackingError> {
    let connected = shared.link.connected().await?;
    match timeout(shared.link.call_timeout(), begin(&shared, &connected, after)).await {
        Ok(Ok((stream, number))) => {
            let ask_at = Instant::now() + shared.heartbeat;
            let (ready, begun, begun_to) = (VecDeque::new(), BTreeMap::new(), after);
            Ok(Watch { shared, connected, stream, number, told: after, ready, begun, begun_to, ask_at, asking: None })
        }
        Ok(Err(Ending::Place(error))) => Err(error.into()),
        Ok(Err(Ending::Why(why))) => Err(fail(&shared, &connected, why).await),
        Err(_) => Err(fail(&shared, &connected, Why::TimedOut(shared.link.call_timeout())).await),
    }
}

/// Why a watch ends.
enum Ending {
    Place(PlaceError),
    Why(Why),
}

impl From<etcd_client::Error> for Ending {
    fn from(error: etcd_client::Error) -> Self {
        Self::Why(Why::Said(Box::new(error)))
    }
}

async fn begin(shared: &Shared, connected: &Connected, after: i64) -> Result<(WatchStream, i64), Ending> {
    let (begin, end) = shared.keys.range();
    let options =
        WatchOptions::new().with_range(end).with_start_revision(after + 1).with_fragment().with_progress_notify();
    let mut client = connected.client.watch_client().max_decoding_message_size(MESSAGE);
    let mut stream = client.watch(begin, Some(options)).await?;
    loop {
        let Some(answer) = stream.message().await? else { return Err(Ending::Why(Why::Ended)) };
        ended(&answer, after)?;
        if answer.created() {
            return Ok((stream, answer.watch_id()));
        }
    }
}

/// Whether the server says that it watches no longer.
fn ended(answer: &WatchResponse, since: i64) -> Result<(), Ending> {
    if answer.compact_revision() != 0 {
        Err(Ending::Place(PlaceError::Compacted { since: position_of(since) }))
    } else if answer.canceled() {
        Err(Ending::Why(Why::Cancelled(answer.cancel_reason().to_owned())))
    } else {
        Ok(())
    }
}

/// The connection is given up along with the watch: another watch is to go another way.
async fn fail(shared: &Shared, connected: &Connected, why: Why) -> BackingError {
    shared.link.failed(connected).await;
    connected.error("watching", why).into()
}

impl<V: Value + DeserializeOwned> Watch<V> {
    pub(super) fn notices(self) -> impl Stream<Item = Result<Notice<V>, BackingError>> + Send {
        stream::try_unfold(self, |mut watch| async move {
            match watch.next().await {
                Ok(notice) => Ok(Some((notice, watch))),
                Err(Ending::Place(error)) => Err(error.into()),
                Err(Ending::Why(why)) => Err(fail(&watch.shared, &watch.connected, why).await),
            }
        })
    }

    async fn next(&mut self) -> Result<Notice<V>, Ending> {
        loop {
            if let Some(step) = self.ready.pop_front() {
                return Ok(Notice::Step(step));
            }
            let sign = sign(&mut self.asking, self.ask_at);
            let heard = match select(pin!(self.stream.message()), pin!(sign)).await {
                Either::Left((answer, _)) => Either::Left(answer),
                Either::Right((sign, _)) => Either::Right(sign),
            };
            match heard {
                Either::Left(answer) => {
                    let Some(answer) = answer? else { return Err(Ending::Why(Why::Ended)) };
                    self.rest();
                    ended(&answer, self.told)?;
                    self.take(&answer);
                }
                Either::Right(Ok(Sign::Lives)) => {
                    self.rest();
                    return Ok(Notice::Mark(position_of(self.told)));
                }
                Either::Right(Ok(Sign::Due)) => self.asking = Some(self.ask()),
                Either::Right(Err(why)) => return Err(Ending::Why(why)),
            }
        }
    }

    /// It was heard of: nothing needs to be asked for a while.
    fn rest(&mut self) {
        self.ask_at = Instant::now() + self.shared.heartbeat;
        self.asking = None;
    }

    /// Asks for a sign of life, over the connection of the watch. There is a request for it in the protocol of watches, but old servers may
    /// answer that before they tell what was committed before, and later ones do not answer it to a watch that has been told nothing yet.
    fn ask(&self) -> Asking {
        let (mut client, key) = (self.connected.client.kv_client(), self.shared.keys.identity());
        let patience = self.shared.link.call_timeout();
        Box::pin(async move {
            match timeout(patience, client.get(key, None)).await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(error)) => Err(Why::Said(Box::new(error))),
                Err(_) => Err(Why::TimedOut(patience)),
            }
        })
    }

    /// Takes in what an answer tells: a step for every revision, so that the worker stands wherever others may have stood.
    fn take(&mut self, answer: &WatchResponse) {
        for event in answer.events() {
            self.event(event);
        }
        if answer.0.fragment {
            return;
        }
        self.complete();
        // The server's own report goes the way of the events, so there is none of an earlier revision to come.
        let revision = answer.header().map_or(0, etcd_client::ResponseHeader::revision);
        if answer.events().is_empty() && answer.watch_id() == self.number && revision > self.told {
            self.begun_to = revision;
            self.complete();
        }
    }

    fn event(&mut self, event: &Event) {
        let Some(found) = event.kv() else { return };
        if found.mod_revision() > self.begun_to {
            self.complete();
            self.begun_to = found.mod_revision();
        }
        let Some(id) = entity(&self.shared.keys, found.key()) else { return };
        let read = match event.event_type() {
            EventType::Put => decode(&id, found),
            EventType::Delete => Read::Absent,
        };
        self.begun.insert(id, read);
    }

    /// The revision that has begun is told to its end.
    fn complete(&mut self) {
        if self.begun_to > self.told {
            let from = core::mem::replace(&mut self.told, self.begun_to);
            self.shared.place.heard(self.told);
            let entities = core::mem::take(&mut self.begun).into_iter().collect();
            self.ready.push_back(Step { from: position_of(from), to: position_of(self.told), entities });
        }
    }
}

/// Waits for the answer to what was asked, or until something is to be asked.
async fn sign(asking: &mut Option<Asking>, ask_at: Instant) -> Result<Sign, Why> {
    match asking {
        Some(asking) => asking.await.map(|()| Sign::Lives),
        None => {
            sleep_until(ask_at).await;
            Ok(Sign::Due)
        }
    }
}
