//! deterministic: the same decisions give the same trace. Decided on pairs of runs of one seed, the second with nothing left
//! over from runs before; `mwsim check-determinism` compares processes and numbers of jobs.

use multiwatcher::testing::Promise;

use super::{Checker, Verdict, ensure};

/// Compares the hashes of two runs.
#[derive(Debug, Clone, Default)]
pub struct Deterministic {
    decided: u64,
}

impl Checker for Deterministic {
    const PROMISE: Promise = Promise::Deterministic;

    fn decided(&mut self) -> &mut u64 {
        &mut self.decided
    }
}

impl Deterministic {
    /// Compares the hash of a run with that of the same run again.
    pub fn compare(&mut self, one: u64, again: u64) -> Verdict {
        self.decided += 1;
        ensure!(one == again, "the trace hashed to {one:016x}, run again from a clean start to {again:016x}");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn can_fail_on_a_pair_of_different_hashes() {
        let mut checker = Deterministic::default();
        assert_eq!(checker.compare(1, 1), Ok(()));
        assert!(checker.compare(1, 2).is_err());
        assert_eq!(*checker.decided(), 2);
    }
}
