//! How bytes reach a server: TCP, or whatever a test or an embedder plugs in.

use std::fmt;
use std::io;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite};
use zk_wire::HostPort;

/// The name and port of one server, as the user wrote it. Resolved anew at every connection attempt.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ServerAddr {
    /// Host name or address, without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

impl ServerAddr {
    /// The server at `host`:`port`.
    #[must_use]
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self {
            host: host.into(),
            port,
        }
    }
}

impl From<&HostPort> for ServerAddr {
    fn from(host: &HostPort) -> Self {
        Self::new(&host.host, host.port)
    }
}

impl fmt::Display for ServerAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// A byte stream to a server.
pub trait TransportStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> TransportStream for T {}

/// A boxed [`TransportStream`].
pub type BoxStream = Box<dyn TransportStream>;

/// Opens streams to servers.
///
/// An implementation resolves names itself (with a [`Resolver`](crate::Resolver)) and at each call: addresses behind a
/// name change (Kubernetes). It is given the name as it was written, for certificates to be compared with.
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync + 'static {
    /// Opens one stream to `server`. The driver drops the future when its time is over.
    ///
    /// # Errors
    ///
    /// The text of the error is shown to the user next to the server's name.
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: a dropped dial has to leave no connection.
    ///
    /// # Ordering
    ///
    /// One dial at a time for the session; nothing is sent before it is done.
    ///
    /// # On session events
    ///
    /// Called for every connection attempt of every session, and for each server that is asked whether it can write while
    /// the session is on a read-only one.
    async fn dial(&self, server: &ServerAddr) -> io::Result<BoxStream>;
}
