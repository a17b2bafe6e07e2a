//! A backing of one's own: the files of a folder. It knows documents and no log, so it is a [`Documents`], and the library's adapter
//! makes a backing of it.
//!
//! `cargo run --example own_backing`

#![expect(clippy::print_stdout, reason = "an example shows what it is told")]

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use multiwatcher::backing::{
    BackingError, Documents, DocumentsBacking, Entities, Identity, Read, Reads, SharedError, Stream, Touched,
};
use multiwatcher::driver::{Multiwatcher, Worker};
use multiwatcher::machine::{Change, Config, EntityId, ModelId};
use tokio::time::{Interval, interval};

/// The files of a folder: each is an entity, its text the value.
struct Folder(PathBuf);

/// Every file has one model.
const MODEL: ModelId = ModelId::from_u128(1);
/// How often the folder is looked at.
const LOOK: Duration = Duration::from_millis(20);

fn entity(name: &str) -> EntityId {
    EntityId::new("file", MODEL, name)
}

impl Folder {
    fn read(path: &Path, id: EntityId) -> (EntityId, Read<String>) {
        let read = match std::fs::read_to_string(path.join(id.id())) {
            Ok(text) => Read::Value(Arc::new(text)),
            // That there is no such file is an answer, not an error.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Read::Absent,
            // What cannot be read delays itself alone: it is tried again, and everything else goes on.
            Err(error) => Read::Error(Arc::new(error) as SharedError),
        };
        (id, read)
    }

    /// Names and times of all files.
    fn look(path: &Path) -> Result<Seen, BackingError> {
        let files = std::fs::read_dir(path).map_err(BackingError::transient)?;
        let seen = files.map(|file| {
            let file = file?;
            let about = file.metadata()?;
            Ok((file.file_name().to_string_lossy().into_owned(), (about.modified()?, about.len())))
        });
        seen.collect::<std::io::Result<_>>().map_err(BackingError::transient)
    }
}

#[expect(clippy::disallowed_types, reason = "the file system's clock is what tells that a file was written")]
type Seen = BTreeMap<String, (std::time::SystemTime, u64)>;

impl Documents for Folder {
    type Value = String;

    /// Another folder is another database. The same path is the same one in every process: a hash that is not seeded (FNV-1a).
    fn identity(&self) -> Identity {
        let path = self.0.as_os_str().as_encoded_bytes();
        Identity(path.iter().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, |hash: u128, byte| {
            (hash ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
        }))
    }

    async fn watch(&self) -> Result<Touched, BackingError> {
        // What is there now: when this returns, everything that happens afterwards will be noticed.
        let seen = Folder::look(&self.0)?;
        Ok(Box::pin(Looks { path: self.0.clone(), seen, interval: interval(LOOK) }))
    }

    fn get_all(&self) -> Entities<String> {
        let all = Folder::look(&self.0)
            .map(|seen| seen.into_keys().map(|name| Folder::read(&self.0, entity(&name))).collect());
        Box::pin(Once(Some(all)))
    }

    async fn read(&self, ids: Vec<EntityId>) -> Result<Reads<String>, BackingError> {
        Ok(ids.into_iter().map(|id| Folder::read(&self.0, id)).collect())
    }
}

/// Looks again and again; an empty list of ids is a sign of life.
struct Looks {
    path: PathBuf,
    seen: Seen,
    interval: Interval,
}

impl Stream for Looks {
    type Item = Result<Vec<EntityId>, BackingError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        ready!(self.interval.poll_tick(cx));
        let now = match Folder::look(&self.path) {
            Ok(now) => now,
            Err(error) => return Poll::Ready(Some(Err(error))),
        };
        let before = std::mem::replace(&mut self.seen, now);
        let touched = before.keys().chain(self.seen.keys()).filter(|name| before.get(*name) != self.seen.get(*name));
        let touched: BTreeSet<_> = touched.collect();
        Poll::Ready(Some(Ok(touched.into_iter().map(|name| entity(name)).collect())))
    }
}

/// A stream of one answer.
struct Once(Option<Result<Reads<String>, BackingError>>);

impl Stream for Once {
    type Item = Result<Reads<String>, BackingError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.take())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::temp_dir().join(format!("multiwatcher-own-backing-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("motd"), "hello")?;

    let worker = Worker::start(DocumentsBacking::new(Folder(folder.clone())), Config::default());
    let reader = worker.watch_model(MODEL)?;
    assert_eq!(told(&reader).await?, ["motd: hello"]);
    std::fs::write(folder.join("hosts"), "127.0.0.1 localhost")?;
    assert_eq!(told(&reader).await?, ["hosts: 127.0.0.1 localhost"]);
    std::fs::remove_file(folder.join("motd"))?;
    assert_eq!(told(&reader).await?, ["motd is gone"]);

    worker.kill();
    worker.wait().await;
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

fn told(reader: &Multiwatcher<String>) -> impl Future<Output = Result<Vec<String>, Box<dyn std::error::Error>>> {
    let next = reader.next();
    async move {
        let batch = next.await?;
        let tell = |change, id: &str, text: &str| match change {
            Change::Changed => format!("{id}: {text}"),
            Change::Removed => format!("{id} is gone"),
        };
        let lines = batch.deltas().iter().map(|delta| tell(delta.change(), delta.id().id(), delta.value()));
        let lines: Vec<_> = lines.inspect(|line| println!("{line}")).collect();
        Ok(lines)
    }
}
