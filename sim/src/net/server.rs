//! The server's host: the service that ships, on TCP, over the database that outlives it.

use core::net::Ipv4Addr;
use core::time::Duration;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use multiwatcher::backing::Json;
use multiwatcher::driver::{Factory, OpenError};
use multiwatcher::machine::{Config, ModelId};
use multiwatcher::service::{
    Accounts, ControllerAccess, Limits, ModelAccess, Offload, PasswordCost, PasswordHash, Salt, Service, ServiceConfig,
    User, Users,
};
use tokio::task::spawn_local;
use turmoil::net::TcpListener;

use super::bugs::Bug;
use super::draws::{Concern, Draws};
use super::history::{MODELS, crowd, ids, model};
use super::ledger::{Party, SharedLedger};
use super::plan::{Plan, Who};
use super::stale::{Snapshot, Stale};
use super::timing::{limits, machine, now};

/// The name of its host.
pub const SERVER: &str = "server";
/// Its port.
pub const PORT: u16 = 17070;
/// What they log in with.
pub(super) const PASSWORD: &str = "correct horse";

const CONTROLLER: ModelId = ModelId::from_u128(0xc000_0000_0000_4000_8000_0000_0000_000c);

/// Longer than any run.
const NEVER: Duration = Duration::from_hours(1);

/// How servers are made, one after the other.
#[derive(Debug, Clone)]
pub struct Servers {
    ledger: SharedLedger,
    service: ServiceConfig,
    machine: Config,
    bug: Bug,
    /// What the database held when a server came up last.
    before: Rc<RefCell<Option<Snapshot>>>,
}

impl Servers {
    /// As the plan says.
    pub fn new(plan: &Plan, ledger: SharedLedger, bug: Bug) -> Self {
        let mut salt = Draws::new(plan.seed, Concern::Salt);
        let salt = Salt((u128::from(salt.word()) << 64 | u128::from(salt.word())).to_le_bytes());
        let cost = PasswordCost { memory_kib: 8, passes: 1 };
        let password = PasswordHash::of(PASSWORD, salt, cost).expect("the password and the cost are constants");
        let service = ServiceConfig {
            password_cost: cost,
            limits: if bug == Bug::NeverPings { Limits { ping_after: NEVER, ..limits() } } else { limits() },
            offload: Offload::Inline,
            timestamp: || None,
            ..ServiceConfig::new(CONTROLLER, Accounts::Fixed(Arc::new(users(&password, bug))))
        };
        let machine = Config { lag_limit: plan.lag_limit, ..machine() };
        Self { ledger, service, machine, bug, before: Rc::default() }
    }

    /// One life of the server.
    pub async fn run(self) -> turmoil::Result {
        let factory = self.factory();
        let service = Service::new(factory.clone(), self.service)?;
        let mut kept = Vec::new();
        {
            let mut ledger = self.ledger.open();
            ledger.life += 1;
            ledger.floor = ledger.floor.max(ledger.history.latest());
            ledger.service = Some((service.clone(), factory.clone()));
        }
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT)).await?;
        let mut accepted = 0;
        loop {
            let (stream, peer) = listener.accept().await?;
            accepted += 1;
            if self.bug == Bug::KeepsWatchers {
                kept.push(factory.watch_all_models().await);
            }
            self.ledger.open().write(Party::World, now(), format!("the server accepts {}", peer.ip()));
            let service = service.clone();
            // On the host's own set of tasks: a crash drops these in the order in which they began. The tasks of a runtime are dropped by
            // their ids, which the whole process counts, and each tells the network goodbye.
            spawn_local(async move { service.serve_stream(stream, peer.ip()).await });
            if self.bug == Bug::PanickingHost && accepted == 3 {
                tokio::spawn(async { panic!("planted") });
            }
            if self.bug == Bug::PanickingSession && accepted == 3 {
                spawn_local(async { panic!("planted") });
            }
        }
    }

    fn factory(&self) -> Factory<Json> {
        let backing = self.ledger.open().history.backing();
        let old = if self.bug == Bug::OldSnapshot {
            let all = (0..MODELS).flat_map(|number| ids(number).into_iter().chain(crowd(number)));
            let held = all.filter_map(|id| backing.get(&id).map(|value| (id, value))).collect();
            self.before.replace(Some(held))
        } else {
            None
        };
        let opened = Stale::new(backing, old);
        let open = move || {
            let opened = opened.clone();
            async move { Ok::<_, OpenError>(opened) }
        };
        Factory::new(open, self.machine.clone())
    }
}

/// Who may log in.
fn users(password: &PasswordHash, bug: Bug) -> Users {
    let mut users = Users::default();
    for who in Who::ALL {
        let (controller, access) = match who {
            Who::Superuser => (ControllerAccess::Superuser, None),
            Who::Administrator => (ControllerAccess::Login, Some(ModelAccess::Admin)),
            Who::Reader if bug == Bug::TellsOffers => (ControllerAccess::Login, Some(ModelAccess::Admin)),
            Who::Reader => (ControllerAccess::Login, Some(ModelAccess::Read)),
            Who::Guest if bug == Bug::GrantsAll => (ControllerAccess::Superuser, None),
            Who::Guest => (ControllerAccess::Login, None),
        };
        let models = access.into_iter().flat_map(|access| (0..MODELS).map(move |number| (model(number), access)));
        let (password, display_name) = (password.clone(), String::new());
        let user = User { password, display_name, controller, models: models.collect() };
        users.add(who.name(), user).expect("names are constants");
    }
    users
}
