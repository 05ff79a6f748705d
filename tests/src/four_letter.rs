//! Four-letter words: what a server says about itself.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(5);

/// Sends a word to the server on this port of 127.0.0.1 and returns the whole answer.
pub(crate) fn ask(port: u16, word: &str) -> io::Result<String> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let mut link = TcpStream::connect_timeout(&address, PATIENCE)?;
    link.set_read_timeout(Some(PATIENCE))?;
    link.write_all(word.as_bytes())?;
    let mut answer = String::new();
    link.read_to_string(&mut answer)?;
    Ok(answer)
}
