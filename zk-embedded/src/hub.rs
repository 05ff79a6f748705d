//! The one task of a server, or of an ensemble: it lets connections in and keeps the time.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, JoinHandle, JoinSet};

use crate::core::Engine;
use crate::link;
use crate::pipe_stream::PipeStream;
use crate::security::Security;
use crate::shared::Shared;

/// A running server. It stops when this is dropped.
#[derive(Debug)]
pub(crate) struct Hub {
    task: Option<JoinHandle<()>>,
    abort: AbortHandle,
    stop: Option<oneshot::Sender<()>>,
}

impl Hub {
    /// Needs a runtime.
    pub(crate) fn start<E: Engine>(
        shared: Arc<Shared<E>>,
        listeners: Vec<(E::Door, TcpListener)>,
        pipes: mpsc::UnboundedReceiver<(E::Door, PipeStream)>,
        security: Security,
    ) -> Self {
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(run(shared, listeners, pipes, security, stopped));
        Self {
            abort: task.abort_handle(),
            task: Some(task),
            stop: Some(stop),
        }
    }

    /// Stops and waits until every connection is closed.
    pub(crate) async fn shutdown(mut self) {
        if let Some(stop) = self.stop.take() {
            // The task may have gone with its runtime.
            let _ = stop.send(());
        }
        if let Some(task) = self.task.take() {
            let _ = task.await;
        }
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        // The task owns those of all connections, and takes them with it.
        self.abort.abort();
    }
}

async fn run<E: Engine>(
    shared: Arc<Shared<E>>,
    listeners: Vec<(E::Door, TcpListener)>,
    mut pipes: mpsc::UnboundedReceiver<(E::Door, PipeStream)>,
    security: Security,
    mut stopped: oneshot::Receiver<()>,
) {
    let mut links = JoinSet::new();
    loop {
        tokio::select! {
            // In a fixed order, so that a run on a paused clock can be repeated.
            biased;
            _ = &mut stopped => break,
            () = shared.tick() => {}
            (door, stream, address) = accept(&listeners) => {
                let shared = Arc::clone(&shared);
                links.spawn(security.clone().serve(shared, door, stream, address));
            }
            Some((door, stream)) = pipes.recv() => {
                // ACLs want an address, and a pipe is as local as can be.
                let address = Ipv4Addr::LOCALHOST.into();
                links.spawn(link::serve(Arc::clone(&shared), door, stream, address, None));
            }
            Some(_) = links.join_next() => {}
        }
    }
    links.shutdown().await;
}

async fn accept<D: Copy>(listeners: &[(D, TcpListener)]) -> (D, TcpStream, IpAddr) {
    loop {
        let accepted = std::future::poll_fn(|context| {
            for (door, listener) in listeners {
                if let Poll::Ready(result) = listener.poll_accept(context) {
                    return Poll::Ready(result.map(|(stream, peer)| (*door, stream, peer)));
                }
            }
            Poll::Pending
        });
        match accepted.await {
            Ok((door, stream, peer)) => {
                // Small frames have to leave at once; if the option fails, they leave a little later.
                let _ = stream.set_nodelay(true);
                return (door, stream, peer.ip());
            }
            Err(error) => {
                // Too many open files, for instance: the next attempt may find one closed.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
