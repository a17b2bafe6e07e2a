//! What is read of a database: where its log stands, what happened since a position, and the entities of a load. Each call reads
//! at one moment. Whose connection it is, and when it is asked, is decided elsewhere.

use core::error::Error;
use std::sync::Arc;

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::de::DeserializeOwned;

use super::error::{PlaceError, SqliteError, ValueError};
use crate::backing::{BackingError, Read, Reads, SharedError, Step, Value};
use crate::machine::{EntityId, Position};

/// A page of a load ends after so many entities, or so many bytes of values.
const PAGE_ROWS: usize = 2048;
const PAGE_BYTES: usize = 4 << 20;

/// A place in the log: a position, and the whole nonce that tells the commit there from another one that got its row after the past
/// came back. None is known of the beginning, nor of a position that another process was told: that one carries some bits of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) position: Position,
    pub(super) nonce: Option<i64>,
}

/// Why a read did not go.
#[derive(Debug)]
pub(super) enum Trouble {
    Sqlite(rusqlite::Error),
    Place(PlaceError),
}

/// Where a page of a load ended: behind the key of a row, which need not be that of an entity.
#[derive(Debug, Clone, Default)]
pub(super) struct Key {
    kind: Column,
    model: Column,
    id: Column,
}

/// A column of a key, as it stands there: no text need be UTF-8. All blobs sort behind all texts.
#[derive(Debug, Clone)]
enum Column {
    Text(Vec<u8>),
    Blob(Vec<u8>),
}

/// The entities that follow a key, and where they end: nowhere, if there are no more.
pub(super) type Page<V> = (Reads<V>, Option<Key>);

/// A number that is another one whenever somebody else has committed since.
pub(super) fn data_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))
}

/// Where the log stands.
pub(super) fn latest(connection: &Connection) -> rusqlite::Result<Spot> {
    let sql = "SELECT position, nonce FROM change_log ORDER BY position DESC LIMIT 1";
    let latest = connection.prepare_cached(sql)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    match latest {
        None => Ok(Spot { position: Position(0), nonce: None }),
        Some((row, nonce)) => spot(row, nonce),
    }
}

/// Nothing, if this place is of this history as far as the log tells, which may have been pruned.
pub(super) fn confirm(connection: &Connection, place: Spot) -> Result<(), Trouble> {
    match locate(connection, place, latest(connection)?) {
        Err(Trouble::Place(PlaceError::Pruned { .. })) => Ok(()),
        found => found,
    }
}

/// What happened since a place, and where that brings to. The asked ids are read whether touched or not. All is read at one moment: that
/// of the transaction which is open, or of one of its own.
pub(super) fn step<V: Value + DeserializeOwned>(
    connection: &Connection,
    since: Spot,
    asked: &[EntityId],
) -> Result<(Step<V>, Spot), Trouble> {
    let own = connection.is_autocommit().then(|| connection.unchecked_transaction()).transpose()?;
    let (latest, mut ids) = match after(connection, since)? {
        Some(found) => found,
        None => search(connection, since)?,
    };
    ids.extend_from_slice(asked);
    ids.sort_unstable();
    ids.dedup();
    let entities = ids.into_iter().map(|id| read(connection, id)).collect::<rusqlite::Result<_>>()?;
    if let Some(own) = own {
        own.finish()?;
    }
    Ok((Step { from: since.position, to: latest.position, entities }, latest))
}

