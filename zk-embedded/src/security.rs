//! What stands between a socket and the core: nothing, or TLS.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::net::TcpStream;

use crate::core::Engine;
use crate::link;
use crate::shared::Shared;
#[cfg(feature = "tls")]
use crate::tls::Acceptor;

/// How the connections of a port are protected.
#[derive(Clone, Debug, Default)]
pub(crate) struct Security {
    #[cfg(feature = "tls")]
    pub(crate) acceptor: Option<Acceptor>,
}

impl Security {
    /// Serves a connection until one side hangs up.
    pub(crate) async fn serve<E: Engine>(
        self,
        shared: Arc<Shared<E>>,
        door: E::Door,
        stream: TcpStream,
        address: IpAddr,
    ) {
        #[cfg(feature = "tls")]
        if let Some(acceptor) = self.acceptor {
            // Whoever does not speak TLS, or has no certificate that will do, finds out.
            if let Some((stream, subject)) = acceptor.accept(stream).await {
                link::serve(shared, door, stream, address, subject).await;
            }
            return;
        }
        link::serve(shared, door, stream, address, None).await;
    }
}
