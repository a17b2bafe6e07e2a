//! Who may log in, and what they may see: the file of users, their passwords' hashes, and how often somebody may guess.

mod attempts;
mod doorkeeper;
mod file;
mod password;

pub use attempts::AttemptLimits;
pub(super) use attempts::network;
pub use doorkeeper::Accounts;
pub(super) use doorkeeper::{Doorkeeper, Grant, StartError, user_name};
pub use file::{ControllerAccess, ModelAccess, User, Users, UsersError};
pub use password::{HashError, PasswordCost, PasswordHash, Salt};
