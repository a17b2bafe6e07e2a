//! HTTP, up to the upgrade to a websocket: which paths there are, and what is said at all others.

use core::convert::Infallible;
use core::future::ready;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{
    CONNECTION, CONTENT_TYPE, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::connection::Target;
use crate::machine::ModelId;

/// Bytes of a request's head.
const HEAD: usize = 16 << 10;

/// A stream that has been upgraded.
pub(super) struct Upgraded<IO> {
    pub(super) stream: IO,
    /// What the client has sent already after its request.
    pub(super) read: Bytes,
    pub(super) target: Target,
}

/// Answers one request. `None` if it did not ask for an upgrade, or not well; it was told so.
pub(super) async fn upgrade<IO>(stream: IO) -> Option<Upgraded<IO>>
where
    IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let upgraded = Arc::new(Mutex::new(None));
    let place = Arc::clone(&upgraded);
    let service = service_fn(move |request: Request<Incoming>| {
        ready(Ok::<_, Infallible>(match answer(request) {
            Ok((response, found)) => {
                *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
                response
            }
            Err((status, text)) => refused(status, text),
        }))
    });
    let mut builder = http1::Builder::new();
    // The whole stage has a time-out, so HTTP needs no timer; and no date, for no wall clock is looked at.
    builder.half_close(true).auto_date_header(false).max_buf_size(HEAD).header_read_timeout(None);
    let served = builder.serve_connection(TokioIo::new(stream), service).with_upgrades().await;
    let found: Option<(OnUpgrade, Target)> = upgraded.lock().unwrap_or_else(PoisonError::into_inner).take();
    let ((on_upgrade, target), Ok(())) = (found?, served) else { return None };
    let parts = on_upgrade.await.ok()?.downcast::<TokioIo<IO>>().ok()?;
    Some(Upgraded { stream: parts.io.into_inner(), read: parts.read_buf, target })
}

type Refusal = (StatusCode, String);
/// The answer, and what comes after it.
type Switch = (Response<Full<Bytes>>, (OnUpgrade, Target));

fn answer(mut request: Request<Incoming>) -> Result<Switch, Refusal> {
    let target = target(request.uri().path())?;
    let bad = |text: &str| (StatusCode::BAD_REQUEST, text.to_owned());
    if request.method() != Method::GET {
        return Err((StatusCode::METHOD_NOT_ALLOWED, "expected GET".to_owned()));
    }
    let headers = request.headers();
    if !has_token(headers, CONNECTION, "upgrade") || !has_token(headers, UPGRADE, "websocket") {
        return Err(bad("expected an upgrade to a websocket"));
    }
    if headers.get(SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(bad("expected version 13 of the websocket protocol"));
    }
    let Some(key) = headers.get(SEC_WEBSOCKET_KEY) else { return Err(bad("expected a websocket key")) };
    let accept = derive_accept_key(key.as_bytes());
    let response = Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_ACCEPT, accept)
        .body(Full::default())
        .expect("the names and values are plain text");
    Ok((response, (hyper::upgrade::on(&mut request), target)))
}

/// What a path leads to.
fn target(path: &str) -> Result<Target, Refusal> {
    if path == "/" || path == "/api" {
        return Ok(Target::Controller);
    }
    let model =
        path.strip_prefix("/model/").and_then(|rest| rest.strip_suffix("/api")).filter(|uuid| !uuid.contains('/'));
    let Some(text) = model else { return Err((StatusCode::NOT_FOUND, "not found".to_owned())) };
    let model = text.parse::<ModelId>().ok().filter(|model| model.to_string() == text);
    model.map(Target::Model).ok_or_else(|| (StatusCode::BAD_REQUEST, format!("invalid model UUID {text:?}")))
}

fn has_token(headers: &HeaderMap, name: hyper::header::HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|found| found.trim().eq_ignore_ascii_case(token))
}

fn refused(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    Response::builder()
        .status(status)
        .header(CONTENT_TYPE, "text/plain; charset=utf-8")
        .header(CONNECTION, "close")
        .body(Full::from(text + "\n"))
        .expect("the names and values are plain text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_a_model_or_the_controller() {
        let uuid = "a0000000-0000-4000-8000-000000000002";
        assert_eq!(target("/"), Ok(Target::Controller));
        assert_eq!(target("/api"), Ok(Target::Controller));
        assert_eq!(target(&format!("/model/{uuid}/api")), Ok(Target::Model(uuid.parse().unwrap())));
        for bad in ["", "x", "a0000000000040008000000000000002", "A0000000-0000-4000-8000-000000000002", "%61"] {
            let refusal = (StatusCode::BAD_REQUEST, format!("invalid model UUID {bad:?}"));
            assert_eq!(target(&format!("/model/{bad}/api")), Err(refusal));
        }
        for unknown in ["/x", "/api/", "/model", "/model/x", "/model/x/log", "/model/x/y/api", "//"] {
            assert_eq!(target(unknown), Err((StatusCode::NOT_FOUND, "not found".to_owned())), "{unknown}");
        }
    }
}
