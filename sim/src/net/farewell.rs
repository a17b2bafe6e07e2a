//! The end of a run: all clients go, each in its own way, and the server is left with nothing but its own.

use core::time::Duration;

use turmoil::Sim;

use super::client;
use super::ledger::{Ledger, Party, SharedLedger};
use super::plan::{Parting, Script};
use super::server::SERVER;
use super::timing;
use super::witness::{Broken, Promise};

/// The service's model cache watches for as long as it lives, and its call waits.
const OF_THE_SERVICE: usize = 1;

/// Lets all clients go, and waits until the server holds nothing of them.
pub(super) fn play(sim: &mut Sim<'_>, ledger: &SharedLedger, clients: &[Script], at: &mut Duration) -> turmoil::Result {
    let began = *at;
    for (number, _) in clients.iter().enumerate().filter(|(_, script)| script.parting == Parting::Silent) {
        sim.partition(client::name(number), SERVER);
    }
    ledger.open().write(Party::World, began, "all clients go");
    ledger.open().is_over = true;
    while ledger.open().broken.is_none() {
        sim.step()?;
        *at = sim.elapsed();
        let took = at.saturating_sub(began);
        let left = left(&ledger.open());
        match left.first() {
            None => {
                ledger.open().counts.forgotten(took);
                return Ok(());
            }
            Some(_) if took <= timing::farewell() => {}
            Some(_) => {
                let what = format!(
                    "{} ms after all clients began to go the server still has {}",
                    timing::farewell().as_millis(),
                    left.join(", ")
                );
                ledger.open().break_promise(Party::World, Broken { promise: Promise::StopQuiescent, what });
            }
        }
    }
    Ok(())
}

/// What the server holds that is not its own.
fn left(ledger: &Ledger) -> Vec<String> {
    let (service, factory) = ledger.service.as_ref().expect("every view is the database, so a server is up");
    let Some(report) = factory.report() else { return vec!["workers: 0 instead of 1".to_owned()] };
    let census = report.census;
    let counts = [
        ("connections", service.connections(), 0),
        ("watchers of users", service.watchers(), 0),
        ("watchers of the store", census.watchers.total(), OF_THE_SERVICE),
        ("waiting calls", census.calls, OF_THE_SERVICE),
        ("tombstones", census.tombstones, 0),
        ("shared batches", census.shared_batches, 0),
    ];
    let wrong = counts.into_iter().filter(|(_, count, own)| count != own);
    wrong.map(|(what, count, own)| format!("{what}: {count} instead of {own}")).collect()
}
