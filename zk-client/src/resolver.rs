//! How names become addresses: the system's way, or whatever an embedder plugs in.

use std::fmt::Debug;
use std::io;
use std::net::SocketAddr;

use async_trait::async_trait;
use tokio::net::lookup_host;

use crate::transport::ServerAddr;

/// Looks up names.
///
/// Asked at every connection attempt and never before, so that answers may change (Kubernetes), and a name that has no
/// answer costs nothing but its turn.
#[async_trait]
pub trait Resolver: Debug + Send + Sync + 'static {
    /// All addresses of one server. The client tries them in an order of its own.
    ///
    /// # Errors
    ///
    /// The text of the error is shown to the user next to the server's name.
    ///
    /// # Cancel safety
    ///
    /// Inert: a dropped look-up must leave nothing.
    ///
    /// # Ordering
    ///
    /// One look-up per connection attempt, before it.
    ///
    /// # On session events
    ///
    /// Called for every connection attempt of every session.
    async fn addresses(&self, server: &ServerAddr) -> io::Result<Vec<SocketAddr>>;

    /// The servers behind the name of a service, such as `_zookeeper._tcp.example.com` (DNS SRV records).
    ///
    /// The default knows none.
    ///
    /// # Errors
    ///
    /// The text of the error is shown to the user next to the service's name.
    ///
    /// # Cancel safety
    ///
    /// Inert: a dropped look-up must leave nothing.
    ///
    /// # Ordering
    ///
    /// Called before the first connection attempt, then now and then.
    ///
    /// # On session events
    ///
    /// Called whenever the connection is lost.
    async fn service(&self, name: &str) -> io::Result<Vec<ServerAddr>> {
        let _ = name;
        let text = "this resolver cannot look up services (DNS SRV): list the servers instead, or build with the feature `srv`";
        Err(io::Error::new(io::ErrorKind::Unsupported, text))
    }
}

/// The system's resolver (`getaddrinfo`), which honours `/etc/hosts` and the search list; for services, the name servers
/// of `/etc/resolv.conf` (feature `srv`).
#[derive(Debug, Default, Clone, Copy)]
#[non_exhaustive]
pub struct SystemResolver;

#[async_trait]
impl Resolver for SystemResolver {
    async fn addresses(&self, server: &ServerAddr) -> io::Result<Vec<SocketAddr>> {
        let found = lookup_host((server.host.as_str(), server.port)).await;
        let found = found.map_err(|e| {
            io::Error::new(
                io::ErrorKind::NotFound,
                format!("name not found (DNS: {e})"),
            )
        })?;
        Ok(found.collect())
    }

    #[cfg(feature = "srv")]
    async fn service(&self, name: &str) -> io::Result<Vec<ServerAddr>> {
        crate::srv::servers_of(name).await
    }
}
