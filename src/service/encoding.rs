//! A delta, as clients are told it.

use tracing::warn;

use crate::backing::Json;
use crate::cache::entities;
use crate::machine::Delta;

/// Appends `["unit","change",{…}]`.
///
/// An entity whose JSON is not what its kind says is sent as it is stored, with a warning in the log: left out, a client would
/// go on with what it was told before, and know nothing of it.
pub(super) fn encode_delta(delta: &Delta<Json>, text: &mut Vec<u8>) {
    let encoded = entities::encode_delta(delta.id(), delta.change(), delta.value()).unwrap_or_else(|error| {
        warn!(%error, "an entity is not what its kind says, and is told as it is stored");
        entities::encode_value(delta.id(), delta.change(), delta.value())
    });
    text.extend_from_slice(encoded.as_str().as_bytes());
}
