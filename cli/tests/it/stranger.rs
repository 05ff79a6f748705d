//! Ports that speak something else, and servers that do not want to talk.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::thread;

/// Whoever connects gets `banner` for its first bytes, once; then the connection is closed.
pub(crate) fn stranger(banner: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut handshake = [0; 49];
        let _ = stream.read_exact(&mut handshake);
        let _ = stream.write_all(banner);
    });
    address
}
