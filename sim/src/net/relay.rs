//! What stands between a client and its connection: nothing that matters, or a planted bug.

use std::collections::BTreeMap;

use serde_json::Value;

use super::bugs::Bug;

/// Passes replies on.
#[derive(Debug, Default)]
pub(super) struct Relay {
    is_wrong: bool,
    /// Requests for what is next that are not answered, and their watchers.
    waiting: BTreeMap<u64, String>,
    stops: BTreeMap<u64, String>,
    /// The last reply of each watcher.
    last: BTreeMap<String, Value>,
}

impl Relay {
    pub(super) fn new(bug: Bug) -> Self {
        Self { is_wrong: bug == Bug::ReplayAfterStop, ..Self::default() }
    }

    /// A request goes out.
    pub(super) fn sent(&mut self, number: u64, method: &str, watcher: &str) {
        if self.is_wrong {
            match method {
                "Next" => _ = self.waiting.insert(number, watcher.to_owned()),
                "Stop" => _ = self.stops.insert(number, watcher.to_owned()),
                _ => {}
            }
        }
    }

    /// A reply comes in; what the client gets after it.
    pub(super) fn received(&mut self, reply: &Value) -> Option<Value> {
        if !self.is_wrong {
            return None;
        }
        let number = reply["request-id"].as_u64()?;
        if let Some(watcher) = self.waiting.remove(&number) {
            self.last.insert(watcher, reply.clone());
            return None;
        }
        let watcher = self.stops.remove(&number)?;
        let mut again = self.last.remove(&watcher)?;
        let waits = self.waiting.iter().find(|(_, waits)| **waits == watcher);
        if let Some((number, _)) = waits {
            again["request-id"] = (*number).into();
        }
        Some(again)
    }
}
