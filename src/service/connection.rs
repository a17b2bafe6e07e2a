//! What is known of one connection, and how each of its requests is answered.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde::Serialize;
use tokio_util::sync::WaitForCancellationFutureOwned;
use tracing::debug;

use super::config::Limits;
use super::encoder::Encoded;
use super::protocol::{Call, ConnectionKind, ErrorCode, Request, RpcError, Stage};
use super::quota::Ticket;
use super::shared::{Reachable, Shared};
use super::users::Grant;
use crate::backing::Json;
use crate::driver::Multiwatcher;
use crate::machine::ModelId;

/// What a connection is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// One model.
    Model(ModelId),
    /// The controller.
    Controller,
}

/// An answer that is no error.
#[derive(Debug)]
pub(super) enum Answer {
    /// The result, as JSON.
    Result(Bytes),
    /// A batch, whose bytes others send too.
    Batch(Arc<Encoded>),
}

impl Answer {
    /// The answer that tells a result.
    pub(super) fn of(result: &impl Serialize) -> Self {
        let text = serde_json::to_vec(result).expect("results have text keys and are written to memory");
        Self::Result(text.into())
    }

    /// The answer that tells nothing.
    pub(super) fn empty() -> Self {
        Self::Result(Bytes::from_static(b"{}"))
    }
}

/// A connection that is open.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) shared: Arc<Shared>,
    pub(super) target: Target,
    address: IpAddr,
    /// Where its stream was accepted.
    accepted: Option<SocketAddr>,
    number: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    grant: Option<Arc<Grant>>,
    is_logging_in: bool,
    /// Its model was there once. If it goes, the watchers are told so, and nothing else changes.
    is_known: bool,
    is_closed: bool,
    last_watcher: u64,
    watchers: BTreeMap<String, Watched>,
}

/// A watcher of the connection.
#[derive(Debug, Clone)]
pub(super) struct Watched {
    pub(super) reader: Multiwatcher<Json>,
    _ticket: Arc<Ticket<String>>,
}

impl Connection {
    pub(super) fn new(shared: Arc<Shared>, target: Target, address: IpAddr, accepted: Option<SocketAddr>) -> Self {
        let number = shared.next_connection();
        debug!(connection = number, %address, ?target, "a connection opened");
        Self { shared, target, address, accepted, number, state: Mutex::default() }
    }

    pub(super) fn limits(&self) -> Limits {
        self.shared.config.limits
    }

    /// A number for the log.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// How this client reaches the service. One that listens on every address of its machine is told by the one that the client came to.
    pub(super) fn reachable(&self) -> Reachable {
        let reachable = self.shared.reachable();
        let address = match (reachable.address, self.accepted) {
            (Some(everywhere), Some(accepted)) if everywhere.ip().is_unspecified() => {
                Some(SocketAddr::new(accepted.ip().to_canonical(), accepted.port()))
            }
            (address, _) => address,
        };
        Reachable { address, ..reachable }
    }

    /// Ready when the service shuts down.
    pub(super) fn stopping(&self) -> WaitForCancellationFutureOwned {
        self.shared.stopping.clone().cancelled_owned()
    }

    pub(super) fn is_logged_in(&self) -> bool {
        self.lock().grant.is_some()
    }

