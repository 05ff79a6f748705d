//! Why a server did not start.

use std::io;
use std::net::SocketAddr;

use thiserror::Error;

/// Why a server did not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// Another program listens there.
    #[error(
        "port {} on {} is taken, perhaps by another ZooKeeper: choose another port, or 0 for any free one",
        address.port(),
        address.ip()
    )]
    PortTaken {
        /// Where the server should have listened.
        address: SocketAddr,
    },
    /// The system does not let us listen there.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where the server should have listened.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The certificate or its key cannot be used.
    #[error("cannot speak TLS: {source}")]
    Tls {
        /// What is wrong with it.
        source: io::Error,
    },
}

impl StartError {
    pub(crate) fn new(address: SocketAddr, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::AddrInUse => Self::PortTaken { address },
            _ => Self::Listen { address, source },
        }
    }
}
