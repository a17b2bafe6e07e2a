//! Z8, found in Juju's worker: no back-off. A load that kept failing was tried 15,546 times in 120 ms.
//!
//! The machine is made with waits of no length.

use core::time::Duration;

use multiwatcher::machine::{Backoff, Config};

use super::with::Twist;

/// The bug.
#[derive(Debug, Default)]
pub(super) struct Z8;

impl Twist for Z8 {
    fn configure(&self, config: Config) -> Config {
        Config { backoff: Backoff { min: Duration::ZERO, max: Duration::ZERO }, ..config }
    }
}
