//! The embedded server without sockets: it answers while it is asked.

use std::net::IpAddr;
use std::time::Duration;

use bytes::BytesMut;
use zk_embedded::{ConnKey, ServerConfig, ServerCore, Version};
use zk_wire::{FrameDecoder, Moment};

use super::acls::SUPER_DIGEST;
use super::peer::{Peer, Received};

#[derive(Debug)]
pub(super) struct CorePeer {
    core: ServerCore,
    now: Moment,
    address: IpAddr,
    links: Vec<Link>,
}

#[derive(Debug)]
struct Link {
    key: ConnKey,
    received: BytesMut,
    closed: bool,
}

impl CorePeer {
    /// A new server of this release, whose clients come from `address`.
    pub(super) fn new(version: Version, address: IpAddr) -> Self {
        let mut config = ServerConfig::profile(version);
        config.enforce_quotas = true;
        config.super_digest = Some(SUPER_DIGEST.to_owned());
        Self {
            core: ServerCore::new(config),
            now: Moment::ZERO,
            address,
            links: Vec::new(),
        }
    }

    /// Collects everything that the server wants to send or to hang up.
    fn settle(&mut self) {
        while let Some(key) = self.core.poll_ready() {
            let mut bytes = Vec::new();
            self.core.poll_transmit(self.now, key, &mut bytes);
            let closed = self.core.poll_closed(key);
            if let Some(link) = self.links.iter_mut().find(|link| link.key == key) {
                link.received.extend_from_slice(&bytes);
                link.closed |= closed;
            }
            if closed {
                self.core.handle_disconnected(self.now, key);
            }
        }
    }
}

impl Peer for CorePeer {
    fn dial(&mut self) -> usize {
        let key = self.core.accept(self.now, self.address);
        self.links.push(Link {
            key,
            received: BytesMut::new(),
            closed: false,
        });
        self.settle();
        self.links.len() - 1
    }

    fn send(&mut self, link: usize, bytes: &[u8]) {
        self.now = self.now + Duration::from_millis(1);
        let mut bytes = BytesMut::from(bytes);
        let key = self.links[link].key;
        self.core.handle_bytes(self.now, key, &mut bytes);
        self.settle();
    }

    fn receive(&mut self, link: usize) -> Received {
        let link = &mut self.links[link];
        match FrameDecoder::default().next(&mut link.received) {
            Ok(Some(frame)) => Received::Frame(frame),
            _ if link.closed => Received::Closed,
            _ => Received::Silence,
        }
    }

    fn hang_up(&mut self, link: usize) {
        let key = self.links[link].key;
        self.links[link].closed = true;
        self.core.handle_disconnected(self.now, key);
        self.settle();
    }
}
