//! A server, a proxy before it, a client of either.

use std::time::Duration;

use zk_embedded::EmbeddedServer;
use zk_recipes::{Client, Fate};
use zk_tests::proxy::Proxy;
use zk_tests::{Deadline, deadline};

pub(crate) struct Stage {
    pub(crate) proxy: Proxy,
    /// Through the proxy.
    pub(crate) zk: Client,
    /// Past it.
    pub(crate) witness: Client,
    _server: EmbeddedServer,
}

pub(crate) async fn stage() -> Stage {
    let server = EmbeddedServer::builder().start().await.unwrap();
    let proxy = Proxy::start(server.connect_string()).await;
    let zk = Client::builder(proxy.connect_string()).connect().await;
    let witness = Client::builder(server.connect_string()).connect().await;
    Stage {
        proxy,
        zk: zk.unwrap(),
        witness: witness.unwrap(),
        _server: server,
    }
}

impl Stage {
    /// Creates a node through the proxy; says how that ended, and whether the node is there.
    pub(crate) async fn create(&self, path: &str) -> (Result<(), Fate>, bool) {
        let created = self.zk.create(path, "x").await;
        let created = created.map(drop).map_err(|error| error.fate());
        // What was applied at all was applied before the connection broke.
        let there = self.witness.exists(path).await.unwrap().is_some();
        (created, there)
    }
}

pub(crate) fn limit() -> Deadline {
    deadline(Duration::from_secs(20))
}
