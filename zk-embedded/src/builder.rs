//! How a server is started.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::core::{ServerConfig, ServerCore};
use crate::security::Security;
use crate::shared::Shared;
use crate::start_error::StartError;
#[cfg(feature = "tls")]
use crate::tls::ServerTls;

/// Describes a server; [`start`](Self::start) or [`in_memory`](Self::in_memory) starts it.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct ServerBuilder {
    config: ServerConfig,
    pub(crate) port: u16,
    pub(crate) latency: Duration,
    #[cfg(feature = "tls")]
    tls: Option<ServerTls>,
}

impl ServerBuilder {
    /// The port on 127.0.0.1. 0, the default, is any free one.
    pub fn port(self, port: u16) -> Self {
        Self { port, ..self }
    }

    /// The unit in which sessions expire; 500 ms by default. The shortest session lasts two.
    pub fn tick(self, tick: Duration) -> Self {
        self.configure(|config| config.tick = tick)
    }

    /// The shortest and the longest session timeout that is granted.
    pub fn session_timeouts(self, shortest: Duration, longest: Duration) -> Self {
        self.configure(|config| {
            config.min_session_timeout = Some(shortest);
            config.max_session_timeout = longest;
        })
    }

    /// Decides the order in which children are listed.
    pub fn seed(self, seed: u64) -> Self {
        self.configure(|config| config.seed = seed)
    }

    /// How long bytes take from one end of a pipe to the other: half a round trip. In tokio's time, so
    /// exactly that on a paused clock. TCP connections have the latency they have.
    pub fn latency(self, latency: Duration) -> Self {
        Self { latency, ..self }
    }

    /// Speaks TLS, and nothing else, on its port. Pipes stay what they are.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: ServerTls) -> Self {
        self.config.x509 = tls.knows_clients();
        self.tls = Some(tls);
        self
    }

    /// How the connections of its port are protected.
    pub(crate) fn security(&self) -> Result<Security, StartError> {
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            return tls_of(tls);
        }
        Ok(Security::default())
    }

    /// Changes anything else. Clock and session ids are set when the server starts.
    pub fn configure(mut self, change: impl FnOnce(&mut ServerConfig)) -> Self {
        change(&mut self.config);
        self
    }

    /// The server behind its lock, with the clock and the session ids of this moment.
    pub(crate) fn build(&self) -> Arc<Shared<ServerCore>> {
        Arc::new(Shared::new(ServerCore::new(config_for_now(&self.config))))
    }
}

/// How a port with this certificate is protected.
#[cfg(feature = "tls")]
pub(crate) fn tls_of(tls: &ServerTls) -> Result<Security, StartError> {
    let acceptor = tls
        .acceptor()
        .map_err(|source| StartError::Tls { source })?;
    Ok(Security {
        acceptor: Some(acceptor),
    })
}

/// The configuration with the clock and the session ids of this moment.
pub(crate) fn config_for_now(config: &ServerConfig) -> ServerConfig {
    let wall_ms = wall_ms();
    let mut config = config.clone();
    config.wall_ms = wall_ms;
    // Never the same twice in one process: a client that outlives its server must not take a session
    // of the next one for its own.
    let last = LAST_EPOCH.fetch_max(wall_ms, Ordering::Relaxed);
    config.session_epoch_ms = if wall_ms > last {
        wall_ms
    } else {
        LAST_EPOCH.fetch_add(1, Ordering::Relaxed) + 1
    };
    config
}

#[expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "where the wall clock comes in: the core gets it as a number"
)]
fn wall_ms() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::SystemTime::UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_millis()).ok())
        .unwrap_or_default()
}

static LAST_EPOCH: AtomicI64 = AtomicI64::new(0);
