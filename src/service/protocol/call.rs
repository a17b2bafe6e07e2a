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
    use super::params::Entity;
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

    /// What a call of the controller asks for.
    fn asked(facade: &str, version: u32, method: &str, params: &str) -> Result<Call, RpcError> {
        let text = format!(
            r#"{{"request-id":1,"type":"{facade}","version":{version},"request":"{method}","params":{params}}}"#
        );
        let kind = if facade == "Client" { ConnectionKind::Model } else { ConnectionKind::Controller };
        Call::read(Request::decode(&text).unwrap(), kind, Stage::LoggedIn)
    }

    #[test]
    fn keys_of_parameters_match_whatever_their_case_and_the_last_that_says_something_holds() {
        let expected = login(r#"{"auth-tag":"user-admin","credentials":"s3cret"}"#).unwrap();
        for params in [
            r#"{"Auth-Tag":"user-admin","CREDENTIALS":"s3cret"}"#,
            r#"{"auth-tag":"user-bob","Auth-Tag":"user-admin","credentials":"s3cret","Credentials":null}"#,
            r#"{"AUTH-TAG":"user-bob","auth-tag":"user-admin","credentials":"s3cret","auth_tag":"user-eve"}"#,
        ] {
            assert_eq!(login(params).as_ref(), Ok(&expected), "{params}");
        }
        let summaries = asked("ModelManager", 9, "ListModelSummaries", r#"{"User-Tag":"user-bob","ALL":true}"#);
        assert_eq!(
            summaries,
            Ok(Call::ListModelSummaries(ListSummaries { user_tag: "user-bob".to_owned(), all: true }))
        );
        let models = asked("ModelManager", 9, "ListModels", r#"{"Tag":"user-bob"}"#);
        assert_eq!(models, Ok(Call::ListModels(ListModels { tag: "user-bob".to_owned() })));
        let patterns = asked("Client", 6, "FullStatus", r#"{"Patterns":["web*"]}"#);
        assert_eq!(patterns, Ok(Call::FullStatus(Patterns { patterns: vec!["web*".to_owned()] })));
    }

    #[test]
    fn null_among_the_members_of_a_list_is_an_empty_one() {
        let infos =
            asked("ModelManager", 9, "ModelInfo", r#"{"Entities":[null,{},{"Tag":null},{"TAG":"x","more":1}]}"#);
        let tags = ["", "", "", "x"].map(|tag| Entity { tag: tag.to_owned() });
        assert_eq!(infos, Ok(Call::ModelInfo(Entities { entities: tags.to_vec() })));
        let patterns = asked("Client", 6, "FullStatus", r#"{"patterns":[null,"a"]}"#);
        assert_eq!(patterns, Ok(Call::FullStatus(Patterns { patterns: vec![String::new(), "a".to_owned()] })));
        let error = asked("ModelManager", 9, "ModelInfo", r#"{"entities":[["x"]]}"#).unwrap_err();
        assert!(error.message().starts_with("the parameters are not what the method takes: "), "{error}");
    }

    #[test]
    fn parameters_of_another_shape_are_told_without_their_values() {
        let error = login(r#"{"auth-tag":"user-admin","credentials":["s3cret"]}"#).unwrap_err();
        assert!(error.message().starts_with("the parameters are not what the method takes: "), "{error}");
        assert!(!error.message().contains("s3cret"), "{error}");
        assert_eq!(error.code(), Some(ErrorCode::BadRequest));
    }
}
