//! Asking one server whether it can write, while the session is on one that cannot.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use zk_session::ServerId;

use crate::secure::Secure;
use crate::transport::{ServerAddr, Transport};

/// One question, on a connection of its own.
pub(crate) struct Probe {
    server: ServerId,
    polled: bool,
    answer: Pin<Box<dyn Future<Output = io::Result<bool>> + Send>>,
}

impl Probe {
    pub(crate) fn start(
        server: ServerId,
        transport: Arc<dyn Transport>,
        security: Option<Arc<dyn Secure>>,
        address: ServerAddr,
    ) -> Self {
        Self {
            server,
            polled: false,
            answer: Box::pin(can_write(transport, security, address)),
        }
    }

    /// True until the first poll, before which nothing wakes the driver for it.
    pub(crate) fn is_new(&self) -> bool {
        !self.polled
    }

    /// Whom it asked, and whether the answer was that it can write.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<(ServerId, bool)> {
        self.polled = true;
        let answer = self.answer.as_mut().poll(cx);
        answer.map(|answer| (self.server, answer.unwrap_or(false)))
    }
}

/// The same way as the session's own connections go, so encrypted where they are (ZOOKEEPER-4819).
async fn can_write(
    transport: Arc<dyn Transport>,
    security: Option<Arc<dyn Secure>>,
    address: ServerAddr,
) -> io::Result<bool> {
    let mut stream = transport.dial(&address).await?;
    if let Some(security) = security {
        stream = security.secure(&address.host, stream).await?;
    }
    stream.write_all(b"isro").await?;
    stream.flush().await?;
    let mut answer = [0; 2];
    stream.read_exact(&mut answer).await?;
    Ok(answer == *b"rw")
}
