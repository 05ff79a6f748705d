//! A transport whose connections are counted, and fail as told.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use zk_client::{BoxStream, PipeTransport, ServerAddr, Transport};

use crate::kit::World;

/// Leads to the embedded server, through what can be counted and broken.
#[derive(Debug)]
pub(super) struct Links {
    inner: PipeTransport,
    state: Arc<LinkState>,
}

#[derive(Debug, Default)]
pub(super) struct LinkState {
    /// Streams that are open.
    pub(super) open: AtomicUsize,
    /// Attempts so far.
    pub(super) dials: AtomicUsize,
    /// Whether a write fails although reads go on.
    pub(super) writes_fail: AtomicBool,
    /// How many bytes a write takes at most; 0 is any number.
    pub(super) writes_at_most: AtomicUsize,
    /// Whether nothing is heard from the server any more. For good.
    pub(super) deaf: AtomicBool,
    /// Whether a dial never ends, as where packets are dropped.
    pub(super) black_hole: AtomicBool,
}

impl Links {
    pub(super) fn to(world: &World) -> (Arc<Self>, Arc<LinkState>) {
        let inner = PipeTransport::to(&world.server);
        let state = Arc::new(LinkState::default());
        let links = Self {
            inner,
            state: Arc::clone(&state),
        };
        (Arc::new(links), state)
    }
}

#[async_trait]
impl Transport for Links {
    async fn dial(&self, server: &ServerAddr) -> io::Result<BoxStream> {
        self.state.dials.fetch_add(1, Ordering::Relaxed);
        if self.state.black_hole.load(Ordering::Relaxed) {
            return std::future::pending().await;
        }
        if server.host == "bogus" {
            let text = "name not found (DNS: no such host)";
            return Err(io::Error::new(io::ErrorKind::NotFound, text));
        }
        let stream = self.inner.dial(server).await?;
        self.state.open.fetch_add(1, Ordering::Relaxed);
        let state = Arc::clone(&self.state);
        Ok(Box::new(Link { stream, state }))
    }
}

struct Link {
    stream: BoxStream,
    state: Arc<LinkState>,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.state.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl AsyncRead for Link {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.state.deaf.load(Ordering::Relaxed) {
            return Poll::Pending;
        }
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Link {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.state.writes_fail.load(Ordering::Relaxed) {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let most = match self.state.writes_at_most.load(Ordering::Relaxed) {
            0 => bytes.len(),
            most => most.min(bytes.len()),
        };
        Pin::new(&mut self.stream).poll_write(cx, &bytes[..most])
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
