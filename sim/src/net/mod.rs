//! The third world: the API service that ships and real clients, on hosts of a simulated network with simulated time.
//!
//! # What runs
//!
//! One host of `turmoil` is the [`server`]: a [`Service`](multiwatcher::service::Service) over a factory over a database in memory, on
//! TCP without TLS. The database outlives the host; the worker and the service do not. Every other host is a [`client`] of our own: it
//! connects, makes the websocket's handshake, logs in, watches a model or all of them, asks for what is next, stops, and comes back.
//!
//! # What goes wrong
//!
//! A [`plan`] is drawn from the seed, each concern from a stream of its own: commits, what each client does, and [`faults`]. Links are
//! cut one way or both, held, slow or lossy; the server crashes, with and without a word to its clients, shuts down in order, or
//! loses its worker; clients stop reading, close, drop their connection or fall silent. In some runs values are longer than a frame, or
//! there are more entities than the server encodes at one go, so that replies have several frames and are cut within; in some
//! there are dozens of clients. They are superusers, administrators of their model and readers, who are told of no offer; guests, who may
//! see nothing, ask and are denied.
//!
//! The network does not send again what it lost: such a connection hangs for good. So both ends have time-outs, and they are short,
//! for simulated time is what a run costs.
//!
//! # What is checked
//!
//! The promises, at the clients' ends, after each reply: see [`witness`] and [`history`]. After the plan everything is healed, and
//! every client's view must equal the database within [`timing::BOUND`].
//! Then all clients go, each in its own way, and within [`timing::farewell`] the server holds nothing of them: no connection, no watcher,
//! no waiting call, no tombstone.
//!
//! # That it is checked
//!
//! Each oracle was seen red: for each there is a [planted bug](bugs::Bug), and a test runs it from seed 0 on until it is found. It
//! also compares this table with what it finds.
//!
//! | oracle | planted bug | seeds to find it |
//! |---|---|---|
//! | exact-prefix | `OldSnapshot` | 3 |
//! | exact-prefix | `KeepsDead` | 1 |
//! | exact-prefix | `TellsOffers` | 4 |
//! | exact-prefix | `KeepsRemoved` | 1 |
//! | no-spurious-delta | `TellsTwice` | 1 |
//! | coalescing | `RepeatsAll` | 1 |
//! | fresh-first | `LosesDeltas` | 1 |
//! | stop-quiescent | `ReplayAfterStop` | 1 |
//! | stop-quiescent | `SwallowsStopped` | 1 |
//! | stop-quiescent | `KeepsWatchers` | 1 |
//! | stop-quiescent | `NeverPings` | 7 |
//! | convergence | `SwallowsSecond` | 1 |
//! | protocol | `AnswersTwice` | 1 |
//! | protocol | `ForgetsWatchers` | 1 |
//! | protocol | `GrantsAll` | 2 |
//! | no-panic | `PanickingHost` | 1 |
//! | no-panic | `PanickingSession` | 1 |
//!
//! # What a run is
//!
//! The same seed makes the same trace, whose hash covers what was said, by whom and when. There is no list of decisions, so a failing
//! run is replayed from its seed and is not made shorter: it has a few seconds of simulated time.

pub mod bugs;
pub mod campaign;
pub mod canary;
pub mod client;
pub mod commits;
mod connection;
mod draws;
mod farewell;
pub mod faults;
pub mod history;
pub mod ledger;
pub mod page;
pub mod plan;
mod relay;
pub mod run;
pub mod server;
mod stale;
pub mod summary;
mod tap;
pub mod timing;
pub mod witness;

use core::fmt;

/// Why there is no net world in this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotBuilt;

/// Whether this program was built with the flag that the net world needs.
pub const TOKIO_UNSTABLE: bool = cfg!(tokio_unstable);

/// Whether a program that was built with that flag or without can run the net world.
///
/// Without it a panic of a task on a simulated host goes unseen, and `select!` draws from the machine's randomness: what is
/// run then proves nothing.
pub const fn built(tokio_unstable: bool) -> Result<(), NotBuilt> {
    if tokio_unstable { Ok(()) } else { Err(NotBuilt) }
}

impl fmt::Display for NotBuilt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the net world needs a program that was built with --cfg tokio_unstable\n  without it a panic on a simulated host goes \
             unseen and runs are not deterministic; .cargo/config.toml sets it, and a variable RUSTFLAGS takes its place: unset it, or \
             add the flag to it",
        )
    }
}

impl core::error::Error for NotBuilt {}
