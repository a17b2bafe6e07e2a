//! What Juju's clients ask of a model beside its deltas, computed from a snapshot: the full status, the model's info, its summary.
//!
//! Nothing is made up: what no entity says is empty, or left out where Juju leaves out what is empty. A model's cloud, region,
//! credential and type are read from its own members of these names (`cloud-tag`, `cloud-region`, `cloud-credential-tag`, `type`), which
//! stand among those that nobody else knows.

mod answers;
mod full;
mod glob;
mod info;
mod parts;
mod patterns;
#[cfg(test)]
mod tests;

pub use answers::{
    ApplicationStatus, BranchStatus, EndpointStatus, FullStatus, MachineStatus, ModelStatus, OfferStatus,
    RelationStatus, RemoteApplicationStatus, UnitStatus,
};
pub use full::full_status;
pub use info::{EntityCount, ModelInfo, ModelMachine, ModelSummary, ModelUser, model_info, model_summary};
pub use parts::{Base, DetailedStatus, EntityStatus, MeterStatus};
pub use patterns::{PatternError, Patterns};
