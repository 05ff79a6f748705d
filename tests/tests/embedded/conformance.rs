//! The embedded server does what every server must do.

use std::time::Duration;

use zk_embedded::EmbeddedServer;
use zk_tests::conformance::{Host, Server};
use zk_tests::{deadline, each_conformance_body};

/// A server of its own for each body: they start in milliseconds.
#[derive(Debug)]
struct Embedded {
    server: EmbeddedServer,
    stock: EmbeddedServer,
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
}

async fn server(name: &str) -> Server {
    let server = EmbeddedServer::builder().start().await.unwrap();
    let stock = EmbeddedServer::builder().configure(|config| config.extended_types = false);
    let stock = stock.start().await.unwrap();
    Server::new(Box::new(Embedded { server, stock }), name).await
}

macro_rules! tests {
    ($($module:ident { $($body:ident,)* })*) => {
        $(mod $module {
            $(#[tokio::test]
            async fn $body() {
                let server = super::server(stringify!($body)).await;
                let body = zk_tests::conformance::$body(&server);
                super::deadline(super::LIMIT).until(stringify!($body), body).await;
            })*
        })*
    };
}

each_conformance_body!(tests);

/// How long one body may take.
const LIMIT: Duration = Duration::from_secs(30);
