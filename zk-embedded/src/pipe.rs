//! The server behind in-memory pipes.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::builder::ServerBuilder;
use crate::core::{Engine, ServerCore};
use crate::hooks::Hooks;
use crate::hub::Hub;
use crate::pipe_stream::{Latency, PipeStream};
use crate::security::Security;
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
    shared: Arc<Shared<ServerCore>>,
    hub: Hub,
    connector: PipeConnector,
}

/// Connects to a server behind pipes, from wherever a client dials.
#[derive(Clone, Debug)]
pub struct PipeConnector {
    gate: Arc<dyn Gate>,
    latency: Latency,
}

/// What a pipe leads to.
trait Gate: fmt::Debug + Send + Sync {
    /// Hands over the far end. `false` if nobody is there.
    fn pass(&self, far: PipeStream) -> bool;
}

#[derive(Debug)]
struct Doorway<E: Engine> {
    shared: Arc<Shared<E>>,
    door: E::Door,
    pipes: mpsc::UnboundedSender<(E::Door, PipeStream)>,
}

impl<E: Engine> Gate for Doorway<E> {
    fn pass(&self, far: PipeStream) -> bool {
        let refuses = self.shared.look(|core| core.refuses(self.door));
        !refuses && self.pipes.send((self.door, far)).is_ok()
    }
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
        self.connector.set_latency(latency);
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
    pub(crate) fn new<E: Engine>(
        shared: Arc<Shared<E>>,
        door: E::Door,
        pipes: mpsc::UnboundedSender<(E::Door, PipeStream)>,
        latency: Latency,
    ) -> Self {
        let gate = Arc::new(Doorway {
            shared,
            door,
            pipes,
        });
        Self { gate, latency }
    }

    pub(crate) fn set_latency(&self, latency: Duration) {
        self.latency.set(latency);
    }

    /// Connects. This takes no time, whatever the latency is; the handshake takes a round trip.
    ///
    /// # Errors
    ///
    /// `ConnectionRefused` if the server has stopped or refuses connections.
    pub fn connect(&self) -> io::Result<PipeStream> {
        let (near, far) = PipeStream::pair(&self.latency);
        if self.gate.pass(far) {
            Ok(near)
        } else {
            Err(io::ErrorKind::ConnectionRefused.into())
        }
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
        let hub = Hub::start(Arc::clone(&shared), Vec::new(), pipes, Security::default());
        tracing::info!(
            "in-memory ZooKeeper server started without a port: for development and tests, \
             nothing is stored"
        );
        let latency = Latency::new(self.latency);
        let connector = PipeConnector::new(Arc::clone(&shared), (), sender, latency);
        PipeServer {
            shared,
            hub,
            connector,
        }
    }
}
