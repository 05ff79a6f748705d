//! Real ZooKeeper behind TLS and SASL does the same, and refuses whom it should.

use std::sync::OnceLock;
use std::time::Duration;

use zk_client::{Acl, Client, ClientBuilder, DigestMd5, Error, ErrorKind, TlsConfig};
use zk_tests::acl_matrix::{Scheme, check};
use zk_tests::conformance::Server;
use zk_tests::pki::{Authority, Request};
use zk_tests::{ProtectedServer, Protection, conformance_tests, each_conformance_body};

use crate::host::{Authenticated, Encrypted};

/// The server that all tests of this process share.
fn shared() -> &'static ProtectedServer {
    static SHARED: OnceLock<ProtectedServer> = OnceLock::new();
    SHARED.get_or_init(|| ProtectedServer::start(true, false))
}

fn stock() -> &'static ProtectedServer {
    static STOCK: OnceLock<ProtectedServer> = OnceLock::new();
    STOCK.get_or_init(|| ProtectedServer::start(false, false))
}

fn demanding() -> &'static ProtectedServer {
    static DEMANDING: OnceLock<ProtectedServer> = OnceLock::new();
    DEMANDING.get_or_init(|| ProtectedServer::start(true, true))
}

mod by_tls {
    use super::*;

    async fn server(name: &str) -> Server {
        let host = Encrypted {
            shared: shared(),
            stock,
            is_before_3_9: false,
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
            is_before_3_9: false,
        };
        Server::new(Box::new(host), &format!("sasl-{name}")).await
    }

    each_conformance_body!(conformance_tests);
}

#[tokio::test]
async fn each_permission_of_each_scheme_allows_its_own_operations_to_whom_it_names() {
    let server = shared();
    let client = || Client::builder(server.connect_string()).tls(server.protection().trusting());
    let shown = |name: &str| {
        let mine = server
            .protection()
            .authority()
            .issue(Request::subject(name));
        let tls = server
            .protection()
            .trusting()
            .client_certificate_pem(mine.certificate, mine.key);
        Client::builder(server.connect_string()).tls(tls).connect()
    };
    let sasl =
        |(user, password): (&str, &str)| client().sasl(DigestMd5::new(user, password)).connect();
    let digest = |credential: &'static str| client().auth("digest", credential).connect();
    let [app, other, zoe] = Protection::USERS;
    let named = |entry: Acl, holder: Client, stranger: Option<Client>| Scheme {
        entry,
        holder,
        stranger,
    };
    let anybody = client().connect().await.unwrap();
    let (alice, bob) = (digest("alice:wonder").await, digest("alice:wrong").await);
    let schemes = [
        named(Acl::open(), anybody.clone(), None),
        named(Acl::ip("0.0.0.0/0"), anybody.clone(), None),
        named(
            Acl::digest("alice", "wonder"),
            alice.unwrap(),
            Some(bob.unwrap()),
        ),
        named(
            Acl::x509("CN=app,OU=tests,O=zk-recipes"),
            shown("app").await.unwrap(),
            Some(shown("other").await.unwrap()),
        ),
        named(
            Acl::sasl(app.0),
            sasl(app).await.unwrap(),
            Some(sasl(other).await.unwrap()),
        ),
        named(Acl::sasl(zoe.0), sasl(zoe).await.unwrap(), None),
    ];
    check(&anybody, "/matrix", &schemes).await;
}

/// The error of a connect, without what differs from run to run.
async fn refused(client: ClientBuilder) -> (ErrorKind, String) {
    let limit = Duration::from_secs(5);
    let error: Error = client
        .fail_fast()
        .connect_timeout(limit)
        .connect()
        .await
        .unwrap_err();
    (error.kind(), error.to_string())
}

#[tokio::test]
async fn a_wrong_password_is_told_from_a_server_that_cannot_be_reached() {
    let server = shared();
    for (user, password) in [("app", "wrong"), ("nobody", "s3cret word")] {
        let client = Client::builder(server.connect_string()).tls(server.protection().trusting());
        let (kind, text) = refused(client.sasl(DigestMd5::new(user, password))).await;
        assert_eq!(kind, ErrorKind::AuthFailed, "{text}");
        let opening = format!(
            "{} refused SASL DIGEST-MD5 for user {user}; ",
            server.connect_string()
        );
        assert!(text.starts_with(&opening), "{text}");
    }
}

#[tokio::test]
async fn a_server_of_another_authority_or_name_is_refused() {
    let server = shared();
    let stranger = Authority::new("another authority");
    let tls = TlsConfig::new().ca_pem(stranger.pem().to_owned());
    let (kind, text) = refused(Client::builder(server.connect_string()).tls(tls)).await;
    assert_eq!(kind, ErrorKind::Tls, "{text}");
    assert!(
        text.contains("its certificate is of an authority that is not trusted"),
        "{text}"
    );
    let by_name = server.connect_string().replace("127.0.0.1", "localhost");
    let (kind, text) = refused(Client::builder(by_name).tls(server.protection().trusting())).await;
    assert_eq!(kind, ErrorKind::Tls, "{text}");
    assert!(
        text.contains("its certificate is not for localhost but for 127.0.0.1"),
        "{text}"
    );
    let plain =
        Client::builder(server.plain().connect_string()).tls(server.protection().trusting());
    let (kind, text) = refused(plain).await;
    assert_eq!(kind, ErrorKind::Tls, "{text}");
    assert!(text.contains("it may be a port for plain text"), "{text}");
}

#[tokio::test]
async fn a_server_that_wants_a_certificate_and_sasl_gets_both_or_says_what_it_lacks() {
    let server = demanding();
    let client = |tls| Client::builder(server.connect_string()).tls(tls);
    let (kind, text) = refused(client(server.protection().trusting())).await;
    assert_eq!(kind, ErrorKind::Tls, "{text}");
    assert!(text.contains("wants a client certificate"), "{text}");

    let stranger = Authority::new("another authority").issue(Request::subject("mallory"));
    let forged = server
        .protection()
        .trusting()
        .client_certificate_pem(stranger.certificate, stranger.key);
    let (kind, text) = refused(client(forged)).await;
    assert_eq!(kind, ErrorKind::Tls, "{text}");
    assert!(
        text.contains("refused the client's certificate ("),
        "{text}"
    );

    let mine = server
        .protection()
        .authority()
        .issue(Request::subject("app"));
    let shown = server
        .protection()
        .trusting()
        .client_certificate_pem(mine.certificate, mine.key);
    let zk = client(shown.clone()).connect().await.unwrap();
    let error = zk.exists("/").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AuthFailed, "{error}");
    assert!(
        error
            .to_string()
            .contains("serves only clients that authenticate by SASL"),
        "{error}"
    );

    let zk = Protection::as_app(client(shown)).connect().await.unwrap();
    zk.exists("/").await.unwrap();
    zk.close().await.unwrap();
}

/// How long one body may take.
const LIMIT: Duration = Duration::from_secs(60);
