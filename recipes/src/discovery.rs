//! Services that find each other: Curator's service discovery.

mod codec;
mod instance;
mod json;
mod kind;
mod payload;
mod uri_spec;

pub use codec::{BadInstance, BrokenNode, Codec};
pub use instance::{Instance, InstanceBuilder};
pub use json::JsonCodec;
pub use kind::InstanceKind;
pub use payload::Payload;
pub use uri_spec::{UriPart, UriSpec, UriSpecError};
