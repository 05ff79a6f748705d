//! Three servers of the release 3.8.

use std::sync::OnceLock;
use std::time::Duration;

use zk_tests::conformance::Server;
use zk_tests::{Ensemble, RealServer, conformance_tests, each_conformance_body};

use crate::host::{Members, Plain};

async fn server(name: &str) -> Server {
    static ENSEMBLE: OnceLock<Ensemble> = OnceLock::new();
    static STOCK: OnceLock<RealServer> = OnceLock::new();
    let members = Members {
        ensemble: ENSEMBLE.get_or_init(Ensemble::start_older),
        member: Members::member_for(name),
        is_before_3_9: true,
    };
    let host = Plain {
        members,
        stock: || STOCK.get_or_init(|| RealServer::start_older_with(&[("ZOO_CFG_EXTRA", "")])),
    };
    Server::new(Box::new(host), name).await
}

each_conformance_body!(conformance_tests);

/// The same by TLS, as a user of SASL.
mod protected {
    use zk_tests::{ProtectedServer, conformance_tests, each_conformance_body};

    use super::*;
    use crate::host::Protected;

    async fn server(name: &str) -> Server {
        static ENSEMBLE: OnceLock<Ensemble> = OnceLock::new();
        static STOCK: OnceLock<ProtectedServer> = OnceLock::new();
        let members = Members {
            ensemble: ENSEMBLE.get_or_init(Ensemble::start_older_protected),
            member: Members::member_for(name),
            is_before_3_9: true,
        };
        let host = Protected {
            members,
            stock: || STOCK.get_or_init(|| ProtectedServer::start_older(false)),
        };
        Server::new(Box::new(host), name).await
    }

    each_conformance_body!(conformance_tests);
}

/// How long one body may take.
const LIMIT: Duration = Duration::from_secs(60);
