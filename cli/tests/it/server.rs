//! An embedded server on a port, with its own runtime so that it serves while the test waits.

use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use zk_embedded::{EmbeddedServer, Hooks, ServerBuilder, ServerCore};
use zk_recipes::Client;

use crate::zkctl::Zkctl;

/// How long anything may take before the test fails.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// A running server.
pub(crate) struct Server {
    // Before the runtime: it must end first.
    server: EmbeddedServer,
    runtime: Runtime,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::start_as(EmbeddedServer::builder())
    }

    pub(crate) fn start_as(builder: ServerBuilder) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let server = runtime.block_on(builder.start()).unwrap();
        Self { server, runtime }
    }

    pub(crate) fn connect_string(&self) -> String {
        self.server.connect_string()
    }

    pub(crate) fn hooks(&self) -> Hooks {
        self.server.hooks()
    }

    /// A `zkctl` command line for this server.
    pub(crate) fn zkctl(&self, args: &[&str]) -> Zkctl {
        Zkctl::new(args).env("ZK_CONNECT", &self.connect_string())
    }

    /// Waits until the server is as wanted.
    pub(crate) fn until(&self, what: &str, wanted: impl FnMut(&ServerCore) -> bool) {
        let hooks = self.hooks();
        let waited = self
            .runtime
            .block_on(async { timeout(LIMIT, hooks.until(wanted)).await });
        assert!(waited.is_ok(), "waited in vain until {what}");
    }

    /// Does something as another client of the server.
    pub(crate) fn with_client<T>(&self, work: impl AsyncFnOnce(&Client) -> T) -> T {
        self.runtime.block_on(async {
            let client = Client::builder(self.connect_string())
                .connect()
                .await
                .unwrap();
            let result = work(&client).await;
            client.close().await.unwrap();
            result
        })
    }

    /// The paths of the nodes right below `parent`.
    pub(crate) fn below(&self, parent: &str) -> Vec<String> {
        let prefix = format!("{parent}/");
        self.hooks()
            .paths()
            .into_iter()
            .filter(|path| path.starts_with(&prefix))
            .collect()
    }

    /// The data of a node.
    pub(crate) fn data(&self, path: &str) -> Vec<u8> {
        self.hooks().node(path).unwrap().data.unwrap().to_vec()
    }

    /// Stops it; whoever is connected finds nobody any more.
    pub(crate) fn stop(self) {
        let Self { server, runtime } = self;
        runtime.block_on(server.shutdown());
    }
}
