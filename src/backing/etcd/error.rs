//! What etcd says, sorted by what the worker is to make of it.

use core::error::Error;
use core::fmt;
use core::time::Duration;

use crate::backing::{BackingError, FailureKind};
use crate::machine::{EntityId, Position};

/// etcd could not do something.
#[derive(Debug)]
pub(super) struct EtcdError {
    pub(super) doing: &'static str,
    pub(super) endpoint: String,
    pub(super) why: Why,
}

/// What was in the way.
#[derive(Debug)]
pub(super) enum Why {
    /// What the client, or the server, said.
    Said(Box<etcd_client::Error>),
    /// It could not be set up at all.
    Unusable(Box<etcd_client::Error>),
    /// No answer.
    TimedOut(Duration),
    /// A watch was ended by the server.
    Cancelled(String),
    /// A watch ended without a word.
    Ended,
}

/// What an error means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Connections come back, leaders are elected.
    Passing,
    /// The server does not accept who we are, or we do not accept the server.
    Refused,
    /// What was asked, or how it was set up, is wrong and stays so.
    Wrong,
    /// The revision asked for is not kept any more.
    Compacted,
    /// The revision asked for is not there yet.
    Future,
}

/// What a key holds is no value of the type asked for.
#[derive(Debug)]
pub(super) struct ValueError {
    pub(super) id: EntityId,
    pub(super) error: Box<dyn Error + Send + Sync>,
}

/// The place that is asked about is not, or no longer, in the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PlaceError {
    /// The history begins later.
    Compacted { since: Position },
    /// The history has not come so far.
    Ahead { since: Position, latest: Position },
    /// It is another history: of another cluster, or of one that was restored.
    Other,
}

impl EtcdError {
    pub(super) fn meaning(&self) -> Meaning {
        match &self.why {
            Why::Unusable(_) => Meaning::Wrong,
            Why::Cancelled(reason) if reason.contains("permission denied") => Meaning::Refused,
            Why::TimedOut(_) | Why::Ended | Why::Cancelled(_) => Meaning::Passing,
            Why::Said(error) => meaning(error),
        }
    }

    /// Of a backing that is being opened: what is refused is told to whoever sets it up.
    pub(super) fn while_opening(self) -> BackingError {
        match self.meaning() {
            Meaning::Refused => BackingError::permanent(self),
            Meaning::Passing | Meaning::Wrong | Meaning::Compacted | Meaning::Future => self.into(),
        }
    }
}

fn meaning(error: &etcd_client::Error) -> Meaning {
    use etcd_client::Error as Said;
    match error {
        Said::GRpcStatus(status) => {
            let says = |text| status.message().contains(text);
            match i32::from(status.code()) {
                code::PERMISSION_DENIED | code::UNAUTHENTICATED | code::FAILED_PRECONDITION => Meaning::Refused,
                code::INVALID_ARGUMENT if says("authentication failed") || says("user name") => Meaning::Refused,
                code::INVALID_ARGUMENT | code::UNIMPLEMENTED => Meaning::Wrong,
                code::OUT_OF_RANGE if says("compacted") => Meaning::Compacted,
                code::OUT_OF_RANGE if says("future revision") => Meaning::Future,
                _ if is_distrust(error_of(status)) => Meaning::Refused,
                _ => Meaning::Passing,
            }
        }
        Said::InvalidArgs(_) | Said::InvalidUri(_) | Said::InvalidMetadataValue(_) => Meaning::Wrong,
        Said::IoError(_)
        | Said::TransportError(_)
        | Said::WatchError(_)
        | Said::Utf8Error(_)
        | Said::LeaseKeepAliveError(_)
        | Said::ElectError(_)
        | Said::EndpointError(_)
        | Said::EndpointsNotManaged
        | Said::Internal(_) => Meaning::Passing,
    }
}

/// The numbers of gRPC's codes.
mod code {
    pub(super) const INVALID_ARGUMENT: i32 = 3;
    pub(super) const PERMISSION_DENIED: i32 = 7;
    pub(super) const FAILED_PRECONDITION: i32 = 9;
    pub(super) const OUT_OF_RANGE: i32 = 11;
    pub(super) const UNIMPLEMENTED: i32 = 12;
    pub(super) const UNAUTHENTICATED: i32 = 16;
}

fn error_of<E: Error + 'static>(error: &E) -> &(dyn Error + 'static) {
    error
}

/// Whether a certificate was the reason: a failed handshake arrives as an input that is no good.
fn is_distrust(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|error| {
        error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::InvalidData)
    })
}

/// An error, what led to it, what led to that, and so on.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    core::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}

impl From<EtcdError> for BackingError {
    /// Of a backing that is open: rights are given, passwords and certificates are renewed, and meanwhile readers are served.
    fn from(error: EtcdError) -> Self {
        let kind = match error.meaning() {
            Meaning::Passing | Meaning::Refused => FailureKind::Transient,
            Meaning::Wrong => FailureKind::Permanent,
            Meaning::Compacted => FailureKind::Pruned,
            Meaning::Future => FailureKind::Rewound,
        };
        Self::new(kind, error)
    }
}

impl From<PlaceError> for BackingError {
    fn from(error: PlaceError) -> Self {
        let kind = match error {
            PlaceError::Compacted { .. } => FailureKind::Pruned,
            PlaceError::Ahead { .. } | PlaceError::Other => FailureKind::Rewound,
        };
        Self::new(kind, error)
    }
}

impl fmt::Display for EtcdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { doing, endpoint, why } = self;
        write!(f, "{doing} at {endpoint}: ")?;
        match why {
            Why::TimedOut(after) => write!(f, "no answer within {after:?}"),
            Why::Ended => f.write_str("the watch ended"),
            Why::Cancelled(reason) if reason.is_empty() => f.write_str("the server ended the watch"),
            Why::Cancelled(reason) => write!(f, "the server ended the watch: {reason}"),
            Why::Said(error) | Why::Unusable(error) => said(f, error),
        }
    }
}

/// What was said, and what led to it: a refused connection says so only at the very end.
fn said(f: &mut fmt::Formatter<'_>, error: &etcd_client::Error) -> fmt::Result {
    let etcd_client::Error::GRpcStatus(status) = error else { return fmt::Display::fmt(error, f) };
    let mut last = status.message().to_owned();
    f.write_str(&last)?;
    for error in causes(error_of(status)).skip(1) {
        let text = error.to_string();
        if text != last {
            write!(f, ": {text}")?;
            last = text;
        }
    }
    if last.contains("too many operations") {
        f.write_str(" (the server's --max-txn-ops is the limit)")?;
    }
    if last.contains("request is too large") {
        f.write_str(" (the server's --max-request-bytes is the limit)")?;
    }
    Ok(())
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the value of {} cannot be read: {}", self.id, self.error)
    }
}

impl fmt::Display for PlaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compacted { since } => write!(f, "asked since revision {since}, but the history was compacted"),
            Self::Ahead { since, latest } => {
                write!(f, "asked since revision {since}, but the latest is {latest}: an older state was restored")
            }
            Self::Other => f.write_str("it is another cluster, or an older state of it was restored"),
        }
    }
}

impl Error for EtcdError {}

impl Error for ValueError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.error)
    }
}

impl Error for PlaceError {}
