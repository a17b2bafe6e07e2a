//! What happened between two revisions, found by comparing which keys there are at either, and what keys hold at a revision.

use std::collections::VecDeque;
use std::sync::Arc;

use etcd_client::{GetOptions, KeyValue, Txn, TxnOp, TxnOpResponse};
use serde::de::DeserializeOwned;

use super::Shared;
use super::error::{EtcdError, PlaceError, ValueError};
use super::keys::Keys;
use super::link::Link;
use super::place::revision_of;
use crate::backing::{BackingError, Read, Reads, SharedError, Step, Value};
use crate::machine::{EntityId, Position};

/// Keys that a listing asks for at once. Of each only its name is told, and when it was last written.
const LISTED: i64 = 4096;
/// Values that are read in one transaction; servers refuse more than 128 operations.
const READ: usize = 64;

/// What happened since a position, up to the latest revision.
pub(super) async fn step<V: Value + DeserializeOwned>(
    shared: &Shared,
    since: Position,
    mut ids: Vec<EntityId>,
) -> Result<Step<V>, BackingError> {
    let moment = shared.place.same(&shared.link).await?;
    let to = moment.position();
    if since > to {
        return Err(PlaceError::Ahead { since, latest: to }.into());
    }
    if since < to {
        ids.extend(touched(shared, revision_of(since), moment.revision).await?);
    }
    ids.sort_unstable();
    ids.dedup();
    let entities = read_all(&shared.link, &shared.keys, ids, moment.revision).await?;
    Ok(Step { from: since, to, entities })
}

/// The entities whose keys differ between two revisions.
async fn touched(shared: &Shared, since: i64, to: i64) -> Result<Vec<EntityId>, BackingError> {
    // Before the first revision there is nothing.
    let mut before = Listing::new(shared, since.max(1));
    let mut after = Listing::new(shared, to);
    let mut keys = Vec::new();
    loop {
        match (before.peek().await?, after.peek().await?) {
            (None, None) => break,
            (Some(old), Some(new)) if old == new => {
                before.take();
                after.take();
            }
            (Some(old), Some(new)) if old.0 == new.0 => {
                keys.extend(before.take());
                after.take();
            }
            (Some(old), new) if new.is_none_or(|new| old.0 < new.0) => keys.extend(before.take()),
            _ => keys.extend(after.take()),
        }
    }
    Ok(keys.into_iter().filter_map(|(key, _)| entity(&shared.keys, &key)).collect())
}

/// The keys at a revision, in their order, with the revision each was last written at.
struct Listing<'a> {
    shared: &'a Shared,
    revision: i64,
    listed: VecDeque<(Vec<u8>, i64)>,
    /// Where the next page begins, if there is one.
    next: Option<Vec<u8>>,
}

impl<'a> Listing<'a> {
    fn new(shared: &'a Shared, revision: i64) -> Self {
        Self { shared, revision, listed: VecDeque::new(), next: Some(shared.keys.range().0) }
    }

    async fn peek(&mut self) -> Result<Option<&(Vec<u8>, i64)>, EtcdError> {
        if self.listed.is_empty()
            && let Some(begin) = self.next.take()
        {
            let options = GetOptions::new()
                .with_range(self.shared.keys.range().1)
                .with_revision(self.revision)
                .with_limit(LISTED)
                .with_keys_only();
            let page = self.shared.link.get("listing keys", &begin, &options).await?;
            self.listed.extend(page.kvs().iter().map(|found| (found.key().to_vec(), found.mod_revision())));
            self.next = page.kvs().last().filter(|_| page.more()).map(|last| behind(last.key()));
        }
        Ok(self.listed.front())
    }

    fn take(&mut self) -> Option<(Vec<u8>, i64)> {
        self.listed.pop_front()
    }
}

/// Reads these entities at a revision.
pub(super) async fn read_all<V: Value + DeserializeOwned>(
    link: &Link,
    keys: &Keys,
    ids: Vec<EntityId>,
    revision: i64,
) -> Result<Reads<V>, BackingError> {
    let mut reads = Reads::with_capacity(ids.len());
    for ids in ids.chunks(READ) {
        let options = GetOptions::new().with_revision(revision);
        let gets: Vec<_> = ids.iter().map(|id| TxnOp::get(keys.of(id), Some(options.clone()))).collect();
        let answers = link.read("reading entities", &Txn::new().and_then(gets)).await?;
        let answers = answers.op_responses().into_iter().map(Some).chain(core::iter::repeat_with(|| None));
        reads.extend(ids.iter().zip(answers).map(|(id, answer)| {
            let read = match answer {
                Some(TxnOpResponse::Get(found)) => found.kvs().first().map_or(Read::Absent, |found| decode(id, found)),
                Some(TxnOpResponse::Put(_) | TxnOpResponse::Delete(_) | TxnOpResponse::Txn(_)) | None => {
                    failed(id, "the server did not answer for it")
                }
            };
            (id.clone(), read)
        }));
    }
    Ok(reads)
}

/// What a key holds is its own affair: an error is about it alone.
pub(super) fn decode<V: Value + DeserializeOwned>(id: &EntityId, found: &KeyValue) -> Read<V> {
    match serde_json::from_slice(found.value()) {
        Ok(value) => Read::Value(Arc::new(value)),
        Err(error) => failed(id, error),
    }
}

fn failed<V>(id: &EntityId, error: impl Into<Box<dyn core::error::Error + Send + Sync>>) -> Read<V> {
    Read::Error(Arc::new(ValueError { id: id.clone(), error: error.into() }) as SharedError)
}

/// The entity that a key names. What names none is told in the log of the program, and is no entity.
pub(super) fn entity(keys: &Keys, key: &[u8]) -> Option<EntityId> {
    keys.parse(key)
        .inspect_err(|error| {
            tracing::warn!(key = %String::from_utf8_lossy(key), %error, "a key that names no entity");
        })
        .ok()
}

/// The first key behind this one.
pub(super) fn behind(key: &[u8]) -> Vec<u8> {
    [key, &[0]].concat()
}
