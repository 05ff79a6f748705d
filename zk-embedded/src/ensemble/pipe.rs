//! The ensemble behind in-memory pipes.

use std::io;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::builder::EnsembleBuilder;
use super::hooks::EnsembleHooks;
use crate::core::{EnsembleCore, ServerId};
use crate::hub::Hub;
use crate::pipe::PipeConnector;
use crate::pipe_stream::{Latency, PipeStream};
use crate::security::Security;
use crate::shared::Shared;

/// An ensemble of ZooKeeper servers in this process that is reached through memory: for tests.
///
/// On a paused tokio clock elections and expiries take virtual time alone. Dropping it stops it.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
/// use zk_embedded::{PipeEnsemble, ServerId};
///
/// let ensemble = PipeEnsemble::builder().servers(3).in_memory();
/// let leader = ensemble.hooks().leader().expect("all servers are up");
/// let mut link = ensemble.connect(leader)?;
/// link.write_all(b"srvr").await?;
/// let mut answer = String::new();
/// link.read_to_string(&mut answer).await?;
/// assert!(answer.contains("Mode: leader"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct PipeEnsemble {
    shared: Arc<Shared<EnsembleCore>>,
    hub: Hub,
    pipes: mpsc::UnboundedSender<(ServerId, PipeStream)>,
    latency: Latency,
}

impl PipeEnsemble {
    /// Begins the description of an ensemble.
    pub fn builder() -> EnsembleBuilder {
        EnsembleBuilder::default()
    }

    /// Connects to one of the servers.
    ///
    /// # Errors
    ///
    /// As [`PipeConnector::connect`]; also if that server is down, or there is none of that number.
    pub fn connect(&self, server: ServerId) -> io::Result<PipeStream> {
        self.connector(server).connect()
    }

    /// Something that can connect to one of the servers later, and from another task.
    #[must_use]
    pub fn connector(&self, server: ServerId) -> PipeConnector {
        let (shared, pipes) = (Arc::clone(&self.shared), self.pipes.clone());
        PipeConnector::new(shared, server, pipes, self.latency.clone())
    }

    /// What tests may do to it. Works without a runtime, and after the ensemble has stopped.
    #[must_use]
    pub fn hooks(&self) -> EnsembleHooks {
        EnsembleHooks::new(Arc::clone(&self.shared))
    }

    /// Stops, and waits until every connection is closed.
    ///
    /// # Errors
    ///
    /// None.
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: the ensemble stops even if the wait is cancelled.
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

impl EnsembleBuilder {
    /// Starts an ensemble that is reached through memory alone, in the current runtime, which needs its
    /// time enabled. With a paused clock everything it does takes virtual time.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    #[must_use]
    pub fn in_memory(self) -> PipeEnsemble {
        let shared = self.build();
        let (sender, pipes) = mpsc::unbounded_channel();
        let hub = Hub::start(Arc::clone(&shared), Vec::new(), pipes, Security::default());
        tracing::info!(
            "in-memory ZooKeeper ensemble started without ports: for development and tests, \
             nothing is stored"
        );
        PipeEnsemble {
            shared,
            hub,
            pipes: sender,
            latency: Latency::new(self.latency),
        }
    }
}
