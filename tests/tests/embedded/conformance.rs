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

/// The same by TLS, as a user of SASL.
mod protected {
    use std::time::Duration;

    use zk_client::{Acl, ClientBuilder, DigestMd5, TlsConfig};
    use zk_embedded::{EmbeddedServer, ServerTls};
    use zk_tests::conformance::{Host, Server};
    use zk_tests::pki::{Authority, Request};
    use zk_tests::{conformance_tests, each_conformance_body};

    #[derive(Debug)]
    struct Protected {
        server: EmbeddedServer,
        stock: EmbeddedServer,
        authority: Authority,
    }

    impl Host for Protected {
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

        fn admit(&self, client: ClientBuilder) -> ClientBuilder {
            let tls = TlsConfig::new().ca_pem(self.authority.pem().to_owned());
            client.tls(tls).sasl(DigestMd5::new("app", "s3cret"))
        }

        fn identity(&self) -> Option<Acl> {
            Some(Acl::sasl("app"))
        }
    }

    async fn server(name: &str) -> Server {
        let authority = Authority::new("the authority");
        let issued = authority.issue(Request::names(&["127.0.0.1"]));
        let builder = || {
            let tls = ServerTls::new(issued.certificate.clone(), issued.key.clone());
            EmbeddedServer::builder().tls(tls).configure(|config| {
                config.sasl_users.add("app", "s3cret");
                config.require_sasl = true;
            })
        };
        let server = builder().start().await.unwrap();
        let stock = builder().configure(|config| config.extended_types = false);
        let stock = stock.start().await.unwrap();
        let host = Protected {
            server,
            stock,
            authority,
        };
        Server::new(Box::new(host), name).await
    }

    each_conformance_body!(conformance_tests);

    const LIMIT: Duration = Duration::from_secs(30);
}

/// How long one body may take.
const LIMIT: Duration = Duration::from_secs(30);
