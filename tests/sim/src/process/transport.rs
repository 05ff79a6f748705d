//! The way from a client to the simulated wire.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::Instant;
use zk_checkers::History;
use zk_client::{BoxStream, ServerAddr, Transport};
use zk_wire::Moment;

use crate::truth::Translator;
use crate::world::{LinkId, World};

/// The world behind its lock.
#[derive(Clone, Debug)]
pub struct Wire(Arc<Shared>);

/// What the tasks of a run share.
#[derive(Debug)]
pub struct Shared {
    world: Mutex<World>,
    chronicle: Mutex<Chronicle>,
    start: Instant,
    /// Rung when something may happen sooner than the world's task expects.
    timer: Notify,
    /// Rung when a fault that waited for a frame has struck.
    struck: Notify,
}

impl Wire {
    /// A world whose time began at `start`.
    #[must_use]
    pub fn new(world: World, start: Instant) -> Self {
        Self(Arc::new(Shared {
            world: Mutex::new(world),
            chronicle: Mutex::default(),
            start,
            timer: Notify::new(),
            struck: Notify::new(),
        }))
    }

    /// The time of the simulation.
    #[must_use]
    pub fn now(&self) -> Moment {
        Moment::ZERO + self.0.start.elapsed()
    }

    /// Acts on the world, brought up to now; then wakes whoever has news.
    pub fn act<R>(&self, act: impl FnOnce(&mut World) -> R) -> R {
        let mut world = self.lock();
        let before = world.next_deadline();
        world.advance(self.now());
        let result = act(&mut world);
        let sooner = match (world.next_deadline(), before) {
            (Some(next), Some(before)) => next < before,
            (next, None) => next.is_some(),
            (None, Some(_)) => false,
        };
        let wakers = world.take_wakers();
        if world.has_struck() {
            self.0.struck.notify_one();
        }
        let facts = world.servers.drain_truth();
        world.witness(&facts);
        drop(world);
        if !facts.is_empty() {
            let chronicle = &mut *self.chronicle();
            for fact in facts {
                chronicle.translator.take(&mut chronicle.history, fact);
            }
        }
        if sooner {
            self.0.timer.notify_one();
        }
        for waker in wakers {
            waker.wake();
        }
        result
    }

    /// Returns when a fault that waited for a frame has struck.
    pub async fn strikes(&self) {
        self.0.struck.notified().await;
    }

    /// Looks at the world as it is.
    pub fn look<R>(&self, look: impl FnOnce(&World) -> R) -> R {
        look(&self.lock())
    }

    /// Keeps the world's time: to be run as a task.
    pub async fn run(self) {
        loop {
            let next = self.look(World::next_deadline);
            let next = next.and_then(|at| self.0.start.checked_add(at - Moment::ZERO));
            let Some(next) = next else {
                self.0.timer.notified().await;
                continue;
            };
            tokio::select! {
                biased;
                () = tokio::time::sleep_until(next) => self.act(|_| {}),
                () = self.0.timer.notified() => {}
            }
        }
    }

    /// What is known of the run so far.
    pub fn chronicle(&self) -> MutexGuard<'_, Chronicle> {
        self.0
            .chronicle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        self.0.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The history of a run while it grows.
#[derive(Debug, Default)]
pub struct Chronicle {
    /// What is known so far.
    pub history: History,
    /// How the servers' facts get into it.
    pub translator: Translator,
}

/// Reaches the servers of the world; a server's port is its number.
#[derive(Debug)]
pub struct SimTransport {
    wire: Wire,
    process: usize,
}

impl SimTransport {
    /// The way of one process.
    #[must_use]
    pub const fn new(wire: Wire, process: usize) -> Self {
        Self { wire, process }
    }
}

#[async_trait]
impl Transport for SimTransport {
    async fn dial(&self, server: &ServerAddr) -> io::Result<BoxStream> {
        let server = usize::from(server.port.saturating_sub(1));
        let link = self.wire.act(|world| world.connect(self.process, server))?;
        Ok(Box::new(SimStream {
            wire: self.wire.clone(),
            link,
        }))
    }
}

#[derive(Debug)]
struct SimStream {
    wire: Wire,
    link: LinkId,
}

impl AsyncRead for SimStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut world = self.wire.lock();
        world.read(self.link, buf, cx.waker()).map(|_| Ok(()))
    }
}

impl AsyncWrite for SimStream {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = self.wire.act(|world| world.write(self.link, buf));
        Poll::Ready(written.map(|()| buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.wire.act(|world| world.hang_up(self.link));
        Poll::Ready(Ok(()))
    }
}

impl Drop for SimStream {
    fn drop(&mut self) {
        self.wire.act(|world| world.hang_up(self.link));
    }
}
