//! Which models there are: the entities of kind `model`, kept current by one watcher.

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tracing::warn;

use super::protocol::{ErrorCode, RpcError};
use crate::backing::Json;
use crate::driver::Factory;
use crate::machine::{Batch, Change, Filter, Kind, ModelId};

/// After a failure it is tried again in so long.
const AGAIN: Duration = Duration::from_millis(250);

/// The models, as they were told last. While the backing is out of reach they stay.
#[derive(Debug, Default)]
pub(super) struct Directory {
    state: Mutex<State>,
    loaded: Notify,
}

#[derive(Debug, Default)]
struct State {
    models: BTreeMap<ModelId, Arc<Json>>,
    is_loaded: bool,
    trouble: Option<String>,
}

impl Directory {
    /// Follows the models for as long as it is polled.
    pub(super) async fn follow(&self, factory: Factory<Json>) {
        let filter = Filter::all_models().only_kinds([Kind::new("model")]);
        loop {
            let ended = match factory.watch(filter.clone()).await {
                Ok(reader) => {
                    let mut is_first = true;
                    loop {
                        match reader.next().await {
                            Ok(batch) => self.take(&batch, core::mem::take(&mut is_first)),
                            Err(error) => break error.to_string(),
                        }
                    }
                }
                Err(error) => error.to_string(),
            };
            warn!(error = ended, "the models are not told any more");
            self.lock().trouble = Some(ended);
            sleep(AGAIN).await;
        }
    }

    /// Waits until the models were told once, but no longer than this.
    pub(super) async fn loaded(&self, patience: Duration) -> Result<(), RpcError> {
        let told = self.loaded.notified();
        if self.lock().is_loaded || timeout(patience, told).await.is_ok() {
            return Ok(());
        }
        let trouble = self.lock().trouble.clone().unwrap_or_else(|| "they are being loaded".to_owned());
        Err(RpcError::new(format!("the models are not known: {trouble}"), ErrorCode::TryAgain))
    }

    /// A model's entity of itself.
    pub(super) fn get(&self, model: ModelId) -> Option<Arc<Json>> {
        self.lock().models.get(&model).cloned()
    }

    /// All of them, in order of uuid.
    pub(super) fn all(&self) -> Vec<(ModelId, Arc<Json>)> {
        self.lock().models.iter().map(|(model, value)| (*model, Arc::clone(value))).collect()
    }

    fn take(&self, batch: &Batch<Json>, is_first: bool) {
        let mut state = self.lock();
        if is_first {
            // The whole state, also of another worker: what it does not tell is gone.
            state.models.clear();
        }
        for delta in batch.deltas() {
            match delta.change() {
                Change::Changed => state.models.insert(delta.id().model, Arc::clone(delta.value())),
                Change::Removed => state.models.remove(&delta.id().model),
            };
        }
        state.is_loaded = true;
        state.trouble = None;
        drop(state);
        self.loaded.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A change that was cut short by a panic is mended by the next first batch.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
