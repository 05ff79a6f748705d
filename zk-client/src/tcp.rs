//! Plain TCP to whichever address of a server answers first.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::resolver::{Resolver, SystemResolver};
use crate::transport::{BoxStream, ServerAddr, Transport};

/// Plain TCP.
///
/// The server's name is resolved at each attempt. Its addresses are tried in random order, so that clients of a name
/// with many addresses spread over them; if one does not answer within 250 ms the next is tried beside it, so that a
/// dead one does not cost the attempt.
#[derive(Debug, Clone)]
pub struct TcpTransport {
    resolver: Arc<dyn Resolver>,
    /// Where the next order comes from.
    chance: Arc<AtomicU64>,
}

impl TcpTransport {
    /// TCP to the addresses that `resolver` finds. Equal seeds try them in equal orders.
    #[must_use]
    pub fn new(resolver: Arc<dyn Resolver>, seed: u64) -> Self {
        Self {
            resolver,
            chance: Arc::new(AtomicU64::new(seed)),
        }
    }

    /// Opens a TCP connection to `server`: what an encrypted transport begins with.
    ///
    /// # Errors
    ///
    /// Each address with what became of it.
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: all attempts end.
    ///
    /// # Ordering
    ///
    /// The name is resolved first.
    ///
    /// # On session events
    ///
    /// It knows of no session.
    pub async fn connect(&self, server: &ServerAddr) -> io::Result<TcpStream> {
        let addresses = self.resolver.addresses(server).await?;
        let order = shuffled(addresses.len(), || self.draw());
        let stream = first_to_answer(&addresses, &order).await?;
        // Requests are small and already batched; waiting for more would add 40 ms.
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// The next pseudo-random number (SplitMix64).
    fn draw(&self) -> u64 {
        let step = 0x9e37_79b9_7f4a_7c15_u64;
        let mut mixed = self.chance.fetch_add(step, Ordering::Relaxed);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Default for TcpTransport {
    /// TCP with the system's resolver.
    fn default() -> Self {
        Self::new(Arc::new(SystemResolver), 0)
    }
}

#[async_trait]
impl Transport for TcpTransport {
    async fn dial(&self, server: &ServerAddr) -> io::Result<BoxStream> {
        Ok(Box::new(self.connect(server).await?))
    }
}

/// How long an address has for itself before the next is tried beside it (RFC 8305).
const HEAD_START: Duration = Duration::from_millis(250);

/// The numbers below `count` in an order that `draw` decides.
fn shuffled(count: usize, mut draw: impl FnMut() -> u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        let bound = u64::try_from(last).unwrap_or(u64::MAX).saturating_add(1);
        let other = usize::try_from(draw() % bound).unwrap_or(0);
        order.swap(last, other);
    }
    order
}

async fn first_to_answer(addresses: &[SocketAddr], order: &[usize]) -> io::Result<TcpStream> {
    // Dropped with this future, and all attempts with it.
    let mut attempts = JoinSet::new();
    let mut failed = Vec::new();
    let mut waiting = order.iter();
    loop {
        if let Some((place, address)) = waiting
            .next()
            .and_then(|place| Some((*place, *addresses.get(*place)?)))
        {
            attempts.spawn(async move { (place, TcpStream::connect(address).await) });
        }
        let ended = if waiting.len() == 0 {
            attempts.join_next().await
        } else {
            match timeout(HEAD_START, attempts.join_next()).await {
                Ok(ended) => ended,
                Err(_) => continue,
            }
        };
        match ended {
            Some(Ok((_, Ok(stream)))) => return Ok(stream),
            Some(Ok((place, Err(error)))) => failed.push((place, error)),
            // The runtime is going down.
            Some(Err(error)) => return Err(io::Error::other(error)),
            None => break,
        }
    }
    failed.sort_by_key(|(place, _)| *place);
    let failed: Vec<_> = failed
        .into_iter()
        .filter_map(|(place, error)| Some((addresses.get(place)?.ip(), error)))
        .collect();
    Err(unreachable(&failed))
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
    use std::collections::BTreeSet;

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

    #[test]
    fn every_order_of_addresses_comes_up_and_equal_seeds_draw_equal_ones() {
        let orders = |seed| {
            let transport = TcpTransport::new(Arc::new(SystemResolver), seed);
            let order = || shuffled(3, || transport.draw());
            (0..100).map(|_| order()).collect::<Vec<_>>()
        };
        assert_eq!(orders(4), orders(4));
        assert_eq!(orders(4).into_iter().collect::<BTreeSet<_>>().len(), 6);
    }
}
