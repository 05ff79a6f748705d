//! Clients of an in-memory server, for development and tests.

use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use zk_embedded::{PipeConnector, PipeServer};

use crate::client::Client;
use crate::error::Error;
use crate::transport::{BoxStream, ServerAddr, Transport};

/// Reaches an in-memory server through a pipe, whatever server name is dialled.
///
/// With [`TokioClock`](crate::TokioClock) as the client's clock and tokio's time paused, client and server run in
/// virtual time.
#[derive(Debug, Clone)]
pub struct PipeTransport {
    connector: PipeConnector,
    // Stops when the last transport to it is gone; `None` if somebody else keeps it.
    _server: Option<Arc<PipeServer>>,
}

impl PipeTransport {
    /// A transport to `server`, which the caller keeps.
    #[must_use]
    pub fn to(server: &PipeServer) -> Self {
        Self {
            connector: server.connector(),
            _server: None,
        }
    }

    /// A transport that keeps its server.
    #[must_use]
    pub fn owning(server: PipeServer) -> Self {
        Self {
            connector: server.connector(),
            _server: Some(Arc::new(server)),
        }
    }
}

#[async_trait]
impl Transport for PipeTransport {
    async fn dial(&self, _server: &ServerAddr) -> io::Result<BoxStream> {
        Ok(Box::new(self.connector.connect()?))
    }
}

impl Client {
    /// Starts an in-memory server in the current tokio runtime and connects to it. For development and tests: it has
    /// no disk and no other members, and its data goes with the last client.
    ///
    /// # Errors
    ///
    /// As [`ClientBuilder::connect`](crate::ClientBuilder::connect).
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: server and client stop.
    ///
    /// # Ordering
    ///
    /// Requests of the returned client come after the connection.
    ///
    /// # On session events
    ///
    /// The session lives as long as the runtime does.
    pub async fn dev() -> Result<Self, Error> {
        let server = PipeServer::builder().in_memory();
        let transport = PipeTransport::owning(server);
        Self::builder("embedded")
            .transport(Arc::new(transport))
            .connect()
            .await
    }
}
