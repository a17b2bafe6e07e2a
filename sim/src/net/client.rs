//! A client's host: it does what its script says, then only watches, and comes back whenever its connection is gone.

use core::time::Duration;
use std::collections::VecDeque;

use tokio::time::{sleep, timeout};
use tokio_tungstenite::client_async;
use turmoil::net::TcpStream;

use super::bugs::Bug;
use super::campaign::Count;
use super::connection::{Connection, Lost};
use super::history::{Scope, View};
use super::ledger::{Party, SharedLedger};
use super::plan::{Act, Ending, Episode, Nonsense, Parting, Script, Who};
use super::server::{PORT, SERVER};
use super::tap::Tap;
use super::timing::{CONNECT, GLANCE, PING, RETRY_MAX, RETRY_MIN, now};

/// The name of a client's host.
pub fn name(client: usize) -> String {
    format!("client{client}")
}

/// A client.
#[derive(Debug)]
pub struct Client {
    number: usize,
    script: Script,
    ledger: SharedLedger,
    bug: Bug,
    /// What it held when it was last connected.
    kept: View,
    /// How long it waits before it connects again.
    retry: Duration,
}

impl Client {
    /// A client that has not begun.
    pub fn new(number: usize, script: Script, ledger: SharedLedger, bug: Bug) -> Self {
        Self { number, script, ledger, bug, kept: View::new(), retry: RETRY_MIN }
    }

    /// Lives for as long as the run.
    pub async fn run(mut self) -> turmoil::Result {
        sleep(self.script.begins).await;
        let mut episodes: VecDeque<_> = core::mem::take(&mut self.script.episodes).into();
        loop {
            let episode = if self.is_calm() { None } else { episodes.pop_front() };
            let lived = self.episode(episode).await;
            if self.is_over() {
                return Ok(());
            }
            match lived {
                Ok(()) => self.retry = RETRY_MIN,
                Err(Lost::Broken) => return Ok(()),
                Err(lost) => {
                    self.note(format!("- {lost:?}"));
                    self.ledger.open().count(Count::of_lost(lost));
                    sleep(self.retry).await;
                    self.retry = (self.retry * 2).min(RETRY_MAX);
                }
            }
        }
    }

    async fn episode(&mut self, episode: Option<Episode>) -> Result<(), Lost> {
        if let Some(Episode { ending: Ending::Early(after), .. }) = &episode {
            self.ledger.open().count(Count::EarlyEnds);
            return match timeout(*after, self.connect()).await {
                Ok(connected) => connected.map(drop),
                Err(_) => Ok(()),
            };
        }
        if let Some(Episode { ending: Ending::Denied, .. }) = &episode {
            return self.connect_as(Who::Guest, Scope::ALL).await?.denied().await;
        }
        let mut connection = self.connect().await?;
        self.retry = RETRY_MIN;
        let ended = self.connected(&mut connection, episode.as_ref()).await;
        if let Some(view) = connection.view() {
            self.kept = view.clone();
        }
        self.ledger.open().clients[self.number].views.clear();
        if ended.is_err() && connection.is_within_reply() {
            self.ledger.open().count(Count::CutWithin);
        }
        ended?;
        if self.is_over() {
            self.part(connection).await;
            return Ok(());
        }
        match episode.map(|episode| episode.ending) {
            None | Some(Ending::Drop | Ending::Early(_) | Ending::Denied) => self.ledger.open().count(Count::Drops),
            Some(Ending::Close) => {
                self.ledger.open().count(Count::Closes);
                connection.close().await;
            }
            Some(Ending::Vanish(time)) => {
                self.ledger.open().count(Count::Vanishings);
                self.note("- falls silent".to_owned());
                self.wait(time).await;
            }
        }
        Ok(())
    }

    /// Goes for good.
    async fn part(&self, connection: Connection) {
        match self.script.parting {
            Parting::Close => {
                self.ledger.open().count(Count::Closes);
                connection.close().await;
            }
            Parting::Drop => self.ledger.open().count(Count::Drops),
            Parting::Silent => self.ledger.open().count(Count::Silences),
        }
        self.note("- is gone".to_owned());
    }

