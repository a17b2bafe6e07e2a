//! `multiwatcher serve`: clients of Juju log in and watch.

mod kept;
mod page;

use core::time::Duration;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use clap::Args;
use multiwatcher::backing::Json;
use multiwatcher::driver::{Factory, Report};
use multiwatcher::service::{Accounts, BindError, Metrics, Server, Service, ServiceConfig, ServiceError};
use multiwatcher::{Config, Filter, Kind, ModelId};
use tokio::sync::oneshot;
use tokio::time::timeout;
use uuid::Uuid;

use super::user::{self, UsersArg};
use crate::cli::{DONE, WIDTH};
use crate::database::{Database, Missing};
use crate::error::CommandError;
use crate::locator::Locator;
use crate::output::{self, note};
use crate::screen::counted;
use crate::signals::Signals;
use crate::socket;
use page::Facts;

/// How long a first load is waited for before it is said that clients are served.
const LOAD: Duration = Duration::from_secs(5);

/// Arguments of `serve`.
#[derive(Debug, Args)]
#[command(max_term_width = WIDTH, after_help = "Examples:
  multiwatcher serve
  multiwatcher serve -b sqlite:world.db --admin 127.0.0.1:17071
  multiwatcher serve --listen 0.0.0.0:17070
  multiwatcher serve --json | jq -r .address

With no arguments it serves a database in the working folder, on
this machine alone, and prints how to watch it with python-libjuju
and jujulib. What is not there is made in the working folder and
kept for the next start: multiwatcher.db, a certificate with its
key (multiwatcher-cert.pem, multiwatcher-key.pem), the uuid of the
controller (multiwatcher-controller), and a file of users
(multiwatcher-users.toml) with the user admin, whose password is
drawn and shown this once. multiwatcher user adds others, which
holds from the next login on.

A certificate that is made is good for localhost and the address
of --listen at the first start; clients must be given it to trust.
Remove it and its key, and they are made anew. For other names
give one of your own.

With --json the facts are one line:
  {\"backing\":TEXT,\"address\":TEXT,\"certificate\":FILE,
   \"users\":FILE,\"controller\":UUID,\"page\":URL|null,
   \"user\":TEXT|null,\"password\":TEXT|null,\"model\":UUID|null}
The password is there when it was drawn for this start. Fields may
be added, none will change.

SIGINT (Ctrl-C) or SIGTERM ends it: watchers are told, connections
are closed, within some seconds. A second signal ends it at once.
multiwatcher status shows how it fares, and so does the page of
--admin, which has no login: let it be one of this machine.

Exit codes: 0 ended by a signal, in good order, 2 usage or a file
that cannot be used, 3 the port is taken or the backing or the
output failed, 130 ended at once by SIGINT, 143 by SIGTERM.")]
pub(crate) struct ServeArgs {
    /// The database: sqlite:FILE or etcd:URL[,URL]/PREFIX
    #[arg(short, long, value_name = "LOCATOR", env = "MULTIWATCHER_BACKING", hide_env_values = true)]
    #[arg(default_value = "sqlite:multiwatcher.db")]
    backing: Locator,
    /// Where clients connect; port 0 is any that is free
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:17070", value_parser = address)]
    listen: SocketAddr,
    /// A certificate as PEM [default: one that is made]
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Its key as PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    #[command(flatten)]
    users: UsersArg,
    /// The controller's uuid [default: kept in the folder]
    #[arg(long, value_name = "UUID")]
    controller: Option<ModelId>,
    /// Where a status page, /healthz and /metrics are [default: nowhere]
    #[arg(long, value_name = "IP:PORT", value_parser = address)]
    admin: Option<SocketAddr>,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("expected an IP address and a port, such as 127.0.0.1:17070, got {text:?}"))
}

/// Serves until a signal comes.
pub(crate) async fn serve(args: ServeArgs) -> Result<u8, CommandError> {
    let mut signals = Signals::new()?;
    // What can be wrong with what was given is found before anything is made.
    let named = args.tls_cert.as_deref().zip(args.tls_key.as_deref());
    let certificate = named.map(|_| kept::certificate(named, args.listen.ip())).transpose()?;
    user::load(&args.users.users)?;
    let metrics = args.admin.map(|_| Metrics::install()).transpose();
    let metrics = metrics.map_err(|error| CommandError::Failed(error.to_string()))?;
    let database = Database::open(&args.backing, Missing::Make).await?;
    let factory = database.factory(Config::default());
    let worker = factory.worker().await;
    worker.map_err(|error| CommandError::Backing { locator: args.backing.clone(), why: error.to_string() })?;
    let controller = args.controller.map_or_else(kept::controller, Ok)?;
    let config = ServiceConfig::new(controller, Accounts::File(args.users.users.clone()));
    let service = Service::new(factory.clone(), config).map_err(|error| unusable(&args.users.users, &error))?;
    let certificate = certificate.map_or_else(|| kept::certificate(None, args.listen.ip()), Ok)?;
    let server = service.bind(args.listen, &certificate).await.map_err(|error| taken("--listen", &error))?;
    let server = match args.admin {
        Some(admin) => server.with_admin(admin, metrics).await.map_err(|error| taken("--admin", &error))?,
        None => server,
    };
    let report = reports(factory.clone())?;
    let socket = socket::serve("serve", &database, &Filter::all_models(), report);
    let socket =
        socket.inspect_err(|error| note(&format!("multiwatcher status will not show this service: {error}"))).ok();
    // Made when nothing can come between it and its being shown.
    let first = kept::first_user(&args.users.users).await?;
    let facts = facts(&args, controller, first, &server)?;
    run(server, facts, &factory, &mut signals, &args).await?;
    drop(socket);
    database.close(factory).await;
    Ok(DONE)
}

