//! What changes while a client runs: the server it is connected to, and the certificates on either side.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::timeout;
use zk_client::{Acl, Client, ErrorKind, State, TlsConfig};
use zk_embedded::EmbeddedServer;
use zk_tests::pki::{Authority, Request};

use crate::kit::{authority, builder, server, shows, trusting, zk1};

#[tokio::test]
async fn after_a_reconnect_the_other_server_has_to_prove_its_own_name() {
    let authority = authority();
    let (first, second) = (zk1(&authority).await, zk1(&authority).await);
    let servers = [("zk1", first.addr()), ("zk2", second.addr())];
    let client =
        builder(&servers, trusting(&authority)).request_timeout(Duration::from_millis(700));
    let zk = client.connect().await.unwrap();
    zk.exists("/").await.unwrap();
    first.shutdown().await;
    let error = zk.exists("/").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    let reason =
        "zk2:2181: its certificate is not for zk2 but for zk1; connect by a name that it is for";
    assert!(error.to_string().contains(reason), "{error}");
    assert_eq!(second.hooks().sessions(), []);
}

/// A folder of this test's own.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("zk-tests-tls-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn put(&self, name: &str, text: &str) {
        // As those do who rotate certificates: a reader sees the old file or the new one.
        let new = self.0.join("new");
        fs::write(&new, text).unwrap();
        fs::rename(&new, self.0.join(name)).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(Path::new(&self.0));
    }
}

async fn server_of(authority: &Authority, port: u16) -> EmbeddedServer {
    let issued = authority.issue(Request::names(&["zk1"]));
    let tls = shows(&issued).client_ca(authority.pem());
    let started = EmbeddedServer::builder().port(port).tls(tls).start().await;
    started.unwrap()
}

/// Asks until an attempt after the last change was made: between two of them is a pause.
async fn refused_for(zk: &Client, reason: &str) {
    let mut last = String::new();
    let refused = async {
        while !last.contains(reason) {
            last = zk.exists("/").await.unwrap_err().to_string();
        }
    };
    let in_time = timeout(Duration::from_secs(30), refused).await;
    assert!(in_time.is_ok(), "{reason}: {last}");
}

#[tokio::test]
async fn b89_certificates_that_are_replaced_count_from_the_next_connection_on() {
    let (old, new) = (authority(), Authority::new("the next authority"));
    let folder = Folder::new();
    let mine = old.issue(Request::subject("before"));
    folder.put("ca", old.pem());
    folder.put("certificate", &mine.certificate);
    folder.put("key", &mine.key);
    let tls = TlsConfig::new()
        .ca_file(folder.path("ca"))
        .client_certificate_files(folder.path("certificate"), folder.path("key"));
    let first = server_of(&old, 0).await;
    let address = first.addr();
    let client = builder(&[("zk1", address)], tls).request_timeout(Duration::from_millis(700));
    let zk = client.connect().await.unwrap();
    let mut states = zk.watch_state();
    first.shutdown().await;
    let second = server_of(&new, address.port()).await;

    refused_for(&zk, "of an authority that is not trusted").await;
    let mine = new.issue(Request::subject("after"));
    folder.put("ca", new.pem());
    folder.put("certificate", &mine.certificate);
    refused_for(&zk, "do not belong together").await;
    assert_eq!(second.hooks().sessions(), []);
    folder.put("key", &mine.key);

    let renewed = |state: &State| matches!(state, State::Connected { generation: 2, .. });
    while !renewed(&states.changed().await.unwrap()) {}
    let creator = [Acl::creator_all()];
    zk.create("/mine", "").acl(creator).await.unwrap();
    let of_it = Acl::x509("CN=after,OU=tests,O=zk-recipes");
    assert_eq!(zk.acl("/mine").await.unwrap().0, [of_it]);
    zk.close().await.unwrap();
}

#[tokio::test]
async fn a_session_outlives_the_connections_it_is_taken_over() {
    let authority = authority();
    let issued = authority.issue(Request::names(&["zk1"]));
    let server = server(shows(&issued)).await;
    let client = builder(&[("zk1", server.addr())], trusting(&authority));
    let zk = client.connect().await.unwrap();
    let session = zk.session_id();
    for _ in 0..3 {
        server.hooks().cut_all();
        zk.exists("/").await.unwrap();
    }
    assert_eq!(zk.session_id(), session);
    assert_eq!(zk.stats().connections_lost, 3);
}
