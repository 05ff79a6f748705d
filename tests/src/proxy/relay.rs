//! Carries the frames of one connection both ways, as the rules say.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use zk_wire::FrameDecoder;

use super::rule::Direction;
use super::shared::Shared;
use super::stream::Stream;
use super::table::Act;

/// Larger than any frame of a test.
const MAX_FRAME: usize = 64 << 20;

/// Relays until either side closes, a rule cuts, or something that is no frame comes.
pub(super) async fn relay(client: TcpStream, server: TcpStream, shared: &Shared) {
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let stream = Arc::new(Mutex::new(Stream::default()));
    let mut out = Pump::new(shared, &stream, Direction::ToServer, from_client, to_server);
    let mut back = Pump::new(shared, &stream, Direction::ToClient, from_server, to_client);
    // Whichever ends first ends both: all four halves are dropped here.
    tokio::select! {
        () = out.run() => {}
        () = back.run() => {}
    }
}

struct Pump<'a> {
    shared: &'a Shared,
    stream: Arc<Mutex<Stream>>,
    direction: Direction,
    from: OwnedReadHalf,
    to: OwnedWriteHalf,
}

impl<'a> Pump<'a> {
    fn new(
        shared: &'a Shared,
        stream: &Arc<Mutex<Stream>>,
        direction: Direction,
        from: OwnedReadHalf,
        to: OwnedWriteHalf,
    ) -> Self {
        Self {
            shared,
            stream: Arc::clone(stream),
            direction,
            from,
            to,
        }
    }

    async fn run(&mut self) {
        let mut frames = FrameDecoder::new(MAX_FRAME);
        let mut input = BytesMut::new();
        loop {
            match frames.next(&mut input) {
                Ok(Some(content)) => {
                    if self.pass(content).await.is_none() {
                        return;
                    }
                }
                Ok(None) => match self.from.read_buf(&mut input).await {
                    Ok(1..) => {}
                    Ok(0) | Err(_) => return,
                },
                Err(_) => return,
            }
        }
    }

    /// Passes one frame; `None` if the connection is over.
    async fn pass(&mut self, content: Bytes) -> Option<()> {
        let act = {
            let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
            let (frame, last) = stream.read(self.direction, &content);
            if self.direction == Direction::ToClient && stream.ends_at(last) {
                return None;
            }
            let act = self.shared.rules().judge(&frame);
            if matches!(act, Act::PassAndEnd) {
                stream.end_at(last);
            }
            act
        };
        let mut bytes = BytesMut::with_capacity(content.len() + 4);
        bytes.extend_from_slice(&i32::try_from(content.len()).ok()?.to_be_bytes());
        bytes.extend_from_slice(&content);
        match act {
            Act::Pass | Act::PassAndEnd => self.to.write_all(&bytes).await.ok(),
            Act::End { after } => {
                let after = usize::try_from(after).ok()?.min(bytes.len());
                let _ = self.to.write_all(&bytes[..after]).await;
                let _ = self.to.flush().await;
                None
            }
            Act::Delay(pause) => {
                tokio::time::sleep(pause).await;
                self.to.write_all(&bytes).await.ok()
            }
            Act::Hold(mut released) => {
                // A proxy that is gone has dropped this connection too.
                released.wait_for(|released| *released).await.ok()?;
                self.to.write_all(&bytes).await.ok()
            }
            Act::Drip(pause) => {
                for byte in bytes {
                    tokio::time::sleep(pause).await;
                    self.to.write_all(&[byte]).await.ok()?;
                }
                Some(())
            }
        }
    }
}
