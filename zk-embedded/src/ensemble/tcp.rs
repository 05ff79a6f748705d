//! The ensemble on TCP ports.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::builder::EnsembleBuilder;
use super::hooks::EnsembleHooks;
use crate::core::{EnsembleCore, ServerId};
use crate::hub::Hub;
use crate::shared::Shared;
use crate::start_error::StartError;

/// An ensemble of ZooKeeper servers in this process, each on a port of 127.0.0.1: for development and tests.
///
/// Everything is in memory and gone when it stops. Any ZooKeeper client can connect. Dropping it stops it at
/// once; [`shutdown`](Self::shutdown) also waits until it has stopped.
///
/// A server that was crashed keeps its port and hangs up on whoever connects.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), zk_embedded::StartError> {
/// use zk_embedded::EmbeddedEnsemble;
///
/// let ensemble = EmbeddedEnsemble::builder().servers(3).start().await?;
/// println!("export ZK_CONNECT={}", ensemble.connect_string());
/// let hooks = ensemble.hooks();
/// let leader = hooks.leader().expect("all servers are up");
/// hooks.crash(leader);
/// hooks.until(|core| core.leader().is_some()).await;
/// ensemble.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct EmbeddedEnsemble {
    addresses: Vec<SocketAddr>,
    shared: Arc<Shared<EnsembleCore>>,
    hub: Hub,
}

impl EmbeddedEnsemble {
    /// Begins the description of an ensemble.
    pub fn builder() -> EnsembleBuilder {
        EnsembleBuilder::default()
    }

    /// Where its servers listen, in the order of their numbers.
    #[must_use]
    pub fn addrs(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Where its servers listen, as clients write it.
    #[must_use]
    pub fn connect_string(&self) -> String {
        let addresses: Vec<String> = self.addresses.iter().map(SocketAddr::to_string).collect();
        addresses.join(",")
    }

    /// What tests may do to it. Works without a runtime, and after the ensemble has stopped.
    #[must_use]
    pub fn hooks(&self) -> EnsembleHooks {
        EnsembleHooks::new(Arc::clone(&self.shared))
    }

    /// Stops, and waits until every connection is closed and the ports are free.
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
    /// Starts the ensemble on 127.0.0.1, in the current runtime, which needs its I/O and its time enabled.
    /// It takes no thread of its own.
    ///
    /// # Errors
    ///
    /// [`StartError`] if a port is taken or cannot be listened on, or if the certificate cannot be used.
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: a cancelled start leaves nothing behind.
    ///
    /// # Ordering
    ///
    /// Clients can connect as soon as this returns.
    ///
    /// # On session events
    ///
    /// There are no sessions yet.
    pub async fn start(self) -> Result<EmbeddedEnsemble, StartError> {
        let security = self.security()?;
        let shared = self.build();
        let mut listeners = Vec::new();
        let mut addresses = Vec::new();
        for server in shared.look(EnsembleCore::servers) {
            let (listener, address) = self.listen(server).await?;
            listeners.push((server, listener));
            addresses.push(address);
        }
        let (_, pipes) = mpsc::unbounded_channel();
        let hub = Hub::start(Arc::clone(&shared), listeners, pipes, security);
        tracing::info!(
            ?addresses,
            "in-memory ZooKeeper ensemble started: for development and tests, nothing is stored"
        );
        Ok(EmbeddedEnsemble {
            addresses,
            shared,
            hub,
        })
    }

    async fn listen(&self, server: ServerId) -> Result<(TcpListener, SocketAddr), StartError> {
        let at = usize::from(server.number()).saturating_sub(1);
        let port = self.ports.get(at).copied().unwrap_or(0);
        let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let failed = |source| StartError::new(wanted, source);
        let listener = TcpListener::bind(wanted).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok((listener, address))
    }
}
