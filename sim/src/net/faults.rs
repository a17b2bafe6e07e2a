//! What goes wrong outside of the clients: on the links, and on the server's host.

use core::fmt;
use core::time::Duration;

use turmoil::Sim;

use super::campaign::Count;
use super::client;
use super::draws::Draws;
use super::ledger::{Party, SharedLedger};
use super::server::SERVER;
use super::timing::{LATENCY, SHUTDOWN};

/// A fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// What goes wrong with the link of a client, for so long.
    Link(usize, Trouble, Duration),
    /// The server's host crashes and comes up again after a time.
    Crash(Crash, Duration),
    /// The worker is killed; the service stays.
    KillWorker,
    /// As soon as a reply has begun to come to a client and not ended, this goes wrong, for so long.
    Within(usize, Amid, Duration),
}

/// What goes wrong within a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amid {
    /// The client's link is cut.
    Cut,
    /// The server crashes without a word.
    Crash,
}

/// What is wrong with a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Everything is lost.
    Cut,
    /// What the client sends is lost.
    CutToServer,
    /// What the server sends is lost.
    CutToClient,
    /// Nothing arrives until it ends; then everything does.
    Held,
    /// Messages take up to so long.
    Slow(Duration),
    /// So many messages of a hundred are lost.
    Lossy(u32),
}

/// How a server goes down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crash {
    /// The system closes its connections.
    Process,
    /// Nobody is told anything.
    Power,
    /// It is told to shut down, and is gone a moment later.
    Shutdown,
}

impl Fault {
    pub(super) fn drawn(draws: &mut Draws, clients: u32) -> Self {
        match draws.below(14) {
            0..=5 => {
                let trouble = match draws.below(6) {
                    0 => Trouble::Cut,
                    1 => Trouble::CutToServer,
                    2 => Trouble::CutToClient,
                    3 => Trouble::Held,
                    4 => Trouble::Slow(LATENCY * draws.within(2..8)),
                    _ => Trouble::Lossy(draws.within(5..40)),
                };
                Self::Link(draws.below(clients) as usize, trouble, draws.millis(20..500))
            }
            6..=8 => {
                let how = draws.pick(&[Crash::Process, Crash::Power, Crash::Shutdown]);
                Self::Crash(how, draws.millis(0..250))
            }
            9 => Self::KillWorker,
            _ => {
                let amid = draws.pick(&[Amid::Cut, Amid::Crash]);
                Self::Within(draws.below(clients) as usize, amid, draws.millis(20..400))
            }
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link(client, trouble, time) => {
                let ms = time.as_millis();
                match trouble {
                    Trouble::Cut => write!(f, "link of client {client} cut, {ms} ms"),
                    Trouble::CutToServer => write!(f, "link of client {client} cut towards the server, {ms} ms"),
                    Trouble::CutToClient => write!(f, "link of client {client} cut towards the client, {ms} ms"),
                    Trouble::Held => write!(f, "link of client {client} held, {ms} ms"),
                    Trouble::Slow(latency) => {
                        write!(f, "link of client {client} slow, up to {} ms, {ms} ms", latency.as_millis())
                    }
                    Trouble::Lossy(percent) => write!(f, "link of client {client} loses {percent} %, {ms} ms"),
                }
            }
            Self::Crash(Crash::Process, down) => write!(f, "the server crashes, down {} ms", down.as_millis()),
            Self::Crash(Crash::Power, down) => {
                write!(f, "the server crashes without a word, down {} ms", down.as_millis())
            }
            Self::Crash(Crash::Shutdown, down) => write!(f, "the server shuts down, then down {} ms", down.as_millis()),
            Self::KillWorker => f.write_str("the worker is killed"),
            Self::Within(client, amid, _) => {
                let what = match amid {
                    Amid::Cut => "its link will be cut",
                    Amid::Crash => "the server will crash",
                };
                write!(f, "within the next long reply to client {client} {what}")
            }
        }
    }
}

/// The faults that are on, and those that end later.
#[derive(Debug)]
pub(super) struct Troubles {
    ledger: SharedLedger,
    /// Until when a client's link is in trouble, and which.
    links: Vec<Option<(Duration, Trouble)>>,
    /// What goes wrong within a client's next long reply.
    amid: Vec<Option<(Amid, Duration)>>,
    server: Server,
}

/// How the server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Server {
    Up,
    /// It shuts down until then, and is down for so long afterwards.
    Stopping(Duration, Duration),
    Down(Duration),
}

impl Troubles {
    pub(super) fn new(ledger: SharedLedger, clients: usize) -> Self {
        Self { ledger, links: vec![None; clients], amid: vec![None; clients], server: Server::Up }
    }

