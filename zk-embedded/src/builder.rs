//! How a server is started.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::core::ServerConfig;
use crate::hub::Hub;
use crate::pipe::PipeServer;
use crate::pipe_stream::Latency;
use crate::shared::Shared;
use crate::start_error::StartError;
use crate::tcp::EmbeddedServer;

/// Describes a server; [`start`](Self::start) or [`in_memory`](Self::in_memory) starts it.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct ServerBuilder {
    config: ServerConfig,
    port: u16,
    latency: Duration,
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

    /// Changes anything else. Clock and session ids are set when the server starts.
    pub fn configure(mut self, change: impl FnOnce(&mut ServerConfig)) -> Self {
        change(&mut self.config);
        self
    }

    /// Starts a server on 127.0.0.1, in the current runtime, which needs its I/O and its time enabled.
    /// It takes no thread of its own.
    ///
    /// # Errors
    ///
    /// [`StartError`] if the port is taken or cannot be listened on.
    ///
    /// # Cancel safety
    ///
    /// A cancelled start leaves nothing behind.
    ///
    /// # Ordering
    ///
    /// Clients can connect as soon as this returns.
    ///
    /// # On session events
    ///
    /// There are no sessions yet.
    pub async fn start(self) -> Result<EmbeddedServer, StartError> {
        let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let failed = |source| StartError::new(wanted, source);
        let listener = TcpListener::bind(wanted).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let shared = Arc::new(Shared::new(self.config_for_now()));
        let (_, pipes) = mpsc::unbounded_channel();
        let hub = Hub::start(Arc::clone(&shared), Some(listener), pipes);
        tracing::info!(
            %address,
            "in-memory ZooKeeper server started: for development and tests, nothing is stored"
        );
        Ok(EmbeddedServer::new(address, shared, hub))
    }

    /// Starts a server that is reached through memory alone, in the current runtime, which needs its
    /// time enabled. With a paused clock everything it does takes virtual time.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    #[must_use]
    pub fn in_memory(self) -> PipeServer {
        let shared = Arc::new(Shared::new(self.config_for_now()));
        let (sender, pipes) = mpsc::unbounded_channel();
        let hub = Hub::start(Arc::clone(&shared), None, pipes);
        tracing::info!(
            "in-memory ZooKeeper server started without a port: for development and tests, \
             nothing is stored"
        );
        PipeServer::new(shared, hub, sender, Latency::new(self.latency))
    }

    fn config_for_now(&self) -> ServerConfig {
        let wall_ms = wall_ms();
        let mut config = self.config.clone();
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
