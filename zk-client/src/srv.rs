//! Looking up the servers of a service (DNS SRV records), which the system's `getaddrinfo` cannot.
//!
//! The name servers and search list are those of `/etc/resolv.conf`, read at each look-up. Names in messages are put
//! together and taken apart by a library; here are the questions: over UDP, and over TCP if the answer does not fit.

mod message;

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use resolv_conf::{Config, ScopedIp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use self::message::{Answer, query, read};
use crate::shared::entropy::{Entropy, SystemEntropy};
use crate::transport::ServerAddr;

/// Where the system's resolver is configured.
const RESOLV_CONF: &str = "/etc/resolv.conf";

/// How long one name server may take, over one protocol.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often all name servers are asked before it is given up.
const ROUNDS: usize = 2;

/// The largest message over UDP that is taken; what is larger is asked for over TCP.
const UDP_MESSAGE: usize = 4096;

/// The servers of a service, with the configuration of this machine.
pub(crate) async fn servers_of(name: &str) -> io::Result<Vec<ServerAddr>> {
    let text = std::fs::read(RESOLV_CONF).unwrap_or_default();
    let (config, _) = Config::parse_with_errors(&text);
    let resolvers: Vec<SocketAddr> = config
        .get_nameservers_or_local()
        .iter()
        .map(|server| match server {
            ScopedIp::V4(address) => SocketAddr::from((*address, DNS_PORT)),
            ScopedIp::V6(address, _) => SocketAddr::from((*address, DNS_PORT)),
        })
        .collect();
    let search = config.get_search().cloned().unwrap_or_default();
    look_up(&resolvers, &full_names(name, &search)).await
}

const DNS_PORT: u16 = 53;

/// The names that may be meant, in the order in which they are tried: as it is written, then below each domain of the
/// search list, unless it ends with a dot.
fn full_names(name: &str, search: &[String]) -> Vec<String> {
    if let Some(full) = name.strip_suffix('.') {
        return vec![full.to_owned()];
    }
    let below = |domain: &String| format!("{name}.{}", domain.trim_matches('.'));
    let search = search
        .iter()
        .filter(|domain| !domain.trim_matches('.').is_empty());
    std::iter::once(name.to_owned())
        .chain(search.map(below))
        .collect()
}

/// Asks for each name until one has servers.
async fn look_up(resolvers: &[SocketAddr], names: &[String]) -> io::Result<Vec<ServerAddr>> {
    for name in names {
        match ask_all(resolvers, name).await? {
            Answer::Servers(servers) if servers.is_empty() => {}
            Answer::Servers(servers) => return Ok(servers),
            Answer::NoSuchName => {}
        }
    }
    let text = format!("service not found (DNS SRV, tried {})", names.join(", "));
    Err(io::Error::new(io::ErrorKind::NotFound, text))
}

/// Asks one name server after the other until one answers.
async fn ask_all(resolvers: &[SocketAddr], name: &str) -> io::Result<Answer> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "no name server is configured");
    for _ in 0..ROUNDS {
        for resolver in resolvers {
            match ask(*resolver, name).await {
                Ok(answer) => return Ok(answer),
                Err(error) => {
                    last = io::Error::new(error.kind(), format!("name server {resolver}: {error}"));
                }
            }
        }
    }
    Err(last)
}

async fn ask(resolver: SocketAddr, name: &str) -> io::Result<Answer> {
    let mut id = [0; 2];
    SystemEntropy.fill(&mut id)?;
    let id = u16::from_be_bytes(id);
    let question = query(id, name)?;
    let over_udp = timeout(PATIENCE, over_udp(resolver, id, name, &question)).await;
    match over_udp.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))? {
        Some(answer) => Ok(answer),
        None => {
            let over_tcp = timeout(PATIENCE, over_tcp(resolver, &question)).await;
            let message = over_tcp.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))?;
            let answer = read(id, name, &message)?;
            answer.ok_or_else(|| io::Error::other("the answer is cut short even over TCP"))
        }
    }
}

/// `None` if the answer is cut short.
async fn over_udp(
    resolver: SocketAddr,
    id: u16,
    name: &str,
    question: &[u8],
) -> io::Result<Option<Answer>> {
    let local = match resolver {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    let socket = UdpSocket::bind(local).await?;
    // From here on the system drops what others send.
    socket.connect(resolver).await?;
    socket.send(question).await?;
    let mut message = vec![0; UDP_MESSAGE];
    loop {
        let len = socket.recv(&mut message).await?;
        match read(id, name, message.get(..len).unwrap_or_default()) {
            // A forged or belated answer; ours may still come.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {}
            read => return read,
        }
    }
}

async fn over_tcp(resolver: SocketAddr, question: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(resolver).await?;
    let len = u16::try_from(question.len()).map_err(io::Error::other)?;
    stream
        .write_all(&[&len.to_be_bytes(), question].concat())
        .await?;
    let len = stream.read_u16().await?;
    let mut message = vec![0; usize::from(len)];
    stream.read_exact(&mut message).await?;
    Ok(message)
}

#[cfg(test)]
mod tests;
