//! Many seeds: what is counted, and the work of one core.

use core::time::Duration;

use super::bugs::Bug;
use super::connection::Lost;
use super::faults::Trouble;
use super::run::{Failure, run};
use crate::campaign::{Tally, Work};

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident $words:literal;)*) => {
        /// Something that is counted.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Count {
            $($(#[$doc])* $name,)*
        }

        impl Count {
            /// All of them.
            pub const ALL: [Self; [$(Self::$name),*].len()] = [$(Self::$name),*];

            /// In words.
            pub const fn words(self) -> &'static str {
                match self {
                    $(Self::$name => $words,)*
                }
            }
        }
    };
}

counts! {
    /// Connections that logged in.
    Logins "logins";
    /// Replies that were judged.
    Replies "replies judged";
    /// Replies that came in several frames.
    SeveralFrames "  in several frames";
    /// A connection was lost when a part of a reply had come.
    CutWithin "  cut within";
    /// Stops that were sent.
    Stops "watchers stopped";
    /// Stops that were answered while a call waited.
    WaitingStops "  while a call waited";
    /// Watchers that ended of their own accord.
    WatchersEnded "watchers ended by the server";
    /// Logins that were refused for the time being.
    LoginsRefused "logins refused for a while";
    /// The server crashed, and its connections were closed.
    Crashes "server crashes";
    /// The server crashed, and nobody was told.
    PowerCuts "server crashes without a word";
    /// The server shut down.
    Shutdowns "server shutdowns";
    /// The worker was killed.
    WorkerKills "workers killed";
    /// A link was cut.
    Cuts "links cut";
    /// A link was cut in one direction.
    HalfCuts "links cut one way";
    /// A link was held.
    Holds "links held";
    /// A link was slow.
    Slow "links slow";
    /// A link lost messages.
    Lossy "links lossy";
    /// A client stopped reading.
    Idles "clients that stop reading";
    /// A client closed its connection.
    Closes "closed by a client";
    /// A client dropped its connection.
    Drops "dropped by a client";
    /// A client ended its connection before or while it logged in.
    EarlyEnds "dropped before the login";
    /// A client fell silent.
    Vanishings "clients that fall silent";
    /// A client's link was cut before it went for good.
    Silences "gone without a word at the end";
    /// A client asked for something that is not there.
    Nonsense "nonsense asked";
    /// A guest asked for what only superusers may see.
    Denials "guests denied";
    /// A connection was closed by the server.
    LostClosed "lost: closed";
    /// Nobody accepted a connection.
    LostUnreachable "lost: nobody listens";
    /// The other end of a connection was gone, and its system said so.
    LostReset "lost: reset";
    /// A connection ended without a goodbye.
    LostFailed "lost: ended without a goodbye";
    /// A connection was silent for too long.
    LostOverdue "lost: no answer in time";
}

impl Count {
    pub(super) fn of(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Cut => Self::Cuts,
            Trouble::CutToServer | Trouble::CutToClient => Self::HalfCuts,
            Trouble::Held => Self::Holds,
            Trouble::Slow(_) => Self::Slow,
            Trouble::Lossy(_) => Self::Lossy,
        }
    }

    pub(super) fn of_lost(lost: Lost) -> Self {
        match lost {
            Lost::Closed | Lost::Refused | Lost::Broken => Self::LostClosed,
            Lost::Unreachable => Self::LostUnreachable,
            Lost::Reset => Self::LostReset,
            Lost::Failed => Self::LostFailed,
            Lost::Overdue => Self::LostOverdue,
        }
    }
}

/// What was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    counted: [u64; Count::ALL.len()],
    /// Deltas of all replies.
    pub deltas: u64,
    /// The longest time from healing until every view was the database.
    pub slowest: Duration,
    /// The longest time from when clients went until the server held nothing of them.
    pub slowest_farewell: Duration,
}

impl Counts {
    /// How often.
    pub fn get(&self, count: Count) -> u64 {
        self.counted[count as usize]
    }

    pub(super) fn add(&mut self, count: Count) {
        self.counted[count as usize] += 1;
    }

    pub(super) fn deltas(&mut self, deltas: usize) {
        self.deltas += deltas as u64;
    }

    pub(super) fn waiting_stops(&mut self, waiting: usize) {
        self.counted[Count::WaitingStops as usize] += u64::from(waiting > 0);
    }

    pub(super) fn settled(&mut self, took: Duration) {
        self.slowest = self.slowest.max(took);
    }

    pub(super) fn forgotten(&mut self, took: Duration) {
        self.slowest_farewell = self.slowest_farewell.max(took);
    }

    /// What never happened.
    pub fn missing(&self) -> impl Iterator<Item = Count> {
        Count::ALL.into_iter().filter(|count| self.get(*count) == 0)
    }
}

impl Tally for Counts {
    fn merge(&mut self, other: &Self) {
        self.counted.iter_mut().zip(other.counted).for_each(|(sum, more)| *sum += more);
        self.deltas += other.deltas;
        self.slowest = self.slowest.max(other.slowest);
        self.slowest_farewell = self.slowest_farewell.max(other.slowest_farewell);
    }
}

/// One core's work.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hosts {
    /// What is put in.
    pub bug: Bug,
}

impl Work for Hosts {
    type Tally = Counts;
    type Failure = Failure;
    // A seed takes a hundred times as long as in the other worlds.
    const BLOCK: u64 = 4;

    fn run(&mut self, seed: u64, tally: &mut Counts) -> Result<u64, Failure> {
        let ran = run(seed, self.bug);
        tally.merge(&ran.counts);
        ran.failure.map_or(Ok(ran.hash), Err)
    }
}
