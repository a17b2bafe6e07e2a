//! Bytes become a regime and legal operations; the machine and the reference model make them side by side.
#![no_main]

use libfuzzer_sys::fuzz_target;
use multiwatcher::machine::StoreManager;
use multiwatcher::testing::{Broken, Bytes, Generator, Lockstep, Regime, Val};

/// As many operations as a long schedule of the simulator has.
const LONGEST: usize = 400;

fuzz_target!(|bytes: &[u8]| {
    if let Err(broken) = run(bytes) {
        panic!("{broken}");
    }
});

fn run(bytes: &[u8]) -> Result<(), Broken> {
    let mut choices = Bytes::new(bytes);
    let mut both = Lockstep::<StoreManager<Val>>::start(Regime::draw(&mut choices))?;
    for _ in 0..LONGEST {
        if choices.is_empty() {
            break;
        }
        let Some(operation) = Generator::next(both.world().stage(), &mut choices) else { break };
        both.apply(&operation)?;
    }
    both.heal()
}
