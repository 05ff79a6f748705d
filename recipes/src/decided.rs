//! Waiting until what was sent is decided.

use zk_client::{Client, Error, ErrorKind};

/// Waits until everything that this session sent before has taken place or never will: until a quorum barrier is answered,
/// however often the connection breaks meanwhile.
///
/// # Errors
///
/// As `Client::barrier`, but never `ConnectionLost`. Whoever goes on in a later session has to compare the generation: an
/// answer to another session's barrier proves nothing about the requests of this one.
pub(crate) async fn decided(client: &Client) -> Result<(), Error> {
    loop {
        match client.barrier().await {
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::ConnectionLost => {}
            Err(error) => return Err(error),
        }
    }
}
