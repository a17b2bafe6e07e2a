//! Which database it is, and whether it is still in the history that it was in: a *witness* under the prefix tells one history from
//! another that was restored from a snapshot of it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use etcd_client::{Compare, CompareOp, Txn, TxnOp, TxnOpResponse};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use super::error::{EtcdError, Meaning, PlaceError, Why};
use super::keys::Keys;
use super::link::{Link, header};
use crate::backing::{BackingError, Identity};
use crate::machine::Position;

/// How often it is tried to agree with others about the witness.
const ATTEMPTS: usize = 8;
/// A witness is written anew when the cluster's log has grown by so many entries since.
const STALE: u64 = 16;

/// What stands under the key of the identity. The number of the cluster makes the rest of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Witness {
    /// Whatever was drawn when this history was first met.
    nonce: Identity,
    /// How long the cluster's log was when this was written. A restored cluster begins another log.
    raft_index: u64,
}

/// What a linearizable read says of the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moment {
    /// The revision that was read, which is the latest.
    pub(super) revision: i64,
    cluster: u64,
    member: u64,
    witness: Option<(Result<Witness, String>, i64)>,
}

/// What is known of the database from before.
#[derive(Debug, Clone, Default)]
struct Known {
    /// What resume tokens carry.
    identity: Option<Identity>,
    cluster: u64,
    /// The nonce that was found.
    nonce: Option<Identity>,
    /// The one that counts instead, for it could not be written.
    drawn: Option<Identity>,
    /// The latest revision, and the longest log, that anything was heard of.
    revision: i64,
    raft_index: u64,
}

/// What is known of the database, and how to ask.
#[derive(Debug)]
pub(super) struct Place {
    keys: Keys,
    known: Mutex<Known>,
}

impl Place {
    pub(super) fn new(keys: Keys) -> Self {
        Self { keys, known: Mutex::new(Known::default()) }
    }

    pub(super) fn identity(&self) -> Identity {
        self.lock().identity.unwrap_or(Identity(0))
    }

    /// The watch has told this revision.
    pub(super) fn heard(&self, revision: i64) {
        let mut known = self.lock();
        known.revision = known.revision.max(revision);
    }

    /// A linearizable look.
    pub(super) async fn look(&self, link: &Link) -> Result<Moment, EtcdError> {
        let txn = Txn::new().and_then([TxnOp::get(self.keys.identity(), None)]);
        let answer = link
            .ask("reading the latest revision", |client| {
                let txn = txn.clone();
                async move {
                    let answer = client.kv_client().txn(txn).await?;
                    let header = header(answer.header())?;
                    let (cluster, member, revision) = (header.cluster_id(), header.member_id(), header.revision());
                    let witness = answer.op_responses().into_iter().find_map(|answer| match answer {
                        TxnOpResponse::Get(answer) => answer.kvs().first().map(|found| {
                            (
                                serde_json::from_slice(found.value()).map_err(|error| error.to_string()),
                                found.mod_revision(),
                            )
                        }),
                        TxnOpResponse::Put(_) | TxnOpResponse::Delete(_) | TxnOpResponse::Txn(_) => None,
                    });
                    Ok(Moment { revision, cluster, member, witness })
                }
            })
            .await?;
        Ok(answer)
    }

    /// A linearizable look that is to find the same history as before.
    pub(super) async fn same(&self, link: &Link) -> Result<Moment, BackingError> {
        // What is heard while the answer is on its way may be later than the answer.
        let known = self.lock().clone();
        let moment = self.look(link).await?;
        if known.cluster != moment.cluster || moment.revision < known.revision || known.nonce != moment.nonce() {
            return Err(PlaceError::Other.into());
        }
        self.heard(moment.revision);
        Ok(moment)
    }