/// The entities after this key.
pub(super) fn page<V: Value + DeserializeOwned>(connection: &Connection, after: &Key) -> rusqlite::Result<Page<V>> {
    let sql = "SELECT kind, model, id, value FROM entity WHERE (kind, model, id) > (?, ?, ?) ORDER BY kind, model, id LIMIT ?";
    let mut statement = connection.prepare_cached(sql)?;
    let limit = i64::try_from(PAGE_ROWS).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![after.kind, after.model, after.id, limit])?;
    let (mut reads, mut end, mut bytes, mut seen) = (Reads::new(), None, 0, 0);
    while let Some(row) = rows.next()? {
        seen += 1;
        bytes += row.get_ref(3)?.as_bytes_or_null().ok().flatten().map_or(0, <[u8]>::len);
        if let Some(id) = name(row)? {
            let read = decode(&id, row.get_ref(3)?);
            reads.push((id, read));
        }
        if bytes >= PAGE_BYTES || seen == PAGE_ROWS {
            end = Some(Key { kind: column(row, 0)?, model: column(row, 1)?, id: column(row, 2)? });
            break;
        }
    }
    Ok((reads, end))
}

/// One entity.
pub(super) fn read<V: Value + DeserializeOwned>(
    connection: &Connection,
    id: EntityId,
) -> rusqlite::Result<(EntityId, Read<V>)> {
    let sql = "SELECT value FROM entity WHERE kind = ? AND model = ? AND id = ?";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![id.kind.as_str(), id.model.to_string(), id.id()])?;
    let read = match rows.next()? {
        Some(row) => decode(&id, row.get_ref(0)?),
        None => Read::Absent,
    };
    Ok((id, read))
}

/// The latest commit and the ids that were touched after this place, perhaps repeated, if the log still holds its row and that is of this
/// history: what a worker that follows always finds, so it costs one query.
fn after(connection: &Connection, since: Spot) -> Result<Option<(Spot, Vec<EntityId>)>, Trouble> {
    let sql = "SELECT kind, model, id, position, nonce FROM change_log WHERE position >= ? ORDER BY position";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([row_of(since.position)])?;
    let Some(first) = rows.next()? else { return Ok(None) };
    if first.get::<_, i64>(3)? != row_of(since.position) || !is_at(since, first.get(3)?, first.get(4)?) {
        return Ok(None);
    }
    let (mut latest, mut ids) = (Spot { nonce: Some(first.get(4)?), ..since }, Vec::new());
    while let Some(row) = rows.next()? {
        ids.extend(name(row)?);
        latest = spot(row.get(3)?, row.get(4)?)?;
    }
    Ok(Some((latest, ids)))
}

/// The same wherever the place is, or why the log does not tell.
fn search(connection: &Connection, since: Spot) -> Result<(Spot, Vec<EntityId>), Trouble> {
    let latest = latest(connection)?;
    locate(connection, since, latest)?;
    let ids = if latest == since { Vec::new() } else { touched(connection, since.position, latest.position)? };
    Ok((latest, ids))
}

/// Whether the log still tells what happened since this place, in this history.
fn locate(connection: &Connection, since: Spot, latest: Spot) -> Result<(), Trouble> {
    let (row, last) = (row_of(since.position), row_of(latest.position));
    if row > last {
        return Err(PlaceError::Ahead { since: row, latest: last }.into());
    }
    let mut statement = connection.prepare_cached("SELECT nonce FROM change_log WHERE position = ?")?;
    let there: Option<i64> = statement.query_row([row], |row| row.get(0)).optional()?;
    if let Some(there) = there {
        return if is_at(since, row, there) { Ok(()) } else { Err(PlaceError::Other { since: row }.into()) };
    }
    let mut statement = connection.prepare_cached("SELECT min(position) FROM change_log")?;
    let oldest: Option<i64> = statement.query_row([], |row| row.get(0))?;
    match oldest {
        // The log is whole after this place, but whether it is of this history nothing tells.
        Some(oldest) if row > 0 || oldest > 1 => Err(PlaceError::Pruned { since: row, oldest }.into()),
        _ => Ok(()),
    }
}

/// The ids that commits in `(since, to]` touched, perhaps repeated.
fn touched(connection: &Connection, since: Position, to: Position) -> rusqlite::Result<Vec<EntityId>> {
    let sql = "SELECT kind, model, id FROM change_log WHERE position > ? AND position <= ?";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([row_of(since), row_of(to)])?;
    let mut ids = Vec::new();
    while let Some(row) = rows.next()? {
        ids.extend(name(row)?);
    }
    Ok(ids)
}

