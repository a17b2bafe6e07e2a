//! Which facades there are, on which kind of connection, with which versions and methods; and what a request is told that asks for
//! anything else.

use super::reply::{ErrorCode, RpcError};
use super::request::Request;
use super::results::FacadeVersions;

/// What a connection is for: its path says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConnectionKind {
    /// One model: `/model/<uuid>/api`.
    Model,
    /// The controller: `/api`.
    Controller,
}

/// How far a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Nobody has logged in.
    Before,
    /// Somebody has.
    LoggedIn,
}

/// A group of methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Facade {
    /// Logging in; reachable before that, and not after.
    Admin,
    /// A watcher of all models.
    AllModelWatcher,
    /// A watcher of one model.
    AllWatcher,
    /// A model.
    Client,
    /// The controller.
    Controller,
    /// A model's settings.
    ModelConfig,
    /// The models.
    ModelManager,
    /// Signs of life.
    Pinger,
}

/// A method of a facade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// `Admin.Login`
    Login,
    /// `Admin.RedirectInfo`
    RedirectInfo,
    /// `AllWatcher.Next`, `AllModelWatcher.Next`
    Next,
    /// `AllWatcher.Stop`, `AllModelWatcher.Stop`
    Stop,
    /// `Client.FullStatus`
    FullStatus,
    /// `Client.WatchAll`
    WatchAll,
    /// `Controller.ControllerAPIInfoForModels`
    ControllerApiInfoForModels,
    /// `Controller.WatchAllModels`
    WatchAllModels,
    /// `ModelConfig.ModelGet`
    ModelGet,
    /// `ModelManager.ListModels`
    ListModels,
    /// `ModelManager.ListModelSummaries`
    ListModelSummaries,
    /// `ModelManager.ModelInfo`
    ModelInfo,
    /// `Pinger.Ping`
    Ping,
}

impl Facade {
    const ALL: [Self; 8] = [
        Self::Admin,
        Self::AllModelWatcher,
        Self::AllWatcher,
        Self::Client,
        Self::Controller,
        Self::ModelConfig,
        Self::ModelManager,
        Self::Pinger,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "Admin",
            Self::AllModelWatcher => "AllModelWatcher",
            Self::AllWatcher => "AllWatcher",
            Self::Client => "Client",
            Self::Controller => "Controller",
            Self::ModelConfig => "ModelConfig",
            Self::ModelManager => "ModelManager",
            Self::Pinger => "Pinger",
        }
    }

    /// The one version that is offered. One client takes the highest common one, the other the last of its own list, which is sorted as
    /// text: with one version both take the same.
    pub fn version(self) -> i64 {
        match self {
            Self::Pinger => 1,
            Self::Admin | Self::AllWatcher | Self::ModelConfig => 3,
            Self::AllModelWatcher => 4,
            Self::Client => 6,
            Self::ModelManager => 9,
            Self::Controller => 11,
        }
    }

    /// Whether somebody who has logged in can reach it on such a connection.
    pub fn is_on(self, kind: ConnectionKind) -> bool {
        match self {
            Self::Admin => false,
            Self::AllWatcher | Self::Client | Self::ModelConfig => kind == ConnectionKind::Model,
            Self::AllModelWatcher | Self::Controller | Self::ModelManager => kind == ConnectionKind::Controller,
            Self::Pinger => true,
        }
    }

    /// Its methods, by name.
    pub fn methods(self) -> &'static [(&'static str, Method)] {
        match self {
            Self::Admin => &[("Login", Method::Login), ("RedirectInfo", Method::RedirectInfo)],
            Self::AllModelWatcher | Self::AllWatcher => &[("Next", Method::Next), ("Stop", Method::Stop)],
            Self::Client => &[("FullStatus", Method::FullStatus), ("WatchAll", Method::WatchAll)],
            Self::Controller => &[
                ("ControllerAPIInfoForModels", Method::ControllerApiInfoForModels),
                ("WatchAllModels", Method::WatchAllModels),
            ],
            Self::ModelConfig => &[("ModelGet", Method::ModelGet)],
            Self::ModelManager => &[
                ("ListModelSummaries", Method::ListModelSummaries),
                ("ListModels", Method::ListModels),
                ("ModelInfo", Method::ModelInfo),
            ],
            Self::Pinger => &[("Ping", Method::Ping)],
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|facade| facade.name() == name)
    }
}

