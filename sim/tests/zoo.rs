use core::num::NonZeroUsize;
use multiwatcher_sim::zoo::Bug;
use multiwatcher_sim::zoo::hunt::Hunt;

#[test]
fn scratch() {
    for &bug in Bug::ALL {
        for (driven, alone) in [(true, false), (true, true), (false, false), (false, true)] {
            let hunt = Hunt { bug, driven, alone, jobs: NonZeroUsize::new(2).unwrap() };
            let found = hunt.among(0..20_000).unwrap();
            match found {
                None => println!("{:5} driven {driven} alone {alone}: NOT FOUND", bug.name()),
                Some(found) => println!("{:5} driven {driven} alone {alone}: after {} {} also {:?} step {} of {}: {}", bug.name(), found.after, found.broken.name(), found.broken.also, found.broken.step, found.decisions.operations.len(), found.broken.text),
            }
        }
    }
}
