//! Connecting to one server.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use zk_session::{ConnId, LinkFailure};

use crate::transport::{BoxStream, ServerAddr, Transport};

/// One connection attempt.
pub(crate) struct Dial {
    pub(crate) conn: ConnId,
    polled: bool,
    stream: Pin<Box<dyn Future<Output = io::Result<BoxStream>> + Send>>,
}

impl Dial {
    pub(crate) fn start(conn: ConnId, transport: Arc<dyn Transport>, server: ServerAddr) -> Self {
        let stream = Box::pin(async move { transport.dial(&server).await });
        Self {
            conn,
            polled: false,
            stream,
        }
    }

    /// True until the first poll, before which nothing wakes the driver for it.
    pub(crate) fn is_new(&self) -> bool {
        !self.polled
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<BoxStream, LinkFailure>> {
        self.polled = true;
        self.stream.as_mut().poll(cx).map_err(|e| failure(&e))
    }
}

/// What the session core remembers about a broken link.
pub(crate) fn failure(error: &io::Error) -> LinkFailure {
    LinkFailure::new(error.to_string())
}
