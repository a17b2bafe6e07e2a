//! Serves an SQLite database to Juju clients: `cargo run --features service --example service -- FOLDER [PORT]`.
//!
//! The folder holds the database, the file of users and the certificate; what is not there is made. The first user is `admin`, with the
//! password `s3cret`: an example, not a way to run a service. It stops when its standard input ends.

#![expect(clippy::print_stdout, reason = "an example prints")]

use std::error::Error;
use std::path::PathBuf;

use multiwatcher::SqliteBacking;
use multiwatcher::backing::Json;
use multiwatcher::driver::{Factory, OpenError};
use multiwatcher::machine::{Config, ModelId};
use multiwatcher::service::{
    Accounts, Certificate, ControllerAccess, Metrics, PasswordCost, PasswordHash, Salt, Service, ServiceConfig, User,
    Users,
};

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let folder = PathBuf::from(args.next().ok_or("expected a folder")?);
    let port: u16 = args.next().map_or(Ok(0), |port| port.parse())?;
    std::fs::create_dir_all(&folder)?;

    let users = folder.join("users.toml");
    let mut known = Users::load(&users)?;
    if known.is_empty() {
        let password = PasswordHash::of("s3cret", Salt::fresh(), PasswordCost::default())?;
        let (display_name, controller) = (String::new(), ControllerAccess::Superuser);
        known.add("admin", User { password, display_name, controller, models: [].into() })?;
        known.save(&users)?;
    }
    // Before the worker is made: what is made earlier is not counted.
    let metrics = Metrics::install()?;
    let database = folder.join("entities.db");
    let open = move || {
        let database = database.clone();
        async move { SqliteBacking::<Json>::open(database).await.map_err(OpenError::Failed) }
    };
    let factory = Factory::new(open, Config::default());
    let controller = ModelId::from_u128(0xc000_0000_0000_4000_8000_0000_0000_000c);
    let service = Service::new(factory.clone(), ServiceConfig::new(controller, Accounts::File(users)))?;
    let certificate = Certificate::load_or_make(&folder.join("cert.pem"), &folder.join("key.pem"))?;
    let server = service.bind(([127, 0, 0, 1], port).into(), &certificate).await?;
    let server = server.with_admin(([127, 0, 0, 1], 0).into(), Some(metrics)).await?;
    // Opens the database, so that it is there for whoever writes to it.
    factory.worker().await?;
    println!("port {}", server.address()?.port());
    println!("page http://{}/", server.admin_address().ok_or("it was bound a moment ago")?);
    let end = tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
    let shutdown = server.run_until(async { _ = end.await }).await;
    factory.close().await;
    println!("stopped, {} cut off", shutdown.cut_off);
    Ok(())
}
