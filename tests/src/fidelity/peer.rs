//! What both servers are to a script.

use bytes::Bytes;

/// A server, as somebody sees it who has a few connections to it, numbered in the order of dialling.
pub(super) trait Peer {
    fn dial(&mut self) -> usize;

    /// Sends bytes. If the other side is gone, the next [`receive`](Self::receive) tells.
    fn send(&mut self, link: usize, bytes: &[u8]);

    fn receive(&mut self, link: usize) -> Received;

    fn hang_up(&mut self, link: usize);
}

#[derive(Debug)]
pub(super) enum Received {
    Frame(Bytes),
    /// The server has hung up.
    Closed,
    /// The server says nothing and does not hang up.
    Silence,
}
