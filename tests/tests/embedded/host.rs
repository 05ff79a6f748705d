//! The embedded server as the conformance bodies see it.

use zk_embedded::{EmbeddedServer, ServerConfig, Version};
use zk_tests::conformance::Host;

/// A server of its own for each body: they start in milliseconds.
#[derive(Debug)]
pub(crate) struct Embedded {
    server: EmbeddedServer,
    stock: EmbeddedServer,
    version: Version,
}

impl Embedded {
    pub(crate) async fn start(version: Version) -> Self {
        let start = async |extended_types| {
            let configure = |config: &mut ServerConfig| {
                *config = ServerConfig::profile(version);
                config.extended_types = extended_types;
            };
            let builder = EmbeddedServer::builder().configure(configure);
            builder.start().await.unwrap()
        };
        Self {
            server: start(true).await,
            stock: start(false).await,
            version,
        }
    }
}

impl Host for Embedded {
    fn connect_string(&self) -> String {
        self.server.connect_string()
    }

    fn stock_connect_string(&self) -> String {
        self.stock.connect_string()
    }

    fn watches(&self, _prefix: &str) -> usize {
        self.server.hooks().watch_count()
    }

    fn shows_child_watches(&self) -> bool {
        true
    }

    fn is_before_3_9(&self) -> bool {
        self.version < Version::V3_9
    }
}
