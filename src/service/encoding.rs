//! A delta, as clients are told it.

use crate::backing::Json;
use crate::machine::{Change, Delta};

/// Appends `["unit","change",{…}]`.
pub(super) fn encode_delta(delta: &Delta<Json>, text: &mut Vec<u8>) {
    let operation = match delta.change() {
        Change::Changed => "change",
        Change::Removed => "remove",
    };
    let parts = (delta.id().kind.as_str(), operation, &**delta.value());
    serde_json::to_writer(text, &parts).expect("texts and JSON are written to memory");
}