    /// A fault begins. One that meets another on the same link, or a server that is down, comes to nothing.
    pub(super) fn begin(&mut self, sim: &mut Sim<'_>, fault: Fault) {
        let now = sim.elapsed();
        match fault {
            Fault::Link(client, trouble, time) => {
                if self.links[client].is_some() {
                    return;
                }
                self.links[client] = Some((now + time, trouble));
                Self::apply(sim, client, trouble);
                self.note(now, fault, Count::of(trouble));
            }
            Fault::Crash(how, down) => {
                if self.server != Server::Up {
                    return;
                }
                match how {
                    Crash::Process => {
                        self.note(now, fault, Count::Crashes);
                        self.down(sim, now + down);
                    }
                    Crash::Power => {
                        self.note(now, fault, Count::PowerCuts);
                        self.silently_down(sim, now + down);
                    }
                    Crash::Shutdown => {
                        self.note(now, fault, Count::Shutdowns);
                        self.server = Server::Stopping(now + SHUTDOWN, down);
                        self.ledger.open().shutdowns += 1;
                        let service = self.ledger.open().service.clone();
                        if let Some((service, _)) = service {
                            service.shut_down();
                        }
                    }
                }
            }
            Fault::Within(client, amid, time) => {
                self.amid[client] = Some((amid, time));
                self.ledger.open().write(Party::World, now, fault.to_string());
            }
            Fault::KillWorker => {
                let service = self.ledger.open().service.clone();
                if let Some((_, factory)) = service {
                    self.note(now, fault, Count::WorkerKills);
                    factory.kill();
                }
            }
        }
    }

    /// Ends what is over by now, or everything.
    pub(super) fn end(&mut self, sim: &mut Sim<'_>, is_healed: bool) {
        let now = sim.elapsed();
        for client in 0..self.links.len() {
            if let Some((until, trouble)) = self.links[client]
                && (until <= now || is_healed)
            {
                self.links[client] = None;
                Self::undo(sim, client, trouble);
                self.ledger.open().write(Party::World, now, format!("link of client {client} healed"));
            }
        }
        match self.server {
            Server::Stopping(until, down) if until <= now || is_healed => self.down(sim, now + down),
            Server::Up | Server::Stopping(..) | Server::Down(_) => {}
        }
        match self.server {
            Server::Down(until) if until <= now || is_healed => {
                self.server = Server::Up;
                self.ledger.open().write(Party::World, now, "the server comes up");
                sim.bounce(SERVER);
            }
            Server::Up | Server::Stopping(..) | Server::Down(_) => {}
        }
    }

    /// Lets go wrong what waited for a reply that has begun.
    pub(super) fn amid(&mut self, sim: &mut Sim<'_>) {
        for client in 0..self.amid.len() {
            if !self.ledger.open().clients[client].is_within_reply {
                continue;
            }
            match self.amid[client].take() {
                Some((Amid::Cut, time)) => self.begin(sim, Fault::Link(client, Trouble::Cut, time)),
                Some((Amid::Crash, time)) => self.begin(sim, Fault::Crash(Crash::Power, time)),
                None => {}
            }
        }
    }

    fn note(&self, now: Duration, fault: Fault, count: Count) {
        let mut ledger = self.ledger.open();
        ledger.write(Party::World, now, fault.to_string());
        ledger.count(count);
    }

    fn down(&mut self, sim: &mut Sim<'_>, until: Duration) {
        // Its handles go with the host: the last of them ends the worker, within its own runtime.
        let service = self.ledger.open().service.take();
        drop(service);
        sim.crash(SERVER);
        self.server = Server::Down(until);
    }

    /// Nothing that a dying host says gets through.
    fn silently_down(&mut self, sim: &mut Sim<'_>, until: Duration) {
        let whole: Vec<_> = (0..self.links.len()).filter(|client| self.links[*client].is_none()).collect();
        for client in &whole {
            sim.partition(client::name(*client), SERVER);
        }
        self.down(sim, until);
        for client in whole {
            sim.repair(client::name(client), SERVER);
        }
    }

    fn apply(sim: &mut Sim<'_>, client: usize, trouble: Trouble) {
        let name = client::name(client);
        match trouble {
            Trouble::Cut => sim.partition(name, SERVER),
            Trouble::CutToServer => sim.partition_oneway(name, SERVER),
            Trouble::CutToClient => sim.partition_oneway(SERVER, name),
            Trouble::Held => sim.hold(name, SERVER),
            Trouble::Slow(latency) => sim.set_link_max_message_latency(name, SERVER, latency),
            Trouble::Lossy(percent) => sim.set_link_fail_rate(name, SERVER, f64::from(percent) / 100.0),
        }
    }

    fn undo(sim: &mut Sim<'_>, client: usize, trouble: Trouble) {
        let name = client::name(client);
        match trouble {
            Trouble::Cut => sim.repair(name, SERVER),
            Trouble::CutToServer => sim.repair_oneway(name, SERVER),
            Trouble::CutToClient => sim.repair_oneway(SERVER, name),
            Trouble::Held => sim.release(name, SERVER),
            Trouble::Slow(_) => sim.set_link_max_message_latency(name, SERVER, LATENCY),
            Trouble::Lossy(_) => {
                sim.set_link_fail_rate(name.as_str(), SERVER, 0.0);
                // What was lost last has left the link broken.
                sim.repair(name, SERVER);
            }
        }
    }
}
