//! The matrix of permissions on an embedded server.

use zk_client::{Acl, DigestMd5};
use zk_embedded::EmbeddedServer;
use zk_tests::acl_matrix::{Scheme, check};
use zk_tests::pki::Request;

use crate::kit::{authority, builder, shows, trusting};

#[tokio::test]
async fn each_permission_of_each_scheme_allows_its_own_operations_to_whom_it_names() {
    let authority = authority();
    let issued = authority.issue(Request::names(&["zk1"]));
    let tls = shows(&issued).client_ca(authority.pem());
    let server = EmbeddedServer::builder()
        .tls(tls.client_certificate_optional())
        .configure(|config| {
            config.sasl_users.add("app", "s3cret");
            config.sasl_users.add("other", "0ther");
        });
    let server = server.start().await.unwrap();
    let client = || builder(&[("zk1", server.addr())], trusting(&authority));
    let shown = |name: &str| {
        let mine = authority.issue(Request::subject(name));
        let tls = trusting(&authority).client_certificate_pem(mine.certificate, mine.key);
        builder(&[("zk1", server.addr())], tls).connect()
    };
    let sasl = |user: &str, password: &str| client().sasl(DigestMd5::new(user, password)).connect();
    let digest = |credential: &'static str| client().auth("digest", credential).connect();
    let schemes = [
        Scheme {
            entry: Acl::open(),
            holder: client().connect().await.unwrap(),
            stranger: None,
        },
        Scheme {
            entry: Acl::digest("alice", "wonder"),
            holder: digest("alice:wonder").await.unwrap(),
            stranger: Some(digest("alice:wrong").await.unwrap()),
        },
        Scheme {
            entry: Acl::ip("127.0.0.0/8"),
            holder: client().connect().await.unwrap(),
            stranger: None,
        },
        Scheme {
            entry: Acl::x509("CN=app,OU=tests,O=zk-recipes"),
            holder: shown("app").await.unwrap(),
            stranger: Some(shown("other").await.unwrap()),
        },
        Scheme {
            entry: Acl::sasl("app"),
            holder: sasl("app", "s3cret").await.unwrap(),
            stranger: Some(sasl("other", "0ther").await.unwrap()),
        },
    ];
    let root = client().connect().await.unwrap();
    check(&root, "/matrix", &schemes).await;
}
