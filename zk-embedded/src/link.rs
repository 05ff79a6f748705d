//! One connection: bytes from the stream to the core, and back.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::core::{ConnKey, Engine};
use crate::shared::Shared;

/// Serves a connection until one side hangs up.
///
/// `subject` is that of the client's certificate.
pub(crate) async fn serve<E, S>(
    shared: Arc<Shared<E>>,
    door: E::Door,
    stream: S,
    address: IpAddr,
    subject: Option<String>,
) where
    E: Engine,
    S: AsyncRead + AsyncWrite,
{
    let (key, bell) = shared.accept(door, address);
    let link = Link { shared, key };
    if let Some(subject) = subject {
        link.shared
            .act(|core, _| core.present_certificate(key, &subject));
    }
    let (mut reader, mut writer) = tokio::io::split(stream);
    let mut input = BytesMut::new();
    let mut output = Vec::new();
    let mut written = 0;
    // An encrypted stream keeps some of what it took.
    let mut unflushed = false;
    loop {
        if written == output.len() {
            output.clear();
            written = 0;
        }
        let (listens, closed) = link.shared.act(|core, now| {
            // Only what has been written makes room for more.
            if output.is_empty() {
                core.poll_transmit(now, key, &mut output);
            }
            (core.wants_input(key), core.poll_closed(key))
        });
        if closed && output.is_empty() && !unflushed {
            break;
        }
        input.reserve(READ_SIZE);
        let unsent = output.get(written..).unwrap_or_default();
        tokio::select! {
            biased;
            () = bell.notified() => {}
            sent = push(&mut writer, unsent), if !unsent.is_empty() || unflushed => match sent {
                Ok(len) => {
                    unflushed = len > 0;
                    written += len;
                }
                Err(_) => return,
            },
            received = reader.read_buf(&mut input), if listens => match received {
                Ok(len) if len > 0 => {
                    link.shared.act(|core, now| core.handle_bytes(now, key, &mut input));
                }
                _ => return,
            },
        }
    }
    // Whatever goes wrong now: the connection ends either way.
    let _ = writer.shutdown().await;
}

/// Writes some of it; where there is nothing to write, sees to it that what was written leaves, and yields 0.
async fn push(writer: &mut (impl AsyncWrite + Unpin), unsent: &[u8]) -> io::Result<usize> {
    if unsent.is_empty() {
        return writer.flush().await.map(|()| 0);
    }
    match writer.write(unsent).await {
        Ok(0) => Err(io::ErrorKind::WriteZero.into()),
        written => written,
    }
}

/// Tells the core that its connection has ended, also when the task is aborted.
struct Link<E: Engine> {
    shared: Arc<Shared<E>>,
    key: ConnKey,
}

impl<E: Engine> Drop for Link<E> {
    fn drop(&mut self) {
        self.shared.hung_up(self.key);
    }
}

/// Enough for a few hundred small requests at once.
const READ_SIZE: usize = 16 << 10;
