//! The server on a TCP port.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::builder::ServerBuilder;
use crate::core::ServerCore;
use crate::hooks::Hooks;
use crate::hub::Hub;
use crate::shared::Shared;
use crate::start_error::StartError;

/// A ZooKeeper server in this process, on a port of 127.0.0.1: for development and tests.
///
/// Everything is in memory and gone when it stops. Any ZooKeeper client can connect. Dropping it stops it
/// at once; [`shutdown`](Self::shutdown) also waits until it has stopped.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), zk_embedded::StartError> {
/// use zk_embedded::EmbeddedServer;
///
/// let server = EmbeddedServer::builder().start().await?;
/// println!("export ZK_CONNECT={}", server.connect_string());
/// assert!(server.hooks().paths().is_empty());
/// server.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct EmbeddedServer {
    address: SocketAddr,
    shared: Arc<Shared<ServerCore>>,
    hub: Hub,
}

impl EmbeddedServer {
    /// Begins the description of a server.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::default()
    }

    /// Where it listens.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, as clients write it.
    #[must_use]
    pub fn connect_string(&self) -> String {
        self.address.to_string()
    }

    /// What tests may do to it. Works without a runtime, and after the server has stopped.
    #[must_use]
    pub fn hooks(&self) -> Hooks {
        Hooks::new(Arc::clone(&self.shared))
    }

    /// Stops, and waits until every connection is closed and the port is free.
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

impl ServerBuilder {
    /// Starts a server on 127.0.0.1, in the current runtime, which needs its I/O and its time enabled.
    /// It takes no thread of its own.
    ///
    /// # Errors
    ///
    /// [`StartError`] if the port is taken or cannot be listened on, or if its certificate cannot be used.
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: a dropped start leaves no server.
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
        let security = self.security()?;
        let shared = self.build();
        let (_, pipes) = mpsc::unbounded_channel();
        let hub = Hub::start(Arc::clone(&shared), vec![((), listener)], pipes, security);
        tracing::info!(
            %address,
            "in-memory ZooKeeper server started: for development and tests, nothing is stored"
        );
        Ok(EmbeddedServer {
            address,
            shared,
            hub,
        })
    }
}
