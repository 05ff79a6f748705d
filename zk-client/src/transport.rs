//! How bytes reach a server: TCP, or whatever a test or an embedder plugs in.

use std::fmt;
use std::io;
use std::net::IpAddr;
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
        let mut failed = Vec::new();
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    // Requests are small and already batched; waiting for more would add 40 ms.
                    stream.set_nodelay(true)?;
                    return Ok(Box::new(stream));
                }
                Err(error) => failed.push((address.ip(), error)),
            }
        }
        Err(unreachable(&failed))
    }
}

/// Why no address of a server took the connection.
fn unreachable(failed: &[(IpAddr, io::Error)]) -> io::Error {
    let Some((_, last)) = failed.last() else {
        return io::Error::new(io::ErrorKind::NotFound, "name has no address (DNS)");
    };
    let reasons: Vec<String> = failed
        .iter()
        .map(|(address, error)| refusal(&address.to_string(), error))
        .collect();
    io::Error::new(last.kind(), reasons.join(", "))
}

fn refusal(address: &str, error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::ConnectionRefused {
        format!("{address} refused (nothing listens there)")
    } else {
        format!("{address}: {error}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_of_a_name_is_told_with_its_reason() {
        let refused = |address: &str| {
            let address: IpAddr = address.parse().unwrap();
            (address, io::Error::from(io::ErrorKind::ConnectionRefused))
        };
        let failed = [
            refused("::1"),
            ("10.0.0.5".parse().unwrap(), io::Error::other("no route")),
        ];
        assert_eq!(
            unreachable(&failed).to_string(),
            "::1 refused (nothing listens there), 10.0.0.5: no route"
        );
        assert_eq!(unreachable(&[]).to_string(), "name has no address (DNS)");
    }
}
