//! One instance of a service, as it is told to others.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::kind::InstanceKind;
use super::payload::Payload;
use super::uri_spec::UriSpec;

/// One instance of a service: what its node tells others. Curator's `ServiceInstance`.
///
/// ```
/// use zk_recipes::discovery::Instance;
///
/// let instance = Instance::builder("billing")
///     .id("billing-7")
///     .address("10.0.0.7")
///     .port(8443)
///     .payload("zone b")
///     .build();
/// assert!(instance.enabled);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Instance {
    /// The service's name.
    pub name: String,
    /// Which instance it is; unique within the service. Empty: one is drawn when it is registered.
    pub id: String,
    /// Host name or address.
    pub address: Option<String>,
    /// The port.
    pub port: Option<u16>,
    /// The port for TLS.
    pub ssl_port: Option<u16>,
    /// What it says about itself.
    pub payload: Option<Payload>,
    /// When it was registered by its own clock, in milliseconds since 1970; 0 if it does not say.
    pub registered_millis: i64,
    /// How long it stays registered.
    pub kind: InstanceKind,
    /// What its URI looks like.
    pub uri_spec: Option<UriSpec>,
    /// Whether it wants to be called: the drain flag.
    pub enabled: bool,
}

impl Instance {
    /// Begins an instance of the service of this name.
    pub fn builder(name: impl Into<String>) -> InstanceBuilder {
        InstanceBuilder {
            instance: Self {
                name: name.into(),
                id: String::new(),
                address: None,
                port: None,
                ssl_port: None,
                payload: None,
                registered_millis: 0,
                kind: InstanceKind::Dynamic,
                uri_spec: None,
                enabled: true,
            },
        }
    }

    /// When it was registered, by its own clock; 1970 if it does not say.
    #[must_use]
    pub fn registered_at(&self) -> SystemTime {
        let since = Duration::from_millis(u64::try_from(self.registered_millis).unwrap_or(0));
        UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH)
    }

    /// Its URI, if it says what that looks like.
    #[must_use]
    pub fn uri(&self) -> Option<String> {
        Some(self.uri_spec.as_ref()?.expand(|name| self.variable(name)))
    }

    /// What a variable of a [`UriSpec`] stands for; `None` if instances have none of this name.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<String> {
        let number = |port: Option<u16>| port.map(|port| port.to_string()).unwrap_or_default();
        Some(match name {
            "scheme" if self.ssl_port.is_some() => "https".to_owned(),
            "scheme" => "http".to_owned(),
            "name" => self.name.clone(),
            "id" => self.id.clone(),
            "address" => self.address.clone().unwrap_or_default(),
            "port" => number(self.port),
            "ssl-port" => number(self.ssl_port),
            "registration-time-utc" => self.registered_millis.to_string(),
            "service-type" => self.kind.name().to_ascii_lowercase(),
            _ => return None,
        })
    }

    /// `address:port`, with the TLS port if there is no other; for an IPv6 address in brackets. `None` without both.
    #[must_use]
    pub fn authority(&self) -> Option<String> {
        let (address, port) = (self.address.as_ref()?, self.port.or(self.ssl_port)?);
        Some(match address.contains(':') && !address.starts_with('[') {
            true => format!("[{address}]:{port}"),
            false => format!("{address}:{port}"),
        })
    }
}

/// Builds an [`Instance`]. Made by [`Instance::builder`].
#[derive(Debug, Clone)]
#[must_use = "a builder builds nothing by itself"]
pub struct InstanceBuilder {
    instance: Instance,
}

impl InstanceBuilder {
    /// Sets the id. Default: a random UUID, drawn when the instance is registered.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.instance.id = id.into();
        self
    }

    /// Sets the host name or address at which it is reached: one that others can reach.
    pub fn address(mut self, address: impl Into<String>) -> Self {
        self.instance.address = Some(address.into());
        self
    }

    /// Sets the port.
    pub fn port(mut self, port: u16) -> Self {
        self.instance.port = Some(port);
        self
    }

    /// Sets the port for TLS.
    pub fn ssl_port(mut self, port: u16) -> Self {
        self.instance.ssl_port = Some(port);
        self
    }

    /// Sets what it says about itself.
    pub fn payload(mut self, payload: impl Into<Payload>) -> Self {
        self.instance.payload = Some(payload.into());
        self
    }

    /// Sets how long it stays registered. Default: [`InstanceKind::Dynamic`].
    pub fn kind(mut self, kind: InstanceKind) -> Self {
        self.instance.kind = kind;
        self
    }

    /// Sets what its URI looks like.
    pub fn uri_spec(mut self, spec: UriSpec) -> Self {
        self.instance.uri_spec = Some(spec);
        self
    }

    /// Sets whether it wants to be called. Default: yes.
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.instance.enabled = enabled;
        self
    }

    /// Sets the time of its registration. Default: none, as this library reads no clock unless it is asked to.
    pub fn registered_at(mut self, time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        self.instance.registered_millis = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        self
    }

    /// Sets the time of its registration to now.
    #[expect(
        clippy::disallowed_methods,
        reason = "the caller asks for the clock, and nothing here hangs on it"
    )]
    pub fn registered_now(self) -> Self {
        self.registered_at(SystemTime::now())
    }

    /// The instance.
    #[must_use]
    pub fn build(self) -> Instance {
        self.instance
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_takes_what_port_there_is_and_brackets_where_needed() {
        let at = |address: &str| Instance::builder("a").address(address);
        assert_eq!(
            at("10.0.0.7")
                .port(1)
                .ssl_port(2)
                .build()
                .authority()
                .unwrap(),
            "10.0.0.7:1"
        );
        assert_eq!(
            at("host").ssl_port(2).build().authority().unwrap(),
            "host:2"
        );
        assert_eq!(at("::1").port(1).build().authority().unwrap(), "[::1]:1");
        assert_eq!(at("[::1]").port(1).build().authority().unwrap(), "[::1]:1");
        assert_eq!(at("host").build().authority(), None);
    }

    #[test]
    fn all_variables_of_a_uri_expand() {
        let all = "{scheme}|{name}|{id}|{address}|{port}|{ssl-port}|{registration-time-utc}|{service-type}|{what}";
        let mut instance = Instance::builder("foo")
            .id("i-1")
            .address("10.0.0.7")
            .build();
        instance.registered_millis = 12345;
        instance.kind = InstanceKind::DynamicSequential;
        assert_eq!(instance.uri(), None);
        instance.uri_spec = Some(all.parse().unwrap());
        let uri = "http|foo|i-1|10.0.0.7|||12345|dynamic_sequential|";
        assert_eq!(instance.uri().unwrap(), uri);
        (instance.port, instance.ssl_port) = (Some(80), Some(443));
        let uri = "https|foo|i-1|10.0.0.7|80|443|12345|dynamic_sequential|";
        assert_eq!(instance.uri().unwrap(), uri);
    }

    #[test]
    fn times_before_1970_and_beyond_all_calendars_do_not_panic() {
        let mut instance = Instance::builder("a").build();
        for millis in [i64::MIN, -1, 0, 1, i64::MAX] {
            instance.registered_millis = millis;
            assert!(instance.registered_at() >= UNIX_EPOCH);
        }
        let long_ago = UNIX_EPOCH - Duration::from_secs(1);
        let instance = Instance::builder("a").registered_at(long_ago).build();
        assert_eq!(instance.registered_millis, 0);
    }
}
