//! The embedded server does what every server must do.

use std::time::Duration;

use zk_embedded::Version;
use zk_tests::conformance::Server;
use zk_tests::{conformance_tests, each_conformance_body};

use crate::host::Embedded;

async fn server(name: &str) -> Server {
    Server::new(Box::new(Embedded::start(Version::V3_9).await), name).await
}

each_conformance_body!(conformance_tests);

/// How long one body may take.
const LIMIT: Duration = Duration::from_secs(30);
