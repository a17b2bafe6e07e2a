//! A request that is known to make sense: its method, and its parameters as types.

use super::facade::{ConnectionKind, Method, Stage, resolve};
use super::params::{self, Entities, ListModels, ListSummaries, Login, ParamsError, Patterns};
use super::reply::{ErrorCode, RpcError};
use super::request::Request;

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// `Admin.Login`
    Login(Login),
    /// `Admin.RedirectInfo`
    RedirectInfo,
    /// `Next` of a watcher.
    Next {
        /// Which watcher.
        watcher: String,
    },
    /// `Stop` of a watcher.
    Stop {
        /// Which watcher.
        watcher: String,
    },
    /// `Client.FullStatus`
    FullStatus(Patterns),
    /// `Client.WatchAll`
    WatchAll,
    /// `Controller.ControllerAPIInfoForModels`
    ControllerApiInfoForModels(Entities),
    /// `Controller.WatchAllModels`
    WatchAllModels,
    /// `ModelConfig.ModelGet`
    ModelGet,
    /// `ModelManager.ListModels`
    ListModels(ListModels),
    /// `ModelManager.ListModelSummaries`
    ListModelSummaries(ListSummaries),
    /// `ModelManager.ModelInfo`
    ModelInfo(Entities),
    /// `Pinger.Ping`
    Ping,
}

impl Call {
    /// Reads what a request asks for. The error is the answer to it.
    pub fn read(request: Request, kind: ConnectionKind, stage: Stage) -> Result<Self, RpcError> {
        let method = resolve(&request, kind, stage)?;
        Self::with_params(method, request).map_err(|error| RpcError::new(error.to_string(), ErrorCode::BadRequest))
    }

    fn with_params(method: Method, request: Request) -> Result<Self, ParamsError> {
        let params = request.params.as_deref();
        Ok(match method {
            Method::Login => Self::Login(params::read(params)?),
            Method::RedirectInfo => Self::RedirectInfo,
            Method::Next => Self::Next { watcher: request.id },
            Method::Stop => Self::Stop { watcher: request.id },
            Method::FullStatus => Self::FullStatus(params::read(params)?),
            Method::WatchAll => Self::WatchAll,
            Method::ControllerApiInfoForModels => Self::ControllerApiInfoForModels(params::read(params)?),
            Method::WatchAllModels => Self::WatchAllModels,
            Method::ModelGet => Self::ModelGet,
            Method::ListModels => Self::ListModels(params::read(params)?),
            Method::ListModelSummaries => Self::ListModelSummaries(params::read(params)?),
            Method::ModelInfo => Self::ModelInfo(params::read(params)?),
            Method::Ping => Self::Ping,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(params: &str) -> Result<Call, RpcError> {
        let text = format!(r#"{{"request-id":1,"type":"Admin","version":3,"request":"Login","params":{params}}}"#);
        Call::read(Request::decode(&text).unwrap(), ConnectionKind::Model, Stage::Before)
    }

    #[test]
    fn what_both_clients_log_in_with_is_understood() {
        let python = login(r#"{"client-version":"3.6.1.3","auth-tag":"user-admin","credentials":"s3cret"}"#).unwrap();
        let Call::Login(Login { auth_tag, credentials, .. }) = &python else { panic!("{python:?}") };
        assert_eq!((auth_tag.as_str(), credentials.as_str()), ("user-admin", "s3cret"));
        assert!(!format!("{python:?}").contains("s3cret"), "no password in what is printed");
        assert_eq!(login(r#"{"auth-tag":null,"macaroons":[]}"#).unwrap(), Call::Login(Login::default()));
        assert_eq!(login("null").unwrap(), Call::Login(Login::default()));
    }

    #[test]
    fn parameters_of_another_shape_are_told_without_their_values() {
        let error = login(r#"{"auth-tag":"user-admin","credentials":["s3cret"]}"#).unwrap_err();
        assert!(error.message().starts_with("the parameters are not what the method takes: "), "{error}");
        assert!(!error.message().contains("s3cret"), "{error}");
        assert_eq!(error.code(), Some(ErrorCode::BadRequest));
    }
}
