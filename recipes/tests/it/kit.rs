//! Servers and clients in one virtual time.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use zk_client::{Clock, Moment, PipeTransport, TokioClock};
use zk_embedded::{Hooks, PipeServer, RequestCounts, RuleId, ServerConfig};
use zk_recipes::{Client, ClientBuilder, Mutex};
use zk_wire::{OpCode, SessionId};

/// A round trip of the link.
pub(crate) const ROUND_TRIP: Duration = Duration::from_millis(10);

/// A server whose link takes 5 ms each way, with all time in tokio's hands.
pub(crate) struct World {
    pub(crate) server: PipeServer,
    pub(crate) hooks: Hooks,
    clock: Arc<WorldClock>,
}

/// tokio's clock, and the time in which the clients' process did not run.
#[derive(Debug, Default)]
struct WorldClock {
    tokio: TokioClock,
    missed: AtomicU64,
}

impl Clock for WorldClock {
    fn now(&self) -> Moment {
        self.tokio.now() + Duration::from_nanos(self.missed.load(Ordering::Relaxed))
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    /// A world whose server is set up otherwise.
    pub(crate) fn with(change: impl FnOnce(&mut ServerConfig)) -> Self {
        let server = PipeServer::builder().latency(ROUND_TRIP / 2);
        let server = server.configure(change).in_memory();
        let hooks = server.hooks();
        Self {
            server,
            hooks,
            clock: Arc::new(WorldClock::default()),
        }
    }

    /// The clients' process does not run for so long; the server's time goes on as tests let it.
    pub(crate) fn stall(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap();
        self.clock.missed.fetch_add(nanos, Ordering::Relaxed);
    }

    pub(crate) fn builder(&self) -> ClientBuilder {
        Client::builder("embedded")
            .transport(Arc::new(PipeTransport::to(&self.server)))
            .clock(Arc::clone(&self.clock) as Arc<_>)
            .seed(7)
    }

    /// Waits for a write to be postponed, and lets it take effect behind the `nth` request after it, or when `done` says so.
    pub(crate) async fn apply_behind(&self, write: RuleId, nth: u64, done: impl Fn() -> bool) {
        let millisecond = Duration::from_millis(1);
        while self.hooks.fired(write) == 0 {
            tokio::time::sleep(millisecond).await;
        }
        let asked = || self.hooks.counts().values().sum::<u64>();
        let until = asked() + nth;
        while asked() < until && !done() {
            tokio::time::sleep(millisecond).await;
        }
        self.hooks.apply_postponed();
    }

    pub(crate) async fn client(&self) -> Client {
        self.builder().connect().await.unwrap()
    }

    /// The contenders' nodes that are left under a lock.
    pub(crate) fn left(&self, lock: &str) -> Vec<String> {
        let below = format!("{lock}/");
        self.hooks
            .paths()
            .into_iter()
            .filter(|path| path.starts_with(&below))
            .collect()
    }

    /// What a session has asked so far.
    pub(crate) fn asked(&self, session: SessionId) -> Asked {
        Asked(self.hooks.counts_of(session))
    }

    /// Waits, in virtual time, until nothing is left under a lock.
    pub(crate) async fn until_empty(&self, lock: &str) {
        let start = tokio::time::Instant::now();
        while !self.left(lock).is_empty() {
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "left behind: {:?}",
                self.left(lock)
            );
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// The requests of a session at some moment.
pub(crate) struct Asked(RequestCounts);

impl Asked {
    /// How many requests of one kind were made since `before`.
    pub(crate) fn since(&self, before: &Self, op: OpCode) -> u64 {
        self.count(op) - before.count(op)
    }

    /// How many requests of any kind were made since `before`; events and pings are none.
    pub(crate) fn all_since(&self, before: &Self) -> u64 {
        let requests = |asked: &Self| -> u64 {
            let kinds = asked
                .0
                .iter()
                .filter(|(op, _)| !matches!(op, OpCode::Notification | OpCode::Ping));
            kinds.map(|(_, count)| count).sum()
        };
        requests(self) - requests(before)
    }

    fn count(&self, op: OpCode) -> u64 {
        self.0.get(&op).copied().unwrap_or_default()
    }
}

/// A lock whose parents exist.
pub(crate) async fn warm_lock(zk: &Client, path: &str) -> Mutex {
    let mutex = Mutex::new(zk, path).unwrap();
    mutex.acquire().await.unwrap().release().await.unwrap();
    mutex
}

/// Lets everything that is on its way arrive.
pub(crate) async fn settle() {
    tokio::time::sleep(ROUND_TRIP * 4).await;
}

/// A future that runs in a task of its own.
pub(crate) fn spawned<F>(future: F) -> tokio::task::JoinHandle<F::Output>
where
    F: IntoFuture,
    F::IntoFuture: Future<Output = F::Output> + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::spawn(future.into_future())
}

/// Counts the polls of a future: how often its task was woken.
pub(crate) struct Counted<F> {
    future: Pin<Box<F>>,
    polls: Arc<AtomicUsize>,
}

impl<F: Future> Counted<F> {
    /// The count, and the future that is counted.
    pub(crate) fn new(future: F) -> (Arc<AtomicUsize>, Self) {
        let polls = Arc::new(AtomicUsize::new(0));
        let counted = Self {
            future: Box::pin(future),
            polls: Arc::clone(&polls),
        };
        (polls, counted)
    }
}

impl<F: Future> Future for Counted<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.polls.fetch_add(1, Ordering::Relaxed);
        self.future.as_mut().poll(cx)
    }
}

/// What a future yields in so many polls, with time for a message between two of them; it is dropped then.
pub(crate) async fn polled<F: IntoFuture>(future: F, polls: usize) -> Option<F::Output> {
    let mut future = Box::pin(future.into_future());
    for _ in 0..polls {
        let once = std::future::poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx)));
        if let Poll::Ready(output) = once.await {
            return Some(output);
        }
        tokio::time::sleep(ROUND_TRIP / 2).await;
    }
    None
}

/// How often something that has to wait is polled before it is known to wait.
pub(crate) const WAITS_FOR_EVER: usize = 24;
