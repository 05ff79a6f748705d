//! An authority, servers with names, and clients that are to find out.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tokio::net::TcpStream;
use tokio::time::Instant;
use zk_client::{
    BoxStream, Client, ClientBuilder, Error, ErrorKind, Fate, ServerAddr, TlsConfig, Transport,
};
use zk_embedded::{EmbeddedServer, ServerTls};
use zk_tests::pki::{Authority, Issued, Request};

/// How long a connect may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(2);

/// The authority that clients trust.
pub(crate) fn authority() -> Authority {
    Authority::new("the authority")
}

pub(crate) fn shows(issued: &Issued) -> ServerTls {
    ServerTls::new(issued.certificate.clone(), issued.key.clone())
}

pub(crate) fn trusting(authority: &Authority) -> TlsConfig {
    TlsConfig::new().ca_pem(authority.pem().to_owned())
}

/// A server that shows this certificate.
pub(crate) async fn server(tls: ServerTls) -> EmbeddedServer {
    EmbeddedServer::builder().tls(tls).start().await.unwrap()
}

/// A server of the authority whose name is zk1.
pub(crate) async fn zk1(authority: &Authority) -> EmbeddedServer {
    server(shows(&authority.issue(Request::names(&["zk1"])))).await
}

/// Names that no resolver knows, and which may come to lead somewhere.
#[derive(Debug, Default)]
pub(crate) struct Names(Mutex<BTreeMap<String, SocketAddr>>);

impl Names {
    pub(crate) fn set(&self, name: &str, address: SocketAddr) {
        self.0.lock().unwrap().insert(name.to_owned(), address);
    }
}

#[async_trait]
impl Transport for Names {
    async fn dial(&self, server: &ServerAddr) -> io::Result<BoxStream> {
        let address = self.0.lock().unwrap().get(&server.host).copied();
        let address = address.ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(TcpStream::connect(address).await?))
    }
}

/// A client of servers by these names.
pub(crate) fn builder(servers: &[(&str, SocketAddr)], tls: TlsConfig) -> ClientBuilder {
    let names = Names::default();
    for (name, address) in servers {
        names.set(name, *address);
    }
    let list: Vec<&str> = servers.iter().map(|(name, _)| *name).collect();
    builder_by(Arc::new(names), &list.join(","), tls)
}

/// A client of the servers in the text, wherever their names lead.
pub(crate) fn builder_by(names: Arc<Names>, connect_string: &str, tls: TlsConfig) -> ClientBuilder {
    Client::builder(connect_string)
        .transport(names)
        .tls(tls)
        .connect_timeout(LIMIT)
}

/// Why a connect fails for want of security: what became of the one server.
pub(crate) async fn refused(builder: ClientBuilder) -> String {
    let started = Instant::now();
    let error: Error = builder.connect().await.unwrap_err();
    assert!(started.elapsed() < LIMIT * 2, "{:?}", started.elapsed());
    assert_eq!(
        (error.kind(), error.fate()),
        (ErrorKind::Tls, Fate::NotApplied),
        "{error}"
    );
    let text = error.to_string();
    let (text, _) = text.split_once(". Tried 1 of 1 servers in ").unwrap();
    let opening = "cannot reach ZooKeeper: ";
    let (_, reason) = text
        .strip_prefix(opening)
        .unwrap()
        .split_once(":2181: ")
        .unwrap();
    reason.to_owned()
}
