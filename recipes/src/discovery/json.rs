//! Curator's JSON of an instance.

use bytes::Bytes;
use serde_json::{Map, Value};

use super::codec::{BadInstance, Codec};
use super::instance::Instance;
use super::kind::InstanceKind;
use super::payload::Payload;
use super::uri_spec::{UriPart, UriSpec};

/// The most bytes that a node may have to be read as an instance: a server takes no more in its default configuration.
const LIMIT: usize = 1 << 20;

/// Curator's JSON.
///
/// In its compatible form, which Curator writes by default, there is no member `enabled`, and readers take every instance for
/// enabled. Members that are not known are ignored; what is missing has Curator's defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonCodec {
    compatible: bool,
}

impl JsonCodec {
    /// The compatible form.
    #[must_use]
    pub fn new() -> Self {
        Self { compatible: true }
    }

    /// Sets whether the form is the compatible one, without the member `enabled`.
    #[must_use]
    pub fn compatible(mut self, compatible: bool) -> Self {
        self.compatible = compatible;
        self
    }
}

impl Default for JsonCodec {
    fn default() -> Self {
        Self::new()
    }
}

impl Codec for JsonCodec {
    fn encode(&self, instance: &Instance) -> Bytes {
        let mut text = format!(
            r#"{{"name":{},"id":{},"address":{},"port":{},"sslPort":{},"payload":{},"registrationTimeUTC":{},"serviceType":"{}","uriSpec":{}"#,
            string(&instance.name),
            string(&instance.id),
            or_null(instance.address.as_deref().map(string)),
            or_null(instance.port),
            or_null(instance.ssl_port),
            or_null(instance.payload.as_ref()),
            instance.registered_millis,
            instance.kind.name(),
            or_null(instance.uri_spec.as_ref().map(uri_spec)),
        );
        if !self.compatible {
            text.push_str(r#","enabled":"#);
            text.push_str(if instance.enabled { "true" } else { "false" });
        }
        text.push('}');
        text.into()
    }

    fn decode(&self, data: &[u8]) -> Result<Instance, BadInstance> {
        if data.is_empty() {
            return Err(BadInstance::Empty);
        }
        if data.len() > LIMIT {
            return Err(BadInstance::TooLarge {
                bytes: data.len(),
                limit: LIMIT,
            });
        }
        if data.starts_with(&[0x1f, 0x8b]) {
            let why =
                "it is compressed (gzip), which is not read; its writer has to compress nothing";
            return Err(BadInstance::Malformed(why.to_owned()));
        }
        match serde_json::from_slice(data) {
            Ok(Value::Object(members)) => instance_of(members),
            Ok(_) => Err(malformed("it is JSON, but no object")),
            Err(error) => Err(malformed(format!("it is no JSON: {error}"))),
        }
    }

    fn writes_enabled(&self) -> bool {
        !self.compatible
    }
}

fn malformed(why: impl Into<String>) -> BadInstance {
    BadInstance::Malformed(why.into())
}

/// As much of a text as an error shows.
fn beginning(text: &str) -> String {
    text.chars().take(40).collect()
}

fn string(text: &str) -> String {
    Value::from(text).to_string()
}

fn or_null(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "null".to_owned(), |value| value.to_string())
}

fn uri_spec(spec: &UriSpec) -> String {
    let parts = spec.parts().iter().map(|part| {
        let (value, variable) = match part {
            UriPart::Literal(text) => (text, false),
            UriPart::Variable(name) => (name, true),
        };
        format!(r#"{{"value":{},"variable":{variable}}}"#, string(value))
    });
    let parts: Vec<String> = parts.collect();
    format!(r#"{{"parts":[{}]}}"#, parts.join(","))
}

/// The members of an object, taken out one by one. One that is null is as good as missing.
struct Members(Map<String, Value>);

impl Members {
    fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
    }

    fn text(&mut self, name: &str) -> Result<Option<String>, BadInstance> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(malformed(format!("`{name}` is no text"))),
        }
    }

    fn port(&mut self, name: &str) -> Result<Option<u16>, BadInstance> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        let port = value.as_u64().and_then(|port| u16::try_from(port).ok());
        match port {
            Some(port) => Ok(Some(port)),
            None => Err(malformed(format!("`{name}` is no port"))),
        }
    }

    fn flag(&mut self, name: &str) -> Result<Option<bool>, BadInstance> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(malformed(format!("`{name}` is neither true nor false"))),
        }
    }
}

fn instance_of(members: Map<String, Value>) -> Result<Instance, BadInstance> {
    let mut members = Members(members);
    let registered_millis = match members.take("registrationTimeUTC") {
        None => 0,
        Some(time) => time
            .as_i64()
            .ok_or_else(|| malformed("`registrationTimeUTC` is no whole number"))?,
    };
    let kind = match members.text("serviceType")? {
        None => InstanceKind::Dynamic,
        Some(name) => InstanceKind::from_name(&name)
            .ok_or_else(|| malformed(format!("`serviceType` {:?} is unknown", beginning(&name))))?,
    };
    Ok(Instance {
        name: members.text("name")?.unwrap_or_default(),
        id: members.text("id")?.unwrap_or_default(),
        address: members.text("address")?,
        port: members.port("port")?,
        ssl_port: members.port("sslPort")?,
        payload: members.take("payload").map(Payload::from_written),
        registered_millis,
        kind,
        uri_spec: members.take("uriSpec").map(uri_spec_of).transpose()?,
        enabled: members.flag("enabled")?.unwrap_or(true),
    })
}

fn uri_spec_of(value: Value) -> Result<UriSpec, BadInstance> {
    let Value::Object(spec) = value else {
        return Err(malformed("`uriSpec` is no object"));
    };
    let parts = match Members(spec).take("parts") {
        None => return Ok(UriSpec::default()),
        Some(Value::Array(parts)) => parts,
        Some(_) => return Err(malformed("`parts` of `uriSpec` is no list")),
    };
    let part = |part| {
        let Value::Object(part) = part else {
            return Err(malformed("a part of `uriSpec` is no object"));
        };
        let mut part = Members(part);
        let text = part.text("value")?.unwrap_or_default();
        Ok(match part.flag("variable")?.unwrap_or(false) {
            true => UriPart::Variable(text),
            false => UriPart::Literal(text),
        })
    };
    let parts: Result<Vec<UriPart>, BadInstance> = parts.into_iter().map(part).collect();
    Ok(UriSpec::from_parts(parts?))
}

#[cfg(test)]
mod tests;
