//! On which terms seeds are run: what was asked of a campaign besides its seeds. The canary is run on the same.

use std::sync::Arc;

use multiwatcher::testing::{Families, Subject};

use super::Runner;
use crate::scenario::Scenario;
use crate::schedulers::Kind;
use crate::worlds::Maker;

/// What a campaign leaves to its seeds, and what not.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// Who says who moves; none for whom each seed draws.
    pub scheduler: Option<Kind>,
    /// What is left out of every run, besides what its seed leaves out.
    pub without: Families,
    /// The situation that is played, if there is one.
    pub scenario: Option<Arc<Scenario>>,
}

impl Terms {
    /// A runner of these subjects on these terms.
    pub fn runner<S: Subject>(&self, maker: Maker<S>) -> Runner<S> {
        let runner = Runner::of(maker).without(self.without);
        let runner = if let Some(kind) = self.scheduler { runner.scheduled_by(kind) } else { runner };
        match &self.scenario {
            Some(scenario) => runner.playing(Arc::clone(scenario)),
            None => runner,
        }
    }
}
