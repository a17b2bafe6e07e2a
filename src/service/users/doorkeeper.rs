//! Logging in: the same answer and the same work whether a user is unknown or a password wrong.

use core::sync::atomic::{AtomicU64, Ordering};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::attempts::{AttemptLimits, Attempts};
use super::file::{ControllerAccess, ModelAccess, User, Users, UsersError, is_name};
use super::password::{HashError, PasswordCost, PasswordHash, Salt};
use crate::machine::ModelId;
use crate::service::offload::Offload;
use crate::service::protocol::{ErrorCode, Login, RpcError};

/// Where users come from.
#[derive(Debug, Clone)]
pub enum Accounts {
    /// These, and no others.
    Fixed(Arc<Users>),
    /// Those of a file, which is read at each login: whoever is added can log in at once. While it cannot be read, those it had hold.
    File(PathBuf),
}

/// What somebody who has logged in may do. It holds for the connection.
#[derive(Debug, Clone)]
pub(in crate::service) struct Grant {
    pub(in crate::service) name: String,
    pub(in crate::service) user: User,
}

impl Grant {
    /// Whether everything is allowed.
    pub(in crate::service) fn is_superuser(&self) -> bool {
        self.user.controller >= ControllerAccess::Superuser
    }

    /// What is allowed with a model.
    pub(in crate::service) fn access(&self, model: ModelId) -> Option<ModelAccess> {
        if self.is_superuser() { Some(ModelAccess::Admin) } else { self.user.models.get(&model).copied() }
    }
}

/// Checks passwords: off the runtime's threads, some at once, and not too often.
pub(in crate::service) struct Doorkeeper {
    accounts: Accounts,
    last: Mutex<Arc<Users>>,
    /// Checked against when there is no user at all.
    decoy: PasswordHash,
    permits: Semaphore,
    offload: Offload,
    attempts: Mutex<Attempts>,
    start: Instant,
    hashed: AtomicU64,
}

impl Doorkeeper {
    /// Reads the users once, so that a file that is wrong is told at the start.
    pub(in crate::service) fn new(
        accounts: Accounts,
        cost: PasswordCost,
        limits: AttemptLimits,
        at_once: usize,
        offload: Offload,
    ) -> Result<Self, StartError> {
        let users = match &accounts {
            Accounts::Fixed(users) => Arc::clone(users),
            Accounts::File(path) => Arc::new(Users::load(path).map_err(StartError::Users)?),
        };
        Ok(Self {
            accounts,
            last: Mutex::new(users),
            decoy: PasswordHash::of("nobody", Salt([0; 16]), cost).map_err(StartError::Cost)?,
            permits: Semaphore::new(at_once.max(1)),
            offload,
            attempts: Mutex::new(Attempts::new(limits)),
            start: Instant::now(),
            hashed: AtomicU64::new(0),
        })
    }

    /// Checks who somebody is.
    ///
    /// It is done whether or not this is polled on. A session may be dropped, or not polled for as long as its client does not read: it
    /// must neither keep a place from others, nor leave a hash running that nobody counts.
    pub(in crate::service) async fn login(self: &Arc<Self>, address: IpAddr, login: Login) -> Result<Grant, RpcError> {
        if login.credentials.is_empty() {
            return Err(RpcError::new("no credentials provided", ErrorCode::NoCredentials));
        }
        // What no user can be called is not remembered: it may be long, and there is no end of it.
        let name = user_name(&login.auth_tag).filter(|name| is_name(name)).unwrap_or_default().to_owned();
        self.check_rate(address, &name)?;
        let gone = CancellationToken::new();
        let _gone = gone.clone().drop_guard();
        let checking = Arc::clone(self).check_in_turn(address, name, login.credentials, gone);
        self.offload.see_through(checking).await
    }

    /// Waits for its turn as long as somebody wants to know. What is begun then is ended and counted, whether they still do or not.
    async fn check_in_turn(
        self: Arc<Self>,
        address: IpAddr,
        name: String,
        password: String,
        gone: CancellationToken,
    ) -> Result<Grant, RpcError> {
        let turn = gone.run_until_cancelled(self.permits.acquire()).await;
        // Nobody is left to be told so.
        let Some(permit) = turn else { return Err(RpcError::bad_login()) };
        let permit = permit.expect("the semaphore is never closed");
        // Others may have failed while this one waited.
        self.check_rate(address, &name)?;
        let (keeper, asked) = (Arc::clone(&self), name.clone());
        let user = self.offload.run(move || keeper.check(&asked, &password)).await;
        let granted = self.count(address, name, user);
        drop(permit);
        granted
    }

    fn count(&self, address: IpAddr, name: String, user: Option<User>) -> Result<Grant, RpcError> {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(user) = user {
            attempts.succeeded(address, &name);
            drop(attempts);
            info!(user = name, %address, "logged in");
            Ok(Grant { name, user })
        } else {
            attempts.failed(self.start.elapsed(), address, &name);
            drop(attempts);
            metrics::counter!("multiwatcher_service_logins_failed_total").increment(1);
            // The name is not told: people type passwords into the wrong field.
            warn!(%address, "a login failed");
            Err(RpcError::bad_login())
        }
    }

    /// All users and what they may do, in order of name.
    pub(in crate::service) fn all(&self) -> Vec<Grant> {
        self.users().iter().map(|(name, user)| Grant { name: name.to_owned(), user: user.clone() }).collect()
    }

    /// How many hashes were computed.
    pub(in crate::service) fn hashed(&self) -> u64 {
        self.hashed.load(Ordering::Relaxed)
    }

    fn check_rate(&self, address: IpAddr, name: &str) -> Result<(), RpcError> {
        let attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        if attempts.may_try(self.start.elapsed(), address, name) {
            Ok(())
        } else {
            Err(RpcError::new("too many logins failed, try again later", ErrorCode::TryAgain))
        }
    }

    /// The user, if the password is right. One hash is computed, whoever it is: an unknown user's password is held against the hash of
    /// somebody else that costs most. If all cost the same, and they do unless a file of users is older than a higher cost, then no
    /// time tells who is known; a user whose hash is cheaper is told apart by it.
    fn check(&self, name: &str, password: &str) -> Option<User> {
        let users = self.users();
        let found = users.get(name);
        let hash = found.map(|user| &user.password).or_else(|| users.costliest()).unwrap_or(&self.decoy);
        self.hashed.fetch_add(1, Ordering::Relaxed);
        let is_right = hash.is_of(password);
        found.filter(|_| is_right).cloned()
    }

    fn users(&self) -> Arc<Users> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Accounts::File(path) = &self.accounts {
            match Users::load(path) {
                Ok(users) => *last = Arc::new(users),
                Err(error) => warn!(%error, "the users that were read last still hold"),
            }
        }
        Arc::clone(&last)
    }
}

impl core::fmt::Debug for Doorkeeper {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Doorkeeper").field("hashed", &self.hashed()).finish_non_exhaustive()
    }
}

/// Why nobody can be checked.
#[derive(Debug)]
pub(in crate::service) enum StartError {
    Users(UsersError),
    Cost(HashError),
}

/// The name in a tag: `user-<name>`, or `user-<name>@local`.
pub(in crate::service) fn user_name(tag: &str) -> Option<&str> {
    let name = tag.strip_prefix("user-")?;
    Some(name.strip_suffix("@local").unwrap_or(name))
}
