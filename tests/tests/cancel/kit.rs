//! A server and clients in one virtual time, and the account of what is open.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use zk_client::{Client, ClientBuilder, PipeTransport, TokioClock};
use zk_embedded::{Hooks, PipeServer};

/// A round trip of the link.
const ROUND_TRIP: Duration = Duration::from_millis(10);

/// A server whose link takes 5 ms each way, with all time in tokio's hands.
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
        Client::builder("embedded")
            .transport(Arc::new(PipeTransport::to(&self.server)))
            .clock(Arc::clone(&self.clock) as Arc<_>)
            .seed(7)
    }

    pub(crate) async fn client(&self) -> Client {
        self.builder().connect().await.unwrap()
    }

    /// The nodes below a path.
    pub(crate) fn below(&self, path: &str) -> Vec<String> {
        let below = format!("{path}/");
        let all = self.hooks.paths().into_iter();
        all.filter(|path| path.starts_with(&below)).collect()
    }

    /// Everything that server, clients and runtime keep for somebody.
    pub(crate) fn open(&self, clients: &[&Client]) -> Open {
        let hooks = &self.hooks;
        let sessions = hooks.sessions();
        Open {
            tasks: Handle::current().metrics().num_alive_tasks(),
            connections: hooks.connection_count(),
            sessions: sessions.len(),
            ephemerals: sessions.iter().map(|session| session.ephemerals).sum(),
            watches: hooks.watch_count(),
            held_commits: hooks.held_commits(),
            clients: clients.iter().map(|zk| open_in(zk)).collect(),
        }
    }

    /// What each node holds, of whom, as text.
    pub(crate) fn tree(&self) -> Vec<(String, String)> {
        // The servers' own nodes are not among the paths.
        let quota = ["", "/zookeeper_limits", "/zookeeper_stats"];
        let quota = quota.map(|node| format!("/zookeeper/quota/a{node}"));
        let nodes = self.hooks.paths().into_iter().chain(quota);
        nodes
            .filter_map(|path| {
                let node = self.hooks.node(&path)?;
                let (data, stat) = (node.data, node.stat);
                let text = format!(
                    "{data:?} {} {} {}",
                    stat.version, stat.aversion, stat.ephemeral_owner
                );
                Some((path, text))
            })
            .collect()
    }
}

/// What server, clients and runtime keep open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Open {
    tasks: usize,
    connections: usize,
    sessions: usize,
    ephemerals: usize,
    watches: usize,
    held_commits: usize,
    /// Whether it is connected, requests, event queues, watches, claims and duties of each client.
    clients: Vec<String>,
}

fn open_in(zk: &Client) -> String {
    let generation = format!("generation: {}", zk.generation());
    let client = format!("{zk:?}").replace(&generation, "generation: current");
    let stats = zk.stats();
    let (queued, in_flight) = (stats.queued, stats.in_flight);
    let (watches, duties, held) = (stats.watches, stats.duties, stats.held);
    format!(
        "{client} {queued} queued, {in_flight} in flight, {watches} watches, {duties} duties, {held} held"
    )
}

/// Runs a test in virtual time, in a runtime of its own.
pub(crate) fn in_virtual_time<F: Future>(test: F) -> F::Output {
    let mut runtime = Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(true).build().unwrap();
    runtime.block_on(test)
}

/// Lets everything that is on its way arrive.
pub(crate) async fn settle() {
    tokio::time::sleep(ROUND_TRIP * 4).await;
}

/// Waits, in virtual time, for something that is bound to happen.
pub(crate) async fn until(what: &str, mut happened: impl FnMut() -> bool) {
    let start = tokio::time::Instant::now();
    while !happened() {
        assert!(start.elapsed() < Duration::from_secs(60), "never {what}");
        tokio::time::sleep(ROUND_TRIP).await;
    }
}

/// Says which case it was when the test panics in it.
pub(crate) struct Naming(pub(crate) String);

impl Drop for Naming {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.0);
        }
    }
}
