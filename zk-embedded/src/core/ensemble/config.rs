//! What can be configured about an ensemble.

use std::time::Duration;

use crate::core::ServerConfig;

/// How an [`EnsembleCore`](crate::EnsembleCore) behaves.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EnsembleConfig {
    /// How many servers there are, 1 to 15.
    pub servers: u8,
    /// How each of them behaves. Their seeds differ by their numbers.
    pub server: ServerConfig,
    /// After how many ticks of silence a server gives up its leader, and a leader its follower
    /// (`syncLimit`).
    pub sync_limit: u32,
    /// How long it takes to elect a leader, or to find and join the one there is.
    pub election: Duration,
    /// How long a message takes from one server to another.
    pub latency: Duration,
}

impl Default for EnsembleConfig {
    /// Three servers; a syncLimit of 5 ticks as in the sample configuration.
    fn default() -> Self {
        Self {
            servers: 3,
            server: ServerConfig::default(),
            sync_limit: 5,
            election: Duration::from_millis(200),
            latency: Duration::ZERO,
        }
    }
}

impl EnsembleConfig {
    pub(super) fn servers(&self) -> u8 {
        self.servers.clamp(1, 15)
    }

    /// How long a server or its leader bears silence.
    pub(super) fn patience(&self) -> Duration {
        self.server.tick.saturating_mul(self.sync_limit.max(1))
    }

    /// How long a server without a leader waits before it answers reads.
    pub(super) fn read_only_delay(&self) -> Duration {
        self.server.tick.max(Duration::from_secs(2))
    }
}
