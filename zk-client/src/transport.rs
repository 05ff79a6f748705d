//! How bytes reach a server: TCP, or whatever a test or an embedder plugs in.

use std::fmt;
use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};

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
/// An implementation resolves names itself and at each call: addresses behind a name change (Kubernetes).
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
    /// One dial at a time; nothing is sent before it is done.
    ///
    /// # On session events
    ///
    /// Called for every connection attempt of every session.
    async fn dial(&self, server: &ServerAddr) -> io::Result<BoxStream>;
}

/// Plain TCP with the system's resolver.
#[derive(Debug, Default, Clone, Copy)]
#[non_exhaustive]
pub struct TcpTransport;

impl TcpTransport {
    pub(crate) fn shared() -> Arc<dyn Transport> {
        Arc::new(Self)
    }
}

#[async_trait]
impl Transport for TcpTransport {
    async fn dial(&self, server: &ServerAddr) -> io::Result<BoxStream> {
        let found = lookup_host((server.host.as_str(), server.port)).await;
        let addresses: Vec<_> = found
            .map_err(|e| {
                io::Error::new(
                    io::ErrorKind::NotFound,
                    format!("name not found (DNS: {e})"),
                )
            })?
            .collect();
        let mut last = None;
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    // Requests are small and already batched; waiting for more would add 40 ms.
                    stream.set_nodelay(true)?;
                    return Ok(Box::new(stream));
                }
                Err(e) => {
                    last = Some(io::Error::new(
                        e.kind(),
                        refusal(&address.ip().to_string(), &e),
                    ))
                }
            }
        }
        Err(last.unwrap_or_else(|| {
            io::Error::new(io::ErrorKind::NotFound, "name has no address (DNS)")
        }))
    }
}

fn refusal(address: &str, error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::ConnectionRefused {
        format!("{address} refused (nothing listens there)")
    } else {
        format!("{address}: {error}")
    }
}
