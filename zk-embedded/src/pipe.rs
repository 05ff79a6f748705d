//! The server behind in-memory pipes.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::builder::ServerBuilder;
use crate::hooks::Hooks;
use crate::hub::Hub;
use crate::pipe_stream::{Latency, PipeStream};
use crate::shared::Shared;

/// A ZooKeeper server in this process that is reached through memory: for tests.
///
/// On a paused tokio clock a session of 30 s expires at once if nobody does anything, and a link of 5 ms
/// answers after exactly 10 ms. Dropping the server stops it.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
/// use zk_embedded::PipeServer;
///
/// let server = PipeServer::builder().in_memory();
/// let mut link = server.connect()?;
/// link.write_all(b"ruok").await?;
/// let mut answer = String::new();
/// link.read_to_string(&mut answer).await?;
/// assert_eq!(answer, "imok");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct PipeServer {
    shared: Arc<Shared>,
    hub: Hub,
    connector: PipeConnector,
}

/// Connects to a [`PipeServer`], from wherever a client dials.
#[derive(Clone, Debug)]
pub struct PipeConnector {
    hooks: Hooks,
    pipes: mpsc::UnboundedSender<PipeStream>,
    latency: Latency,
}

impl PipeServer {
    /// Begins the description of a server.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::default()
    }

    /// Connects.
    ///
    /// # Errors
    ///
    /// As [`PipeConnector::connect`].
    pub fn connect(&self) -> io::Result<PipeStream> {
        self.connector.connect()
    }

    /// Something that can connect later, and from another task.
    #[must_use]
    pub fn connector(&self) -> PipeConnector {
        self.connector.clone()
    }

    /// Changes the latency, also of open connections. What is on its way arrives as it would have.
    pub fn set_latency(&self, latency: Duration) {
        self.connector.latency.set(latency);
    }

    /// What tests may do to it. Works without a runtime, and after the server has stopped.
    #[must_use]
    pub fn hooks(&self) -> Hooks {
        Hooks::new(Arc::clone(&self.shared))
    }

    /// Stops, and waits until every connection is closed.
    ///
    /// # Errors
    ///
    /// None.
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: the server stops even if nobody waits for it.
    ///
    /// # Ordering
    ///
    /// Requests that were not answered are lost.
    ///
    /// # On session events
    ///
    /// Sessions do not end, they are forgotten with everything else.
    pub async fn shutdown(self) {
        self.hub.shutdown().await;
    }
}

impl PipeConnector {
    /// Connects. This takes no time, whatever the latency is; the handshake takes a round trip.
    ///
    /// # Errors
    ///
    /// `ConnectionRefused` if the server has stopped or refuses connections.
    pub fn connect(&self) -> io::Result<PipeStream> {
        let (near, far) = PipeStream::pair(&self.latency);
        if self.hooks.refuses_connections() || self.pipes.send(far).is_err() {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        Ok(near)
    }
}

impl ServerBuilder {
    /// Starts a server that is reached through memory alone, in the current runtime, which needs its
    /// time enabled. With a paused clock everything it does takes virtual time.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    #[must_use]
    pub fn in_memory(self) -> PipeServer {
        let shared = self.build();
        let (sender, pipes) = mpsc::unbounded_channel();
        let hub = Hub::start(Arc::clone(&shared), None, pipes);
        tracing::info!(
            "in-memory ZooKeeper server started without a port: for development and tests, \
             nothing is stored"
        );
        let connector = PipeConnector {
            hooks: Hooks::new(Arc::clone(&shared)),
            pipes: sender,
            latency: Latency::new(self.latency),
        };
        PipeServer {
            shared,
            hub,
            connector,
        }
    }
}
