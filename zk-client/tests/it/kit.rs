//! A server and clients in one virtual time.

use std::sync::Arc;
use std::time::Duration;

use zk_client::{Client, ClientBuilder, PipeTransport, TokioClock};
use zk_embedded::{Hooks, PipeServer};

/// A round trip of the link.
pub(crate) const ROUND_TRIP: Duration = Duration::from_millis(10);

pub(crate) struct World {
    pub(crate) server: PipeServer,
    pub(crate) hooks: Hooks,
    clock: Arc<TokioClock>,
}

impl World {
    pub(crate) fn new() -> Self {
        let server = PipeServer::builder().latency(ROUND_TRIP / 2).in_memory();
        let hooks = server.hooks();
        Self {
            server,
            hooks,
            clock: Arc::new(TokioClock::new()),
        }
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
