//! Bytes become the messages of a client; each is decoded, and what is decoded is read as a call on every kind of connection.
//! `cargo fuzz run --features service request`
#![no_main]

use libfuzzer_sys::fuzz_target;
use multiwatcher::service::protocol::{Call, ConnectionKind, DecodeError, Request, Stage, encode_error};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = core::str::from_utf8(bytes) else { return };
    match Request::decode(text) {
        Ok(request) => calls(&request),
        Err(DecodeError::Bad { request_id, error }) => answered(request_id, &encode_error(request_id, &error)),
        Err(error @ DecodeError::Unanswerable { .. }) => assert!(error.to_string().starts_with("expected ")),
    }
});

fn calls(request: &Request) {
    assert!(request.request_id > 0);
    for kind in [ConnectionKind::Model, ConnectionKind::Controller] {
        for stage in [Stage::Before, Stage::LoggedIn] {
            if let Err(error) = Call::read(request.clone(), kind, stage) {
                answered(request.request_id, &encode_error(request.request_id, &error));
            }
        }
    }
}

/// An answer is one line of JSON, with the number of its request, a text and an empty response.
fn answered(request_id: u64, reply: &[u8]) {
    let text = core::str::from_utf8(reply).expect("a reply is text");
    assert_eq!(text.find('\n'), Some(text.len() - 1), "{text}");
    assert!(text.starts_with(&format!("{{\"request-id\":{request_id},\"error\":\"")), "{text}");
    assert!(text.ends_with(",\"response\":{}}\n"), "{text}");
}