/// The id in the first three columns. What is not UTF-8, or breaks the constraints of the table, cannot be named, so it is no entity.
fn name(row: &Row<'_>) -> rusqlite::Result<Option<EntityId>> {
    let columns = [row.get_ref(0)?, row.get_ref(1)?, row.get_ref(2)?];
    let id = parse(columns);
    if let Err(error) = &id {
        let [kind, model, id] = columns.map(|column| String::from_utf8_lossy(column.as_bytes().unwrap_or_default()));
        tracing::warn!(%kind, %model, %id, %error, "a row that is no entity");
    }
    Ok(id.ok())
}

fn parse([kind, model, id]: [ValueRef<'_>; 3]) -> Result<EntityId, Box<dyn Error + Send + Sync>> {
    let (kind, model, id) = (kind.as_str()?, model.as_str()?, id.as_str()?);
    Ok(EntityId::new(kind, model.parse()?, id))
}

fn column(row: &Row<'_>, number: usize) -> rusqlite::Result<Column> {
    match row.get_ref(number)? {
        ValueRef::Text(bytes) => Ok(Column::Text(bytes.to_vec())),
        ValueRef::Blob(bytes) => Ok(Column::Blob(bytes.to_vec())),
        // A column of texts that are never null keeps none of these.
        other @ (ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_)) => {
            Err(rusqlite::Error::InvalidColumnType(number, "a key".to_owned(), other.data_type()))
        }
    }
}

/// What a row holds is the row's own affair: an error is about it alone.
fn decode<V: Value + DeserializeOwned>(id: &EntityId, value: ValueRef<'_>) -> Read<V> {
    let decoded = value.as_str().map_err(Into::into).and_then(|text| serde_json::from_str(text).map_err(Into::into));
    match decoded {
        Ok(value) => Read::Value(Arc::new(value)),
        Err(error) => Read::Error(Arc::new(ValueError { id: id.clone(), error }) as SharedError),
    }
}

/// Bits of a position that are of the nonce.
const NONCE_BITS: u32 = 20;
/// Rows that there are positions for.
const ROWS: i64 = 1 << (64 - NONCE_BITS);

/// The place of this row.
fn spot(row: i64, nonce: i64) -> rusqlite::Result<Spot> {
    // Not a number that triggers came to: at a million rows a second it takes half a year.
    if row >= ROWS {
        return Err(rusqlite::Error::IntegralValueOutOfRange(0, row));
    }
    Ok(Spot { position: position_of(row, nonce), nonce: Some(nonce) })
}

/// Whether a row with this nonce is that of the place.
fn is_at(place: Spot, row: i64, nonce: i64) -> bool {
    position_of(row, nonce) == place.position && place.nonce.is_none_or(|known| known == nonce)
}

/// The position of a commit whose last row in the log is this one: rows ascend, and two that got the same number because the past came
/// back between them are told apart by some bits of their nonces.
fn position_of(row: i64, nonce: i64) -> Position {
    let bits = nonce.cast_unsigned() & ((1 << NONCE_BITS) - 1);
    Position(row.max(0).cast_unsigned() << NONCE_BITS | bits)
}

/// The row of the log that a position is of.
pub(super) fn row_of(position: Position) -> i64 {
    (position.0 >> NONCE_BITS).cast_signed()
}

/// Before all others.
impl Default for Column {
    fn default() -> Self {
        Self::Text(Vec::new())
    }
}

impl ToSql for Column {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Text(bytes) => ValueRef::Text(bytes),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<PlaceError> for Trouble {
    fn from(error: PlaceError) -> Self {
        Self::Place(error)
    }
}

impl From<Trouble> for BackingError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Sqlite(error) => SqliteError::new("reading the database", error).into(),
            Trouble::Place(error) => error.into(),
        }
    }
}
