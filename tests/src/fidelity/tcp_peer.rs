//! A server on a TCP port of this machine.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::time::Duration;

use bytes::BytesMut;
use zk_wire::FrameDecoder;

use super::peer::{Peer, Received};

/// Longer than a loaded machine takes to answer, and than a server takes to be sure of anything.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct TcpPeer {
    port: u16,
    links: Vec<Option<Link>>,
}

#[derive(Debug)]
struct Link {
    stream: TcpStream,
    received: BytesMut,
}

impl TcpPeer {
    pub(super) const fn new(port: u16) -> Self {
        Self {
            port,
            links: Vec::new(),
        }
    }
}

impl Peer for TcpPeer {
    fn dial(&mut self) -> usize {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))
            .expect("the server accepts connections");
        // Neither fails on a socket that has just been connected.
        stream
            .set_nodelay(true)
            .expect("small frames leave at once");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("reading ends some time");
        self.links.push(Some(Link {
            stream,
            received: BytesMut::new(),
        }));
        self.links.len() - 1
    }

    fn send(&mut self, link: usize, bytes: &[u8]) {
        if let Some(link) = &mut self.links[link] {
            // A connection that has broken shows when an answer is awaited.
            let _ = link.stream.write_all(bytes);
        }
    }

    fn receive(&mut self, link: usize) -> Received {
        let Some(link) = &mut self.links[link] else {
            return Received::Closed;
        };
        loop {
            match FrameDecoder::new(64 << 20).next(&mut link.received) {
                Ok(Some(frame)) => return Received::Frame(frame),
                Ok(None) => {}
                Err(error) => panic!("the server sends no frames: {error}"),
            }
            let mut buffer = [0; 16 << 10];
            match link.stream.read(&mut buffer) {
                Ok(0) => return Received::Closed,
                Ok(len) => link.received.extend_from_slice(&buffer[..len]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    return Received::Silence;
                }
                Err(_) => return Received::Closed,
            }
        }
    }

    fn hang_up(&mut self, link: usize) {
        let Some(mut link) = self.links[link].take() else {
            return;
        };
        // A server hangs up in its turn when it has forgotten what the connection watched.
        let _ = link.stream.shutdown(Shutdown::Write);
        let mut rest = Vec::new();
        let _ = link.stream.read_to_end(&mut rest);
    }
}
