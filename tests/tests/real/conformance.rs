//! Real ZooKeeper does what every server must do, as our client sees it.

use std::sync::OnceLock;
use std::time::Duration;

use zk_tests::conformance::{Host, Server};
use zk_tests::{RealServer, deadline, each_conformance_body};

/// The server that all bodies of this process share.
#[derive(Debug)]
struct Shared;

impl Host for Shared {
    fn connect_string(&self) -> String {
        RealServer::shared().connect_string()
    }

    fn stock_connect_string(&self) -> String {
        static STOCK: OnceLock<RealServer> = OnceLock::new();
        let stock = || RealServer::start_with(&[("ZOO_CFG_EXTRA", "")]);
        STOCK.get_or_init(stock).connect_string()
    }

    fn watches(&self, prefix: &str) -> usize {
        watches_of(RealServer::shared(), prefix)
    }

    /// `wchp` lists the watches of data alone (DataTree.dumpWatches).
    fn shows_child_watches(&self) -> bool {
        false
    }
}

/// How many watches a server has on paths below `prefix`, and on it.
pub(crate) fn watches_of(server: &RealServer, prefix: &str) -> usize {
    let answer = server.four_letter("wchp").unwrap();
    let below = format!("{prefix}/");
    let mut counts = false;
    let mut watches = 0;
    // Each path is followed by the sessions that watch it, indented.
    for line in answer.lines() {
        if line.starts_with('/') {
            counts = line == prefix || line.starts_with(&below);
        } else if counts && line.starts_with('\t') {
            watches += 1;
        }
    }
    watches
}

macro_rules! tests {
    ($($module:ident { $($body:ident,)* })*) => {
        $(mod $module {
            $(#[tokio::test]
            async fn $body() {
                let host = Box::new(super::Shared);
                let server = super::Server::new(host, stringify!($body)).await;
                let body = zk_tests::conformance::$body(&server);
                super::deadline(super::LIMIT).until(stringify!($body), body).await;
            })*
        })*
    };
}

each_conformance_body!(tests);

/// How long one body may take.
const LIMIT: Duration = Duration::from_secs(60);
