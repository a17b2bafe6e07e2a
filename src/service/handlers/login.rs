//! What somebody is told who has logged in.

use crate::service::connection::{Answer, Connection, Target};
use crate::service::protocol::{ConnectionKind, HostPort, LoginResult, UserInfo, facades};
use crate::service::users::{Grant, ModelAccess};

/// One client takes no other first number than 3.
const SERVER_VERSION: &str = "3.6.0";

impl Connection {
    pub(in crate::service) fn login_result(&self, grant: &Grant) -> Answer {
        let (kind, model) = match self.target {
            Target::Model(model) => (ConnectionKind::Model, Some(model)),
            Target::Controller => (ConnectionKind::Controller, None),
        };
        let address = self.reachable().address;
        Answer::of(&LoginResult {
            servers: address.into_iter().map(|address| vec![HostPort::of(address)]).collect(),
            controller_tag: format!("controller-{}", self.shared.config.controller),
            model_tag: model.map(|model| format!("model-{model}")),
            user_info: UserInfo {
                display_name: grant.user.display_name.clone(),
                identity: format!("user-{}", grant.name),
                controller_access: grant.user.controller.as_str(),
                model_access: model.and_then(|model| grant.access(model)).map_or("", ModelAccess::as_str),
            },
            facades: facades(kind),
            server_version: SERVER_VERSION,
        })
    }
}
