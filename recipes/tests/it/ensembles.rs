//! Ensembles in virtual time.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use zk_client::{BoxStream, ServerAddr, TokioClock, Transport};
use zk_embedded::{PipeEnsemble, ServerId};
use zk_recipes::Client;

/// Leads to the servers of an ensemble by their numbers, as ports.
#[derive(Debug)]
struct Pipes(Arc<PipeEnsemble>);

#[async_trait]
impl Transport for Pipes {
    async fn dial(&self, server: &ServerAddr) -> io::Result<BoxStream> {
        let number = u8::try_from(server.port).map_err(io::Error::other)?;
        Ok(Box::new(self.0.connect(ServerId::new(number))?))
    }
}

/// A client of one server.
pub(crate) async fn client(ensemble: &Arc<PipeEnsemble>, server: u8) -> Client {
    Client::builder(format!("zk:{server}"))
        .transport(Arc::new(Pipes(Arc::clone(ensemble))))
        .clock(Arc::new(TokioClock::new()))
        .connect()
        .await
        .unwrap()
}

/// Three servers that are 2 ms away.
pub(crate) fn three_servers() -> Arc<PipeEnsemble> {
    let builder = PipeEnsemble::builder().latency(Duration::from_millis(2));
    Arc::new(builder.in_memory())
}
