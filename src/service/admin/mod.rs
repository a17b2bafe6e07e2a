//! The port of those who run the service: whether it is well, what it counts, and a page that shows both as they change.
//!
//! | path | what |
//! |---|---|
//! | `/` | the status page; it listens to `/events` |
//! | `/events` | server-sent events: `status` each second, `deltas` as they come |
//! | `/status.json` | one `status` |
//! | `/healthz` | 200 while the worker follows its backing, else 503 and why not |
//! | `/metrics` | the text that Prometheus reads |
//!
//! There is no login, so no value of an entity is shown.

mod events;
mod status;

use core::convert::Infallible;
use core::time::Duration;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::Incoming;
use hyper::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{interval, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;

use super::metrics::Metrics;
use super::quota::{Quota, Ticket};
use super::shared::Shared;
use status::Status;

/// Connections at once: browsers keep some each, and every page a stream of events.
const CONNECTIONS: usize = 64;
/// How long the head of a request may take.
const HEAD: Duration = Duration::from_secs(10);
/// What is counted is summed up so often, whether somebody reads it or not.
const UPKEEP: Duration = Duration::from_secs(5);

type Body = BoxBody<Bytes, Infallible>;

#[derive(Debug)]
pub(super) struct Admin {
    desk: Arc<Desk>,
    listener: TcpListener,
}

#[derive(Debug)]
struct Desk {
    shared: Arc<Shared>,
    metrics: Option<Metrics>,
}

impl Admin {
    pub(super) fn new(shared: Arc<Shared>, listener: TcpListener, metrics: Option<Metrics>) -> Self {
        Self { desk: Arc::new(Desk { shared, metrics }), listener }
    }

    pub(super) fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until it is told to stop.
    pub(super) async fn run(self, stopping: CancellationToken) {
        let connections = TaskTracker::new();
        if let Some(metrics) = self.desk.metrics.clone() {
            let stopping = stopping.clone();
            connections.spawn(async move { stopping.run_until_cancelled(keep_up(metrics)).await });
        }
        let accepting = accept(&self.listener, &self.desk, &connections, &stopping);
        stopping.run_until_cancelled(accepting).await;
        connections.close();
        connections.wait().await;
    }
}

async fn keep_up(metrics: Metrics) {
    let mut ticks = interval(UPKEEP);
    loop {
        ticks.tick().await;
        metrics.render();
    }
}

async fn accept(listener: &TcpListener, desk: &Arc<Desk>, tasks: &TaskTracker, stopping: &CancellationToken) {
    let quota = Quota::new(CONNECTIONS, CONNECTIONS);
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                warn!(%error, "no connection can be accepted");
                sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Some(ticket) = quota.take(()) else { continue };
        let (desk, stopping) = (Arc::clone(desk), stopping.clone());
        tasks.spawn(async move { stopping.run_until_cancelled(serve(stream, desk, ticket)).await });
    }
}

async fn serve(stream: TcpStream, desk: Arc<Desk>, _ticket: Ticket<()>) {
    let service = service_fn(|request| {
        let desk = Arc::clone(&desk);
        async move { Ok::<_, Infallible>(desk.answer(&request).await) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD);
    // A browser that goes away in the middle is no error of ours.
    _ = builder.serve_connection(TokioIo::new(stream), service).await;
}

impl Desk {
    async fn answer(&self, request: &Request<Incoming>) -> Response<Body> {
        if request.method() != Method::GET {
            return text(StatusCode::METHOD_NOT_ALLOWED, "expected GET\n");
        }
        match request.uri().path() {
            "/" => page("text/html; charset=utf-8", include_str!("page/index.html")),
            "/status.css" => page("text/css", include_str!("page/status.css")),
            "/status.js" => page("text/javascript", include_str!("page/status.js")),
            "/status.json" => page("application/json", Status::of(&self.shared).to_json()),
            "/healthz" => self.health(),
            "/metrics" => self.metrics(),
            "/events" => self.events().await,
            _ => text(StatusCode::NOT_FOUND, "not found\n"),
        }
    }

    fn health(&self) -> Response<Body> {
        match Status::of(&self.shared).trouble() {
            None => text(StatusCode::OK, "ok\n"),
            Some(trouble) => text(StatusCode::SERVICE_UNAVAILABLE, trouble + "\n"),
        }
    }

    fn metrics(&self) -> Response<Body> {
        match &self.metrics {
            Some(metrics) => page("text/plain; version=0.0.4; charset=utf-8", metrics.render()),
            None => text(StatusCode::NOT_FOUND, "metrics are not collected\n"),
        }
    }

    async fn events(&self) -> Response<Body> {
        match events::events(Arc::clone(&self.shared)).await {
            Ok(events) => response(StatusCode::OK, "text/event-stream", StreamBody::new(events).boxed()),
            Err(error) => text(StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")),
        }
    }
}

fn page(kind: &'static str, body: impl Into<Bytes>) -> Response<Body> {
    response(StatusCode::OK, kind, Full::new(body.into()).boxed())
}

fn text(status: StatusCode, body: impl Into<Bytes>) -> Response<Body> {
    response(status, "text/plain; charset=utf-8", Full::new(body.into()).boxed())
}

fn response(status: StatusCode, kind: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'self'; frame-ancestors 'none'"));
    response
}