    /// Stops its watchers. No more are opened.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        let watchers = core::mem::take(&mut state.watchers);
        drop(state);
        watchers.values().for_each(|watched| watched.reader.stop());
    }

    /// Answers a request.
    pub(super) async fn answer(&self, request: Request) -> Result<Answer, RpcError> {
        let answer = self.answer_uncounted(request).await;
        self.shared.meters.requests.increment(1);
        if answer.is_err() {
            self.shared.meters.errors.increment(1);
        }
        answer
    }

    async fn answer_uncounted(&self, request: Request) -> Result<Answer, RpcError> {
        self.check_model().await?;
        let (kind, stage) = (self.kind(), self.stage());
        let call = Call::read(request, kind, stage)?;
        match call {
            Call::Login(params) => {
                self.begin_login()?;
                let granted = self.shared.doorkeeper.login(self.address, params).await;
                let granted = self.end_login(granted)?;
                Ok(self.login_result(&granted))
            }
            Call::RedirectInfo => Err(RpcError::plain("not redirected")),
            Call::Ping => Ok(Answer::empty()),
            Call::Next { watcher } => self.next(&watcher).await,
            Call::Stop { watcher } => self.stop(&watcher),
            Call::WatchAll => self.watch_all().await,
            Call::WatchAllModels => self.watch_all_models().await,
            Call::FullStatus(patterns) => self.full_status(&patterns),
            Call::ModelGet => self.model_get(),
            Call::ModelInfo(entities) => self.model_info(&entities),
            Call::ListModels(params) => self.list_models(&params),
            Call::ListModelSummaries(params) => self.list_model_summaries(&params),
            Call::ControllerApiInfoForModels(entities) => self.controller_info(&entities),
        }
    }

    /// Who has logged in.
    pub(super) fn grant(&self) -> Result<Arc<Grant>, RpcError> {
        self.lock().grant.clone().ok_or_else(RpcError::permission_denied)
    }

    /// The model of a model connection, if whoever has logged in may see it.
    pub(super) fn readable_model(&self) -> Result<(ModelId, Arc<Grant>), RpcError> {
        let grant = self.grant()?;
        match self.target {
            Target::Model(model) if grant.access(model).is_some() => Ok((model, grant)),
            Target::Model(_) | Target::Controller => Err(RpcError::permission_denied()),
        }
    }

    /// Makes room for a watcher.
    pub(super) fn take_ticket(&self, grant: &Grant) -> Result<Ticket<String>, RpcError> {
        self.check_room(&self.lock())?;
        self.shared.watchers.take(grant.name.clone()).ok_or_else(|| {
            let most = self.limits().watchers_per_user;
            let message = format!("expected at most {most} watchers of one user");
            RpcError::new(message, ErrorCode::QuotaLimitExceeded)
        })
    }

    /// Adds a watcher; its id.
    pub(super) fn add(&self, reader: Multiwatcher<Json>, ticket: Ticket<String>) -> Result<String, RpcError> {
        let mut state = self.lock();
        if state.is_closed {
            drop(state);
            return Err(self.stopped());
        }
        // Others may have been added while this one was opened.
        self.check_room(&state)?;
        state.last_watcher += 1;
        let id = state.last_watcher.to_string();
        state.watchers.insert(id.clone(), Watched { reader, _ticket: Arc::new(ticket) });
        Ok(id)
    }

    /// The watcher of this id.
    pub(super) fn watched(&self, id: &str) -> Result<Watched, RpcError> {
        self.lock().watchers.get(id).cloned().ok_or_else(RpcError::unknown_watcher)
    }

    /// Forgets a watcher.
    pub(super) fn remove(&self, id: &str) -> Option<Watched> {
        self.lock().watchers.remove(id)
    }

    /// What a call is told that waits for a watcher when it is stopped.
    pub(super) fn stopped(&self) -> RpcError {
        RpcError::plain(if self.shared.stopping.is_cancelled() {
            "shared state watcher was stopped: the service is shutting down"
        } else {
            "watcher was stopped"
        })
    }

    fn check_room(&self, state: &State) -> Result<(), RpcError> {
        let most = self.limits().watchers_per_connection;
        if state.watchers.len() < most {
            return Ok(());
        }
        let message = format!("expected at most {most} watchers of one connection");
        Err(RpcError::new(message, ErrorCode::QuotaLimitExceeded))
    }

    fn kind(&self) -> ConnectionKind {
        match self.target {
            Target::Model(_) => ConnectionKind::Model,
            Target::Controller => ConnectionKind::Controller,
        }
    }

    fn stage(&self) -> Stage {
        if self.is_logged_in() { Stage::LoggedIn } else { Stage::Before }
    }

    /// Every request about a model that is not there is answered alike, logins included.
    async fn check_model(&self) -> Result<(), RpcError> {
        let Target::Model(model) = self.target else { return Ok(()) };
        if self.lock().is_known {
            return Ok(());
        }
        if !self.shared.knows(model).await? {
            return Err(RpcError::unknown_model(model));
        }
        self.lock().is_known = true;
        Ok(())
    }

    fn begin_login(&self) -> Result<(), RpcError> {
        let mut state = self.lock();
        if core::mem::replace(&mut state.is_logging_in, true) {
            return Err(RpcError::new("another login is not answered yet", ErrorCode::BadRequest));
        }
        Ok(())
    }

    fn end_login(&self, granted: Result<Grant, RpcError>) -> Result<Arc<Grant>, RpcError> {
        let mut state = self.lock();
        state.is_logging_in = false;
        let grant = Arc::new(granted?);
        state.grant = Some(Arc::clone(&grant));
        Ok(grant)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change of the state is one move, so a panic leaves it whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