/// Reports of the worker. While one that has ended is replaced there is none: the last is told again.
fn reports(factory: Factory<Json>) -> Result<impl Fn() -> Report + Send + Sync + 'static, CommandError> {
    let first = factory.report().ok_or_else(|| CommandError::Failed("the worker is gone already".to_owned()))?;
    let known = Mutex::new(first);
    Ok(move || {
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(report) = factory.report() {
            *known = report;
        }
        known.clone()
    })
}

/// Says where clients connect, and serves them until a signal comes.
async fn run(
    server: Server,
    facts: Facts,
    factory: &Factory<Json>,
    signals: &mut Signals,
    args: &ServeArgs,
) -> Result<(), CommandError> {
    let is_new = facts.password.is_some();
    let (stop, stopped) = oneshot::channel::<()>();
    let mut serving = tokio::spawn(server.run_until(async { _ = stopped.await }));
    let (told, is_stopped) = match signals.or_stop(tell(facts, factory, args.json)).await {
        Ok(told) => (Some(told), false),
        Err((_, told)) => (told, true),
    };
    if is_new && !matches!(told, Some(Ok(()))) {
        // A password that nobody has seen is of no use.
        kept::forget(&args.users.users)?;
    }
    told.unwrap_or(Ok(()))?;
    if !is_stopped {
        signals.next().await;
    }
    // Whoever serves is there until it is told, so it hears it.
    _ = stop.send(());
    let shutdown = tokio::select! {
        biased;
        shutdown = &mut serving => shutdown,
        second = signals.next() => return Err(CommandError::Stopped(second)),
    };
    let shutdown = shutdown.map_err(|error| CommandError::Failed(format!("the service ended: {error}")))?;
    if shutdown.cut_off > 0 {
        note(&format!("{} did not close in time", counted(shutdown.cut_off, "connection", "connections")));
    }
    Ok(())
}

fn facts(args: &ServeArgs, controller: ModelId, first: kept::First, server: &Server) -> Result<Facts, CommandError> {
    let failed = |error: std::io::Error| CommandError::Failed(error.to_string());
    let whole = |path: &Path| std::path::absolute(path).map_err(failed);
    Ok(Facts {
        backing: args.backing.to_string(),
        address: reached(server.address().map_err(failed)?).to_string(),
        certificate: whole(args.tls_cert.as_deref().unwrap_or(Path::new(kept::CERTIFICATE)))?,
        users: whole(&args.users.users)?,
        controller,
        page: server.admin_address().map(|address| format!("http://{}/", reached(address))),
        user: first.user,
        password: first.password,
        model: None,
        suggested: ModelId::from_u128(Uuid::new_v4().as_u128()),
    })
}

/// Says what there is to know, as soon as the models are known; not much later, though.
async fn tell(mut facts: Facts, factory: &Factory<Json>, json: bool) -> Result<(), CommandError> {
    let models = async {
        let reader = factory.watch(Filter::all_models().only_kinds([Kind::new("model")])).await.ok()?;
        let batch = reader.next().await.ok()?;
        batch.deltas().iter().map(|delta| delta.id().model).min()
    };
    facts.model = timeout(LOAD, models).await.ok().flatten();
    output::write(if json { facts.to_json() } else { facts.to_page() }).await
}

/// As a client on this machine reaches it: what listens on all addresses is found at the first.
fn reached(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    SocketAddr::new(ip, address.port())
}

fn taken(option: &str, error: &BindError) -> CommandError {
    match error {
        BindError::Port { address, .. } => CommandError::Failed(format!(
            "{error}\n  choose another with {option}, such as {option} {}:0 for any that is free",
            address.ip()
        )),
        BindError::Certificate(_) => CommandError::Input(error.to_string()),
    }
}

fn unusable(path: &Path, error: &ServiceError) -> CommandError {
    match error {
        ServiceError::Users(error) => user::wrong(path, error),
        ServiceError::Cost(_) => CommandError::Failed(error.to_string()),
    }
}
