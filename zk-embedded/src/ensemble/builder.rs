//! How an ensemble is started.

use std::sync::Arc;
use std::time::Duration;

use crate::builder::config_for_now;
#[cfg(feature = "tls")]
use crate::builder::tls_of;
use crate::core::{EnsembleConfig, EnsembleCore};
use crate::security::Security;
use crate::shared::Shared;
use crate::start_error::StartError;
#[cfg(feature = "tls")]
use crate::tls::ServerTls;

/// Describes an ensemble; [`start`](Self::start) or [`in_memory`](Self::in_memory) starts it.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct EnsembleBuilder {
    config: EnsembleConfig,
    pub(super) ports: Vec<u16>,
    pub(super) latency: Duration,
    #[cfg(feature = "tls")]
    tls: Option<ServerTls>,
}

impl EnsembleBuilder {
    /// How many servers there are, 1 to 15; three by default.
    pub fn servers(self, servers: u8) -> Self {
        self.configure(|config| config.servers = servers)
    }

    /// The ports on 127.0.0.1, in the order of servers. Whoever has none, or 0, gets any free one.
    pub fn ports(self, ports: impl IntoIterator<Item = u16>) -> Self {
        let ports = ports.into_iter().collect();
        Self { ports, ..self }
    }

    /// The unit in which sessions expire and leaders beat; 500 ms by default.
    pub fn tick(self, tick: Duration) -> Self {
        self.configure(|config| config.server.tick = tick)
    }

    /// After how many ticks of silence servers give each other up; 5 by default.
    pub fn sync_limit(self, ticks: u32) -> Self {
        self.configure(|config| config.sync_limit = ticks)
    }

    /// How long an election takes; 200 ms by default.
    pub fn election(self, election: Duration) -> Self {
        self.configure(|config| config.election = election)
    }

    /// Decides the order in which children are listed.
    pub fn seed(self, seed: u64) -> Self {
        self.configure(|config| config.server.seed = seed)
    }

    /// How long bytes take from one end of a pipe to the other: half a round trip between a client and a
    /// server. Between servers there is [`EnsembleConfig::latency`].
    pub fn latency(self, latency: Duration) -> Self {
        Self { latency, ..self }
    }

    /// Speaks TLS, and nothing else, on all its ports. Pipes stay what they are.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: ServerTls) -> Self {
        self.config.server.x509 = tls.knows_clients();
        self.tls = Some(tls);
        self
    }

    /// How the connections of its ports are protected.
    pub(super) fn security(&self) -> Result<Security, StartError> {
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            return tls_of(tls);
        }
        Ok(Security::default())
    }

    /// Changes anything else. Clock and session ids are set when the ensemble starts.
    pub fn configure(mut self, change: impl FnOnce(&mut EnsembleConfig)) -> Self {
        change(&mut self.config);
        self
    }

    /// The ensemble behind its lock, with the clock and the session ids of this moment.
    pub(super) fn build(&self) -> Arc<Shared<EnsembleCore>> {
        let config = EnsembleConfig {
            server: config_for_now(&self.config.server),
            ..self.config.clone()
        };
        Arc::new(Shared::new(EnsembleCore::new(config)))
    }
}
