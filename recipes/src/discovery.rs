//! Services that find each other: Curator's service discovery.

mod codec;
mod found;
mod health;
mod instance;
mod json;
mod kind;
mod lasting;
mod payload;
mod place;
mod queries;
mod registrar;
mod registration;
mod registry;
mod uri_spec;
mod wanted;

pub use codec::{BadInstance, BrokenNode, Codec};
pub use found::Found;
pub use health::{Check, Health, HealthWatch, Heartbeat};
pub use instance::{Instance, InstanceBuilder};
pub use json::JsonCodec;
pub use kind::InstanceKind;
pub use payload::Payload;
pub use place::ServicePaths;
pub use registration::Registration;
pub use registry::Discovery;
pub use uri_spec::{UriPart, UriSpec, UriSpecError};
pub use wanted::WhileUnhealthy;