    /// Finds out which history it is, and leaves a witness of it. It is told if it is another one than before; then that
    /// is the one from here on.
    pub(super) async fn confirm(&self, link: &Link) -> Result<Confirmed, EtcdError> {
        for _ in 0..ATTEMPTS {
            let known = self.lock().clone();
            let moment = self.look(link).await?;
            let (member, raft_index) = self.log(link).await?;
            // Behind a balancer the two may have been different members; only of one and the same is the log as long as what was read.
            if member != moment.member {
                continue;
            }
            let went_back = known.identity.is_some() && known.went_back(&moment, raft_index);
            let is_other = went_back || known.identity.is_some() && known.nonce != moment.nonce();
            let mut drawn = known.drawn.filter(|_| !is_other);
            if let Some(witness) = self.wanted(&known, &moment, raft_index, went_back) {
                match self.write(link, &moment, &witness).await {
                    // Read again: it is there, or somebody else was faster.
                    Ok(()) => continue,
                    Err(error) if !may_not_write(&error) => return Err(error),
                    Err(error) if moment.nonce() != Some(witness.nonce) => {
                        tracing::warn!(%error, "the identity of the database cannot be written, so its resume tokens are good for this program alone");
                        drawn = drawn.or(Some(witness.nonce));
                    }
                    Err(error) => tracing::debug!(%error, "the witness cannot be written anew"),
                }
            }
            let identity = Some(self.name(moment.cluster, drawn.or(moment.nonce())));
            let (cluster, nonce, revision) = (moment.cluster, moment.nonce(), moment.revision);
            let mut kept = self.lock();
            // Others may have heard of more meanwhile, if that is of the same history.
            let later = if is_other { 0 } else { kept.revision };
            *kept = Known { identity, cluster, nonce, drawn, revision: revision.max(later), raft_index };
            drop(kept);
            return Ok(Confirmed { moment, is_other });
        }
        Err(EtcdError {
            doing: "agreeing on the identity of the database",
            endpoint: self.keys.identity(),
            why: Why::Cancelled("others write it all the time".to_owned()),
        })
    }

    /// The witness that should be there instead of the one that is, if it should.
    fn wanted(&self, known: &Known, moment: &Moment, raft_index: u64, went_back: bool) -> Option<Witness> {
        let written = |nonce| Some(Witness { nonce, raft_index });
        match &moment.witness {
            None => written(Identity::fresh()),
            Some((Err(error), _)) => {
                tracing::warn!(key = self.keys.identity(), error, "this is no identity: another one is drawn");
                written(Identity::fresh())
            }
            Some((Ok(witness), _)) => {
                let restored = raft_index < witness.raft_index;
                // Another program may have been first to notice: then the nonce is another one already.
                let unnoticed = went_back && known.nonce == Some(witness.nonce);
                if restored || unnoticed {
                    written(Identity::fresh())
                } else if raft_index >= witness.raft_index + STALE {
                    written(witness.nonce)
                } else {
                    None
                }
            }
        }
    }

    /// Writes the witness in the place of the one that was seen, if that is still there.
    async fn write(&self, link: &Link, moment: &Moment, witness: &Witness) -> Result<(), EtcdError> {
        let key = self.keys.identity();
        let unchanged = match &moment.witness {
            None => Compare::create_revision(key.as_str(), CompareOp::Equal, 0),
            Some((_, revision)) => Compare::mod_revision(key.as_str(), CompareOp::Equal, *revision),
        };
        let text = serde_json::to_string(witness).expect("it is plain data");
        let txn = Txn::new().when([unchanged]).and_then([TxnOp::put(key, text, None)]);
        link.write("writing the identity of the database", txn).await.map(drop)
    }

    /// How long the log of the member is that answers, and which one that is.
    async fn log(&self, link: &Link) -> Result<(u64, u64), EtcdError> {
        link.ask("asking for the status", |client| async move {
            let status = client.maintenance_client().status().await?;
            Ok((header(status.header())?.member_id(), status.raft_index()))
        })
        .await
    }

    fn name(&self, cluster: u64, nonce: Option<Identity>) -> Identity {
        let nonce = nonce.unwrap_or(Identity(0));
        Identity(xxh3_128(format!("{cluster:x} {nonce} {}", self.keys.prefix()).as_bytes()))
    }

    /// A panic cannot happen while it is locked.
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The history that was found.
#[derive(Debug)]
pub(super) struct Confirmed {
    pub(super) moment: Moment,
    /// Whether it is another one than before.
    pub(super) is_other: bool,
}

impl Moment {
    pub(super) fn position(&self) -> Position {
        position_of(self.revision)
    }

    fn nonce(&self) -> Option<Identity> {
        let (witness, _) = self.witness.as_ref()?;
        Some(witness.as_ref().ok()?.nonce)
    }
}

impl Known {
    fn went_back(&self, moment: &Moment, raft_index: u64) -> bool {
        self.cluster != moment.cluster || moment.revision < self.revision || raft_index < self.raft_index
    }
}

/// The user may only read, or there is no room for more.
fn may_not_write(error: &EtcdError) -> bool {
    error.meaning() == Meaning::Refused || error.to_string().contains("database space exceeded")
}

/// Revisions have a sign, but begin at one.
pub(super) fn position_of(revision: i64) -> Position {
    Position(u64::try_from(revision).unwrap_or_default())
}

pub(super) fn revision_of(position: Position) -> i64 {
    i64::try_from(position.0).unwrap_or(i64::MAX)
}
