//! Three servers of the release 3.8.

use std::sync::OnceLock;
use std::time::Duration;

use zk_tests::conformance::Server;
use zk_tests::{Ensemble, RealServer, conformance_tests, each_conformance_body};

use crate::host::Members;

async fn server(name: &str) -> Server {
    static ENSEMBLE: OnceLock<Ensemble> = OnceLock::new();
    static STOCK: OnceLock<RealServer> = OnceLock::new();
    let host = Members {
        ensemble: ENSEMBLE.get_or_init(Ensemble::start_older),
        // Leader and followers alike.
        member: name.len() % Ensemble::MEMBERS.len(),
        stock: || STOCK.get_or_init(|| RealServer::start_older_with(&[("ZOO_CFG_EXTRA", "")])),
        is_before_3_9: true,
    };
    Server::new(Box::new(host), name).await
}

each_conformance_body!(conformance_tests);

/// How long one body may take.
const LIMIT: Duration = Duration::from_secs(60);
