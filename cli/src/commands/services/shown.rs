//! How an instance is shown.

use serde_json::{Value, json};
use zk_recipes::discovery::Instance;

use crate::since;

/// Where it is reached, as far as it says.
pub(super) fn address(instance: &Instance) -> String {
    let address = instance.authority();
    address
        .or_else(|| instance.address.clone())
        .unwrap_or_default()
}

/// Whether it wants to be called.
pub(super) fn state(instance: &Instance) -> &'static str {
    if instance.enabled { "up" } else { "drained" }
}

/// An instance as an object.
pub(super) fn object(instance: &Instance) -> Value {
    let since = Some(instance.registered_millis).filter(|millis| *millis != 0);
    json!({
        "service": instance.name,
        "id": instance.id,
        "address": instance.address,
        "port": instance.port,
        "ssl_port": instance.ssl_port,
        "uri": instance.uri(),
        "enabled": instance.enabled,
        "kind": instance.kind.name().to_ascii_lowercase(),
        "since": since.map(since::rfc3339),
        "since_ms": since,
        "payload": instance.payload.as_ref().map(|payload| payload.plain()),
    })
}
