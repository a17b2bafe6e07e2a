//! What the service counts, and the text in which Prometheus reads it together with what the worker counts.
//!
//! | name | kind | what |
//! |---|---|---|
//! | `multiwatcher_service_connections` | gauge | connections after their handshake |
//! | `multiwatcher_service_requests_total` | counter | requests that were answered |
//! | `multiwatcher_service_errors_total` | counter | those that were answered with an error |
//! | `multiwatcher_service_logins_failed_total` | counter | logins with an unknown user or a wrong password |

use core::fmt;

use metrics::{Counter, Gauge};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// Handles of the series, asked for once.
#[derive(Clone)]
pub(super) struct Meters {
    connections: Gauge,
    pub(super) requests: Counter,
    pub(super) errors: Counter,
}

impl Meters {
    pub(super) fn new() -> Self {
        Self {
            connections: metrics::gauge!("multiwatcher_service_connections"),
            requests: metrics::counter!("multiwatcher_service_requests_total"),
            errors: metrics::counter!("multiwatcher_service_errors_total"),
        }
    }

    /// Counts a connection until what is returned is dropped.
    pub(super) fn connection(&self) -> OpenConnection {
        self.connections.increment(1);
        OpenConnection(self.connections.clone())
    }
}

impl fmt::Debug for Meters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meters")
    }
}

/// A connection that is counted.
pub(super) struct OpenConnection(Gauge);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.decrement(1);
    }
}

/// Collects what the whole program counts. Clones are the same.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

/// Something else collects already.
#[derive(Debug)]
pub struct MetricsError(());

impl fmt::Display for MetricsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the metrics of this program are collected by something else already")
    }
}

impl core::error::Error for MetricsError {}

impl Metrics {
    /// Collects from now on. Call it before the worker and the service are made: what was made before counts for nobody.
    pub fn install() -> Result<Self, MetricsError> {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).map_err(|_| MetricsError(()))?;
        Ok(Self(handle))
    }

    /// The text that Prometheus reads.
    pub fn render(&self) -> String {
        self.0.run_upkeep();
        self.0.render()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}
