//! As the conformance of 3.9.3, on 3.8.0.

use std::sync::OnceLock;
use std::time::Duration;

use zk_tests::conformance::Server;
use zk_tests::{RealServer, conformance_tests, each_conformance_body};

use crate::host::Shared;

async fn server(name: &str) -> Server {
    static SERVER: OnceLock<RealServer> = OnceLock::new();
    static STOCK: OnceLock<RealServer> = OnceLock::new();
    let host = Shared {
        server: SERVER.get_or_init(|| RealServer::start_older_with(&[])),
        stock: || STOCK.get_or_init(|| RealServer::start_older_with(&[("ZOO_CFG_EXTRA", "")])),
        is_before_3_9: true,
    };
    Server::new(Box::new(host), name).await
}

each_conformance_body!(conformance_tests);

/// How long one body may take.
const LIMIT: Duration = Duration::from_secs(60);
