//! How models are reached.

use std::net::SocketAddr;

use crate::service::connection::{Answer, Connection};
use crate::service::protocol::{ControllerInfo, Entities, HostPort, Outcome, Results, RpcError};

impl Connection {
    pub(in crate::service) fn controller_info(&self, entities: &Entities) -> Result<Answer, RpcError> {
        self.grant()?;
        let reachable = self.reachable();
        let info = ControllerInfo {
            addresses: reachable.address.iter().map(SocketAddr::to_string).collect(),
            cacert: reachable.certificate,
        };
        // Every model is reached here, those that are not there included: a connection to them is told so.
        let results = entities.entities.iter().map(|_| Outcome::Bare(info.clone())).collect();
        Ok(Answer::of(&Results { results }))
    }
}

impl HostPort {
    pub(in crate::service) fn of(address: SocketAddr) -> Self {
        let ip = address.ip();
        Self {
            value: ip.to_string(),
            kind: if ip.is_ipv4() { "ipv4" } else { "ipv6" },
            scope: if ip.is_loopback() { "local-machine" } else { "local-cloud" },
            port: address.port(),
        }
    }
}
