//! What is said on a connection, without the connection: requests are decoded, facades and methods are found, answers are encoded. Nothing
//! here waits, reads a clock or knows the worker, so a fuzzer can drive it.

mod call;
mod facade;
mod params;
mod reply;
mod request;
mod results;

pub use call::Call;
pub use facade::{ConnectionKind, Facade, Method, Stage, facades, resolve};
pub use params::{Entities, ListModels, ListSummaries, Login, ParamsError, Patterns};
pub use reply::{ErrorCode, RpcError, encode_error, encode_result, head, tail};
pub use request::{DecodeError, Request};
pub use results::{
    ConfigValue, ControllerInfo, FacadeVersions, HostPort, ItemError, LoginResult, ModelConfig, ModelTag, Outcome,
    Results, UserInfo, UserModel, UserModels, WatcherId,
};
