//! Services that find each other: Curator's service discovery.
//!
//! [`Discovery`] registers [instances](Instance) and asks for them; a [`ServiceView`] is a local picture of a service that
//! is kept up to date, and a [`Provider`] chooses among what it shows.

mod choice;
mod codec;
#[cfg(feature = "tower")]
mod discover;
mod found;
mod health;
mod instance;
mod json;
mod kind;
mod lasting;
#[cfg(feature = "local-address")]
mod local;
mod payload;
mod place;
mod queries;
mod registrar;
mod registration;
mod registry;
mod uri_spec;
mod view;
mod wanted;

pub use choice::{LeastLoaded, Provider, Random, RoundRobin, Sticky, Strategy};
pub use codec::{BadInstance, BrokenNode, Codec};
#[cfg(feature = "tower")]
pub use discover::Discover;
pub use found::Found;
pub use health::{Check, Health, HealthWatch, Heartbeat};
pub use instance::{Instance, InstanceBuilder};
pub use json::JsonCodec;
pub use kind::InstanceKind;
#[cfg(feature = "local-address")]
pub use local::{LocalAddress, local_addresses};
pub use payload::Payload;
pub use place::ServicePaths;
pub use registration::Registration;
pub use registry::Discovery;
pub use uri_spec::{UriPart, UriSpec, UriSpecError};
pub use view::{
    Instances, ServiceChange, ServiceChanges, ServiceLoading, ServiceView, ServiceViewBuilder,
};
pub use wanted::WhileUnhealthy;
