//! Simpler regimes: no faults, and everything as in a calm run where the failure survives that.

use multiwatcher::machine::Config;
use multiwatcher::testing::{Regime, Subject};

use super::PLAIN;
use super::search::Search;
use super::story::Story;

/// Makes all calm at once; else what only a generator looks at, and then the configuration field by field.
pub(super) fn calm<S: Subject>(search: &mut Search<S>) {
    let regime = &search.best().regime;
    let readers = vec![PLAIN; regime.readers.len()];
    let plain = Regime { shape: regime.shape, values: regime.values, ..Regime::calm(1, &readers) };
    if attempt(search, plain.clone()) {
        return;
    }
    let now = &search.best().regime;
    let only_config = Regime { config: now.config.clone(), telling: now.telling, ..plain.clone() };
    attempt(search, only_config);
    let with_config = |regime: &Regime, config: Config| Regime { config, ..regime.clone() };
    let told = Regime { telling: plain.telling, ..search.best().regime.clone() };
    attempt(search, told);
    for field in fields(&plain.config) {
        let config = field(&search.best().regime.config);
        let candidate = with_config(&search.best().regime, config);
        attempt(search, candidate);
    }
}

type Field<'a> = Box<dyn Fn(&Config) -> Config + 'a>;

/// For each field of the configuration, what makes it that of a calm one.
fn fields(calm: &Config) -> [Field<'_>; 10] {
    let of = Config::clone;
    [
        Box::new(move |config| Config { restart: calm.restart, ..of(config) }),
        Box::new(move |config| Config { backoff: calm.backoff, ..of(config) }),
        Box::new(move |config| Config { call_timeout: calm.call_timeout, ..of(config) }),
        Box::new(move |config| Config { fetch_attempts: calm.fetch_attempts, ..of(config) }),
        Box::new(move |config| Config { load_timeout: calm.load_timeout, ..of(config) }),
        Box::new(move |config| Config { heartbeat: calm.heartbeat, ..of(config) }),
        Box::new(move |config| Config { lag_limit: calm.lag_limit, ..of(config) }),
        Box::new(move |config| Config { lag_age: calm.lag_age, ..of(config) }),
        Box::new(move |config| Config { window: calm.window, ..of(config) }),
        Box::new(move |config| Config { queue_limit: calm.queue_limit, ..of(config) }),
    ]
}

fn attempt<S: Subject>(search: &mut Search<S>, regime: Regime) -> bool {
    let best = search.best();
    if regime == best.regime {
        return false;
    }
    let candidate = Story { regime, operations: best.operations.clone(), heals: best.heals };
    search.attempt(&candidate)
}