/// What a login on such a connection is told to be there, in order of name.
pub fn facades(kind: ConnectionKind) -> Vec<FacadeVersions> {
    let there = Facade::ALL.into_iter().filter(|facade| facade.is_on(kind));
    there.map(|facade| FacadeVersions { name: facade.name(), versions: [facade.version()] }).collect()
}

/// Finds the method that a request asks for.
///
/// Before a login there is nothing but `Admin`; after it there is everything but `Admin`.
pub fn resolve(request: &Request, kind: ConnectionKind, stage: Stage) -> Result<Method, RpcError> {
    let facade = Facade::named(&request.facade).filter(|facade| match stage {
        Stage::Before => *facade == Facade::Admin,
        Stage::LoggedIn => *facade != Facade::Admin,
    });
    let Some(facade) = facade else {
        let message = format!("unknown object type {:?}", request.facade);
        return Err(RpcError::new(message, ErrorCode::NotImplemented));
    };
    if facade != Facade::Admin && !facade.is_on(kind) {
        let kind = match kind {
            ConnectionKind::Model => "model",
            ConnectionKind::Controller => "controller",
        };
        let message = format!("facade {:?} not supported for {kind} API connection", request.facade);
        return Err(RpcError::new(message, ErrorCode::NotSupported));
    }
    let version = request.version;
    if version != facade.version() {
        return Err(if facade == Facade::Admin {
            RpcError::new("this version of Juju does not support login from old clients", ErrorCode::NotSupported)
        } else {
            let message = format!("unknown version ({version}) of interface {:?}", request.facade);
            RpcError::new(message, ErrorCode::NotImplemented)
        });
    }
    let method = facade.methods().iter().find(|(name, _)| *name == request.method);
    method.map(|(_, method)| *method).ok_or_else(|| {
        let (facade, method) = (facade.name(), &request.method);
        let message = format!("no such request - method {facade}({version}).{method} is not implemented");
        RpcError::new(message, ErrorCode::NotImplemented)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(facade: &str, version: i64, method: &str, kind: ConnectionKind, stage: Stage) -> Result<Method, String> {
        let text = format!(r#"{{"request-id":1,"type":"{facade}","version":{version},"request":"{method}"}}"#);
        resolve(&Request::decode(&text).unwrap(), kind, stage)
            .map_err(|error| format!("{error} ({})", error.code().map_or("", ErrorCode::as_str)))
    }

    #[test]
    fn what_is_offered_can_be_called_and_nothing_else() {
        for kind in [ConnectionKind::Model, ConnectionKind::Controller] {
            let offered = facades(kind);
            for facade in Facade::ALL {
                let there = offered.iter().find(|offered| offered.name == facade.name());
                assert_eq!(there.is_some(), facade.is_on(kind), "{facade:?}");
                for (name, method) in facade.methods() {
                    let found = ask(facade.name(), facade.version(), name, kind, Stage::LoggedIn);
                    assert_eq!(found.ok(), there.map(|_| *method), "{facade:?}.{name}");
                }
            }
        }
    }

    #[test]
    fn the_first_thing_that_is_wrong_is_told() {
        use ConnectionKind::{Controller, Model};
        use Stage::{Before, LoggedIn};
        let told = [
            ask("Nonsense", 1, "Foo", Model, LoggedIn),
            ask("Nonsense", 1, "Foo", Controller, LoggedIn),
            ask("Controller", 99, "Foo", Model, LoggedIn),
            ask("Client", 99, "Foo", Controller, LoggedIn),
            ask("AllWatcher", 99, "Foo", Model, LoggedIn),
            ask("AllWatcher", 3, "Foo", Model, LoggedIn),
            ask("AllWatcher", 3, "next", Model, LoggedIn),
            ask("Admin", 3, "Login", Model, LoggedIn),
            ask("Client", 6, "WatchAll", Model, Before),
            ask("Controller", 99, "Foo", Model, Before),
            ask("Admin", 2, "Login", Model, Before),
            ask("Admin", 3, "Foo", Controller, Before),
            ask("", 0, "", Controller, Before),
        ];
        let told: Vec<_> = told.into_iter().map(Result::unwrap_err).collect();
        insta::assert_snapshot!(told.join("\n"));
    }
}