    /// TCP, the websocket's handshake, the login.
    async fn connect(&mut self) -> Result<Connection, Lost> {
        self.connect_as(self.script.who, self.script.scope()).await
    }

    async fn connect_as(&mut self, who: Who, scope: Scope) -> Result<Connection, Lost> {
        self.note(format!("- connects as {}", who.name()));
        let stream = match timeout(CONNECT, TcpStream::connect((SERVER, PORT))).await {
            Ok(Ok(stream)) => Tap::new(stream, self.number, self.ledger.clone()),
            Ok(Err(_)) => return Err(Lost::Unreachable),
            Err(_) => return Err(Lost::Overdue),
        };
        let path = scope.model.map_or_else(|| "/api".to_owned(), |model| format!("/model/{model}/api"));
        let socket = match timeout(CONNECT, client_async(format!("ws://{SERVER}{path}"), stream)).await {
            Ok(Ok((mut socket, _))) => {
                socket.get_mut().count_frames();
                socket
            }
            Ok(Err(error)) => return Err(Lost::of(&error)),
            Err(_) => return Err(Lost::Overdue),
        };
        let mut connection = Connection::new(
            socket,
            (self.number, scope),
            self.ledger.clone(),
            self.bug,
            core::mem::take(&mut self.kept),
        );
        connection.log_in(who).await?;
        self.ledger.open().count(Count::Logins);
        Ok(connection)
    }

    /// Watches, and does what the episode says; without one it watches until all is over.
    async fn connected(&mut self, connection: &mut Connection, episode: Option<&Episode>) -> Result<(), Lost> {
        connection.want(episode.map_or(1, |episode| episode.watchers));
        let mut acts: VecDeque<_> =
            episode.map_or_else(VecDeque::new, |episode| episode.acts.iter().copied().collect());
        let mut due = now() + acts.front().map_or(GLANCE, |(after, _)| *after);
        let mut ping = now() + PING;
        while !self.is_over() {
            connection.keep_watching().await?;
            // In the calm it goes on watching with what it has.
            let acts_on = episode.is_some() && !self.is_calm();
            let next = if acts_on { due.min(ping) } else { ping };
            if let Ok(heard) = timeout(next.saturating_sub(now()).min(GLANCE), connection.hear()).await {
                heard?;
            }
            connection.overdue()?;
            if ping <= now() {
                connection.ping(Vec::new()).await?;
                ping = now() + PING;
            }
            if !acts_on || due > now() {
                continue;
            }
            let Some((_, act)) = acts.pop_front() else { return Ok(()) };
            self.act(connection, act).await?;
            due = now() + acts.front().map_or(GLANCE, |(after, _)| *after);
        }
        Ok(())
    }

    async fn act(&self, connection: &mut Connection, act: Act) -> Result<(), Lost> {
        match act {
            Act::Stop(place) => connection.stop(place).await,
            Act::Idle(time, pings) => {
                self.ledger.open().count(Count::Idles);
                for _ in 0..pings {
                    connection.ping(Vec::new()).await?;
                }
                self.note("- stops reading".to_owned());
                self.wait(time).await;
                self.note("- reads again".to_owned());
                connection.forgive();
                Ok(())
            }
            Act::Nonsense(nonsense) => {
                self.ledger.open().count(Count::Nonsense);
                match nonsense {
                    Nonsense::UnknownWatcher => {
                        connection.nonsense((connection.facade(), "Next"), "unknown watcher id").await
                    }
                    Nonsense::StopUnknown => {
                        connection.nonsense((connection.facade(), "Stop"), "unknown watcher id").await
                    }
                    Nonsense::UnknownFacade => {
                        connection.nonsense(("Nobody", "Knows"), "unknown object type \"Nobody\"").await
                    }
                }
            }
        }
    }

    /// Does nothing for so long, or until the calm.
    async fn wait(&self, time: Duration) {
        let until = now() + time;
        while now() < until && !self.is_calm() {
            sleep(until.saturating_sub(now()).min(GLANCE)).await;
        }
    }

    fn is_calm(&self) -> bool {
        self.ledger.open().is_calm
    }

    fn is_over(&self) -> bool {
        self.ledger.open().is_over
    }

    fn note(&self, what: String) {
        self.ledger.open().write(Party::Client(self.number), now(), what);
    }
}
