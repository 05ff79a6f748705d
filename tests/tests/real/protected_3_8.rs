//! As the conformance of 3.9.3 behind TLS and SASL, on 3.8.0.

use std::sync::OnceLock;
use std::time::Duration;

use zk_tests::conformance::Server;
use zk_tests::{ProtectedServer, conformance_tests, each_conformance_body};

use crate::host::{Authenticated, Encrypted};

fn shared() -> &'static ProtectedServer {
    static SHARED: OnceLock<ProtectedServer> = OnceLock::new();
    SHARED.get_or_init(|| ProtectedServer::start_older(true))
}

fn stock() -> &'static ProtectedServer {
    static STOCK: OnceLock<ProtectedServer> = OnceLock::new();
    STOCK.get_or_init(|| ProtectedServer::start_older(false))
}

mod by_tls {
    use super::*;

    async fn server(name: &str) -> Server {
        let host = Encrypted {
            shared: shared(),
            stock,
            is_before_3_9: true,
        };
        Server::new(Box::new(host), &format!("tls-{name}")).await
    }

    each_conformance_body!(conformance_tests);
}

mod by_sasl {
    use super::*;

    async fn server(name: &str) -> Server {
        let host = Authenticated {
            shared: shared(),
            stock,
            is_before_3_9: true,
        };
        Server::new(Box::new(host), &format!("sasl-{name}")).await
    }

    each_conformance_body!(conformance_tests);
}

/// How long one body may take.
const LIMIT: Duration = Duration::from_secs(60);
