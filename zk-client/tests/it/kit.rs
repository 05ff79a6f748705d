//! A server and clients in one virtual time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use zk_client::{Client, ClientBuilder, Clock, Moment, PipeTransport, TokioClock};
use zk_embedded::{Hooks, PipeServer, ServerConfig};

/// A round trip of the link.
pub(crate) const ROUND_TRIP: Duration = Duration::from_millis(10);

pub(crate) struct World {
    pub(crate) server: PipeServer,
    pub(crate) hooks: Hooks,
    clock: Arc<WorldClock>,
}

/// tokio's clock, and the time in which the client's process did not run.
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
        Self::with(|_| ())
    }

    pub(crate) fn with(change: impl FnOnce(&mut ServerConfig)) -> Self {
        let builder = PipeServer::builder().latency(ROUND_TRIP / 2);
        Self::around(builder.configure(change).in_memory())
    }

    pub(crate) fn around(server: PipeServer) -> Self {
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
        self.builder_of("embedded")
    }

    pub(crate) fn builder_of(&self, connect_string: &str) -> ClientBuilder {
        Client::builder(connect_string)
            .transport(Arc::new(PipeTransport::to(&self.server)))
            .clock(Arc::clone(&self.clock) as Arc<_>)
            .seed(11)
    }

    pub(crate) async fn client(&self) -> Client {
        self.builder().connect().await.unwrap()
    }
}

/// Lets everything that is on its way arrive.
pub(crate) async fn settle() {
    tokio::time::sleep(ROUND_TRIP * 4).await;
}
