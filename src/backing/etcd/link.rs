//! The connection: to one endpoint at a time, for as long as that one answers; then to the next.

use core::future::Future;
use core::time::Duration;

use etcd_client::{Client, ConnectOptions, GetOptions, GetResponse, ResponseHeader, Txn, TxnResponse};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::error::{EtcdError, Meaning, Why};

/// A message may be larger than what clients usually accept: a commit of many large values is told in one.
pub(super) const MESSAGE: usize = i32::MAX as usize;
/// How often a question is asked again, at other endpoints if there are others. A write is never repeated.
const ATTEMPTS: usize = 3;

/// How to connect.
#[derive(Clone)]
pub(super) struct Way {
    pub(super) endpoints: Vec<String>,
    pub(super) options: ConnectOptions,
    pub(super) connect_timeout: Duration,
    pub(super) call_timeout: Duration,
}

pub(super) struct Link {
    way: Way,
    state: Mutex<State>,
}

struct State {
    client: Option<Client>,
    endpoint: usize,
    generation: u64,
}

/// A client, and which one it is.
#[derive(Clone)]
pub(super) struct Connected {
    pub(super) client: Client,
    endpoint: String,
    generation: u64,
}

impl Connected {
    pub(super) fn error(&self, doing: &'static str, why: Why) -> EtcdError {
        EtcdError { doing, endpoint: self.endpoint.clone(), why }
    }
}

impl Link {
    pub(super) fn new(way: Way) -> Self {
        Self { way, state: Mutex::new(State { client: None, endpoint: 0, generation: 0 }) }
    }

    pub(super) fn call_timeout(&self) -> Duration {
        self.way.call_timeout
    }

    /// The client, made if there is none.
    pub(super) async fn connected(&self) -> Result<Connected, EtcdError> {
        let mut state = self.state.lock().await;
        let endpoint = self.way.endpoints[state.endpoint % self.way.endpoints.len()].clone();
        if let Some(client) = &state.client {
            return Ok(Connected { client: client.clone(), endpoint, generation: state.generation });
        }
        let options = Some(self.way.options.clone());
        let patience = self.way.connect_timeout + self.way.call_timeout;
        // It connects when it is first used, but signs on here.
        let why = match timeout(patience, Box::pin(Client::connect([&endpoint], options))).await {
            Ok(Ok(client)) => {
                state.generation += 1;
                state.client = Some(client.clone());
                return Ok(Connected { client, endpoint, generation: state.generation });
            }
            Ok(Err(error @ etcd_client::Error::TransportError(_))) => Why::Unusable(Box::new(error)),
            Ok(Err(error)) => Why::Said(Box::new(error)),
            Err(_) => Why::TimedOut(patience),
        };
        state.endpoint = state.endpoint.wrapping_add(1);
        Err(EtcdError { doing: "connecting", endpoint, why })
    }

    /// The client did not get through: the next one tries the next endpoint.
    pub(super) async fn failed(&self, connected: &Connected) {
        let mut state = self.state.lock().await;
        if state.generation == connected.generation && state.client.take().is_some() {
            state.endpoint = state.endpoint.wrapping_add(1);
        }
    }

    /// Asks once.
    pub(super) async fn once<T, F: Future<Output = Result<T, etcd_client::Error>>>(
        &self,
        doing: &'static str,
        work: impl FnOnce(Client) -> F,
    ) -> Result<T, EtcdError> {
        let connected = self.connected().await?;
        let patience = self.way.call_timeout;
        // What the client keeps while it waits is large.
        let why = match timeout(patience, Box::pin(work(connected.client.clone()))).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => Why::Said(Box::new(error)),
            Err(_) => Why::TimedOut(patience),
        };
        let error = connected.error(doing, why);
        match error.meaning() {
            // Whoever is refused signs on again.
            Meaning::Passing | Meaning::Refused => self.failed(&connected).await,
            Meaning::Wrong | Meaning::Compacted | Meaning::Future => {}
        }
        Err(error)
    }

    /// Asks what may be asked again.
    pub(super) async fn ask<T, F: Future<Output = Result<T, etcd_client::Error>>>(
        &self,
        doing: &'static str,
        work: impl Fn(Client) -> F,
    ) -> Result<T, EtcdError> {
        let attempts = ATTEMPTS.min(self.way.endpoints.len() + 1);
        for _ in 1..attempts {
            match self.once(doing, &work).await {
                Err(error) if error.meaning() == Meaning::Passing => {
                    tracing::debug!(%error, "asking again");
                }
                answer => return answer,
            }
        }
        self.once(doing, &work).await
    }

    /// The keys of a range.
    pub(super) async fn get(
        &self,
        doing: &'static str,
        key: &[u8],
        options: &GetOptions,
    ) -> Result<GetResponse, EtcdError> {
        self.ask(doing, |client| {
            let (key, options) = (key.to_vec(), options.clone());
            async move { client.kv_client().max_decoding_message_size(MESSAGE).get(key, Some(options)).await }
        })
        .await
    }

    /// A transaction that only reads.
    pub(super) async fn read(&self, doing: &'static str, txn: &Txn) -> Result<TxnResponse, EtcdError> {
        self.ask(doing, |client| transact(client, txn.clone())).await
    }

    /// A transaction that writes: it is tried once, for what has failed may have happened.
    pub(super) async fn write(&self, doing: &'static str, txn: Txn) -> Result<TxnResponse, EtcdError> {
        self.once(doing, |client| transact(client, txn)).await
    }
}

async fn transact(client: Client, txn: Txn) -> Result<TxnResponse, etcd_client::Error> {
    client.kv_client().max_decoding_message_size(MESSAGE).txn(txn).await
}

/// The header that every answer has.
pub(super) fn header(header: Option<&ResponseHeader>) -> Result<&ResponseHeader, etcd_client::Error> {
    header.ok_or_else(|| etcd_client::Error::Internal("the answer has no header".to_owned()))
}
