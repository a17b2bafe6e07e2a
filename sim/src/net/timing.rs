//! The times of both ends. They are short: a run costs what it simulates.

use core::time::Duration;

use multiwatcher::machine::{Backoff, Config};
use multiwatcher::service::Limits;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Simulated time since the run began, as the host that asks has it.
pub(super) fn now() -> Duration {
    turmoil::sim_elapsed().unwrap_or_default()
}

/// What the network moves by; nothing happens between.
pub const TICK: Duration = ms(4);
/// The longest a message travels over a link that is not slow.
pub const LATENCY: Duration = ms(12);
/// When the plan ends and everything is healed.
pub const CHAOS: Duration = ms(1600);

/// How long a client waits for a connection, and for the websocket's handshake.
pub const CONNECT: Duration = ms(160);
/// How long it waits for an answer, other than for what is next.
pub const CALL: Duration = ms(240);
/// How often it asks for a sign of life.
pub const PING: Duration = ms(120);
/// The longest it waits before it connects again.
pub const RETRY_MAX: Duration = ms(80);
/// The shortest.
pub const RETRY_MIN: Duration = ms(10);
/// The longest a client reads nothing.
pub const IDLE: Duration = ms(400);
/// A client looks so often whether the plan has ended.
pub const GLANCE: Duration = ms(40);

/// How long a server that is to shut down is given before it is gone.
pub const SHUTDOWN: Duration = ms(120);

/// The longest back-off of a worker.
const BACKOFF_MAX: Duration = ms(80);
/// How long a worker waits for a load, and for any other answer of the database.
const LOAD: Duration = ms(200);

/// The server's limits.
pub fn limits() -> Limits {
    Limits {
        handshake: ms(250),
        login: ms(300),
        ping_after: ms(200),
        pong: ms(200),
        stall: ms(200),
        close: ms(80),
        open_backing: ms(240),
        ..Limits::default()
    }
}

/// The worker's times.
pub fn machine() -> Config {
    Config {
        backoff: Backoff { min: ms(10), max: BACKOFF_MAX },
        call_timeout: LOAD,
        load_timeout: LOAD,
        ..Config::default()
    }
}

/// One message there and one back, each as late as can be.
const ROUND: Duration = LATENCY.saturating_add(TICK.saturating_mul(2)).saturating_mul(2);
/// A server that has just lost its worker: the longest back-off, and a load or a wait for the backing.
const WORKER: Duration = BACKOFF_MAX.saturating_add(LOAD);
/// Rounds until a client is told something: TCP, the websocket's handshake, the login, the watcher, what is next.
const ROUNDS: u32 = 5;

/// How long after healing the last client's view may still differ from the database.
///
/// A client may not read at first; then it has to notice that its connection hangs, which takes a sign of life that does not come; a
/// connection that it tries just then may fail; it waits, connects, logs in, watches and asks. The server may just have lost its worker.
pub const BOUND: Duration = IDLE
    .saturating_add(GLANCE)
    .saturating_add(PING)
    .saturating_add(CALL)
    .saturating_add(CONNECT.saturating_mul(2))
    .saturating_add(RETRY_MAX.saturating_mul(2))
    .saturating_add(ROUND.saturating_mul(ROUNDS))
    .saturating_add(WORKER);

/// How long after clients have begun to go the server may still hold something of one.
///
/// A client looks whether it is over, and closes. One whose link is cut was heard just before, or has a connection besides that the
/// server has just accepted.
pub fn farewell() -> Duration {
    let Limits { handshake, login, ping_after, pong, close, .. } = limits();
    GLANCE + CALL + ROUND + (ping_after + pong).max(handshake + login + close)
}

/// What the bound is made of, in words.
pub fn bound_in_words() -> String {
    format!(
        "{} ms: not reading {}, noticing a dead connection {}, connecting {}, waiting {}, {ROUNDS} rounds {}, the worker {}",
        BOUND.as_millis(),
        (IDLE + GLANCE).as_millis(),
        (PING + CALL).as_millis(),
        (CONNECT * 2).as_millis(),
        (RETRY_MAX * 2).as_millis(),
        (ROUND * ROUNDS).as_millis(),
        WORKER.as_millis(),
    )
}
