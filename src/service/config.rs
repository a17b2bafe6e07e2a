//! The numbers a service is made with.

use core::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::offload::Offload;
use super::users::{Accounts, AttemptLimits, PasswordCost};
use crate::machine::ModelId;

/// How a service behaves.
#[derive(Debug, Clone)]
pub struct ServiceConfig {
    /// The controller's uuid; clients expect it to be the same after a restart.
    pub controller: ModelId,
    /// Where users come from.
    pub accounts: Accounts,
    /// What the hash of an unknown user's password costs, if there is no user whose hash could be taken instead.
    pub password_cost: PasswordCost,
    /// How often somebody may guess a password.
    pub attempts: AttemptLimits,
    /// What a client may take.
    pub limits: Limits,
    /// Where passwords are hashed and large batches encoded.
    pub offload: Offload,
    /// Tells the time for a full status, as RFC 3339 in UTC, or none. Nothing else looks at a wall clock.
    pub timestamp: fn() -> Option<String>,
}

impl ServiceConfig {
    /// The defaults.
    #[must_use]
    pub fn new(controller: ModelId, accounts: Accounts) -> Self {
        Self {
            controller,
            accounts,
            password_cost: PasswordCost::default(),
            attempts: AttemptLimits::default(),
            limits: Limits::default(),
            offload: Offload::default(),
            timestamp: wall_clock,
        }
    }
}

/// The time, as RFC 3339 in UTC.
fn wall_clock() -> Option<String> {
    OffsetDateTime::now_utc().format(&Rfc3339).ok()
}

/// What a client may take before it is refused or disconnected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one message of a client, and of one frame. The longest request of the known clients has about a thousand.
    pub message_bytes: usize,
    /// Requests of one connection that are not answered yet. Known clients have three.
    pub requests_in_flight: usize,
    /// Watchers of one connection.
    pub watchers_per_connection: usize,
    /// Watchers of one user over all connections.
    pub watchers_per_user: usize,
    /// Connections in all.
    pub connections: usize,
    /// Connections from one address; of IPv6, from one network of 64 bits.
    pub connections_per_address: usize,
    /// Passwords that are hashed at once; each takes the memory of its cost.
    pub hashes_at_once: usize,
    /// Bytes of long batches that are kept encoded, over all connections: those made last, so that all who are sent the same share
    /// them. Those who are far behind the others have theirs encoded again.
    ///
    /// Beyond it, a client that reads slowly costs the service 128 KiB of replies and twice 128 KiB of a batch or, if that is more, two
    /// of its entities; and the batch itself while it is being sent, which is about a hundred bytes for each entity in it, and those of
    /// their values that have changed since.
    pub encoded_bytes: usize,
    /// How long TLS and HTTP may take together.
    pub handshake: Duration,
    /// How long somebody may be connected without a login.
    pub login: Duration,
    /// A client that has said nothing for so long is asked for a sign of life.
    pub ping_after: Duration,
    /// How long it may take to give one.
    pub pong: Duration,
    /// How long the next piece of a reply may wait for a client that does not read. Its watchers end before that if the machine's lag
    /// policy says so.
    pub stall: Duration,
    /// How long the closing of a connection may take.
    pub close: Duration,
    /// How long a new watcher waits for a backing that cannot be opened.
    pub open_backing: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 64 << 10,
            requests_in_flight: 64,
            watchers_per_connection: 64,
            watchers_per_user: 10_000,
            connections: 10_000,
            connections_per_address: 4_000,
            hashes_at_once: 2,
            encoded_bytes: 128 << 20,
            handshake: Duration::from_secs(10),
            login: Duration::from_secs(30),
            ping_after: Duration::from_secs(30),
            pong: Duration::from_secs(30),
            stall: Duration::from_mins(1),
            close: Duration::from_secs(3),
            open_backing: Duration::from_secs(10),
        }
    }
}
