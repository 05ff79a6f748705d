//! Servers that are not who they should be, and clients that servers do not want.

use zk_client::{Acl, Client, ErrorKind, TlsConfig};
use zk_embedded::{EmbeddedServer, ServerTls};
use zk_tests::pki::{Authority, Request};

use crate::kit::{authority, builder, refused, server, shows, trusting, zk1};

const TRUST: &str = "trust the authority that issued it (.ca_file(), zkctl --tls-ca)";

/// What a client that trusts `authority` says of a server with this certificate, of which it wants nothing then.
async fn verdict(authority: &Authority, tls: ServerTls) -> String {
    let server = server(tls).await;
    let servers = [("zk1", server.addr())];
    let reason = refused(builder(&servers, trusting(authority)).fail_fast()).await;
    assert_untouched(&server);
    reason
}

fn assert_untouched(server: &EmbeddedServer) {
    assert_eq!(server.hooks().sessions(), []);
    assert_eq!(server.hooks().drain_log().len(), 0);
}

#[tokio::test]
async fn b89_a_server_of_the_authority_is_trusted_under_its_name() {
    let authority = authority();
    let server = zk1(&authority).await;
    let client = builder(&[("zk1", server.addr())], trusting(&authority));
    let zk = client.connect().await.unwrap();
    zk.create("/a", vec![7; 900_000]).await.unwrap();
    assert_eq!(zk.get("/a").await.unwrap().data.len(), 900_000);
    zk.close().await.unwrap();
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let authority = authority();
    let expired = authority.issue(Request::names(&["zk1"]).in_year(2020));
    let reason = verdict(&authority, shows(&expired)).await;
    let days = reason.strip_prefix("its certificate expired ").unwrap();
    let (days, rest) = days.split_once(' ').unwrap();
    assert!(days.parse::<u32>().unwrap() > 1_000);
    assert_eq!(rest, "days ago; renew it (or set this machine's clock)");
}

#[tokio::test]
async fn a_certificate_that_is_not_valid_yet_is_refused() {
    let authority = authority();
    let future = authority.issue(Request::names(&["zk1"]).in_year(3000));
    let reason = verdict(&authority, shows(&future)).await;
    assert!(
        reason.starts_with("its certificate is not valid yet, but in "),
        "{reason}"
    );
    assert!(
        reason.ends_with(" days; is this machine's clock right?"),
        "{reason}"
    );
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let authority = authority();
    let other = authority.issue(Request::names(&["zk2", "10.0.0.5"]));
    assert_eq!(
        verdict(&authority, shows(&other)).await,
        "its certificate is not for zk1 but for zk2, 10.0.0.5; connect by a name that it is for"
    );
}

#[tokio::test]
async fn an_address_is_refused_where_the_certificate_is_for_names_alone() {
    let authority = authority();
    let server = zk1(&authority).await;
    let client = Client::builder(server.connect_string()).tls(trusting(&authority));
    let error = client.fail_fast().connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls);
    let reason = "its certificate is not for the address 127.0.0.1 but for zk1; connect by a name that it is for";
    assert!(error.to_string().contains(reason), "{error}");
    assert_untouched(&server);
}

#[tokio::test]
async fn an_address_that_the_certificate_is_for_is_trusted() {
    let authority = authority();
    let server = server(shows(&authority.issue(Request::names(&["127.0.0.1"])))).await;
    let client = Client::builder(server.connect_string()).tls(trusting(&authority));
    client.connect().await.unwrap().close().await.unwrap();
}

#[tokio::test]
async fn a_self_signed_certificate_is_refused() {
    let own = Request::names(&["zk1"]).self_signed();
    assert_eq!(
        verdict(&authority(), shows(&own)).await,
        format!("its certificate is self-signed and not trusted itself; {TRUST}")
    );
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_refused() {
    let stranger = Authority::new("another authority");
    let issued = stranger.issue(Request::names(&["zk1"]));
    assert_eq!(
        verdict(&authority(), shows(&issued)).await,
        format!("its certificate is of an authority that is not trusted; {TRUST}")
    );
}

#[tokio::test]
async fn an_authority_of_the_same_name_with_another_key_is_refused() {
    let issued = authority().issue(Request::names(&["zk1"]));
    assert_eq!(
        verdict(&authority(), shows(&issued)).await,
        "its certificate is not signed by the trusted authority of that name: somebody forged it, or the authority has \
         another key now"
    );
}

#[tokio::test]
async fn a_certificate_that_is_not_meant_for_servers_is_refused() {
    let authority = authority();
    let issued = authority.issue(Request::names(&["zk1"]).for_clients_alone());
    assert_eq!(
        verdict(&authority, shows(&issued)).await,
        "its certificate is not meant for servers (extended key usage); issue one with serverAuth"
    );
}

#[tokio::test]
async fn b89_a_client_without_the_certificate_that_is_wanted_is_told_so() {
    let authority = authority();
    let issued = authority.issue(Request::names(&["zk1"]));
    let wants = shows(&issued).client_ca(authority.pem());
    assert_eq!(
        verdict(&authority, wants).await,
        "wants a client certificate (ssl.clientAuth); show one (.client_certificate_files(), zkctl --tls-cert and \
         --tls-key)"
    );
}

#[tokio::test]
async fn a_client_whose_certificate_is_refused_is_told_so() {
    let (authority, stranger) = (authority(), Authority::new("another authority"));
    let issued = authority.issue(Request::names(&["zk1"]));
    let server = server(shows(&issued).client_ca(authority.pem())).await;
    let mine = stranger.issue(Request::subject("mallory"));
    let tls = trusting(&authority).client_certificate_pem(mine.certificate, mine.key);
    let reason = refused(builder(&[("zk1", server.addr())], tls).fail_fast()).await;
    assert_eq!(
        reason,
        "refused the client's certificate (unknown CA); is its authority in the server's trust store (ssl.trustStore)?"
    );
    assert_untouched(&server);
}

#[tokio::test]
async fn b89_the_subject_of_a_clients_certificate_is_an_identity_for_acls() {
    let authority = authority();
    let issued = authority.issue(Request::names(&["zk1"]));
    let tls = shows(&issued).client_ca(authority.pem());
    let server = server(tls.client_certificate_optional()).await;
    let servers = [("zk1", server.addr())];
    let mine = authority.issue(Request::subject("app"));
    let shown = trusting(&authority).client_certificate_pem(mine.certificate, mine.key);
    let zk = builder(&servers, shown).connect().await.unwrap();
    let creator = [Acl::creator_all()];
    zk.create("/mine", "x").acl(creator).await.unwrap();
    let of_app = Acl::x509("CN=app,OU=tests,O=zk-recipes");
    assert_eq!(zk.acl("/mine").await.unwrap().0, [of_app]);
    let nobody = builder(&servers, trusting(&authority)).connect().await;
    let error = nobody.unwrap().get("/mine").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoAuth);
}

#[tokio::test]
async fn the_two_opt_outs_weaken_no_more_than_they_say() {
    let (trusted, stranger) = (authority(), Authority::new("another authority"));
    let theirs = server(shows(&stranger.issue(Request::names(&["zk2"])))).await;
    let ours = server(shows(&trusted.issue(Request::names(&["zk2"])))).await;
    let any_name = || trusting(&trusted).dangerous_accept_any_host_name();
    let anybody = || TlsConfig::new().dangerous_accept_any_certificate();
    let reason = refused(builder(&[("zk1", theirs.addr())], any_name()).fail_fast()).await;
    assert!(
        reason.contains("of an authority that is not trusted"),
        "{reason}"
    );
    assert_untouched(&theirs);
    for (server, tls) in [
        (&ours, any_name()),
        (&ours, anybody()),
        (&theirs, anybody()),
    ] {
        let zk = builder(&[("zk1", server.addr())], tls).connect().await;
        zk.unwrap().close().await.unwrap();
    }
}

#[tokio::test]
async fn what_cannot_be_used_is_a_mistake_of_configuration_that_quotes_nothing() {
    let authority = authority();
    let mine = authority.issue(Request::subject("app"));
    let other = authority.issue(Request::subject("other"));
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let cases = [
        (
            TlsConfig::new(),
            "TLS needs the certificate of the servers' authority (.ca_file(), zkctl --tls-ca)",
        ),
        (
            TlsConfig::new().ca_file("/nonexistent/ca.pem"),
            "cannot read /nonexistent/ca.pem: No such file or directory (os error 2)",
        ),
        (
            TlsConfig::new().ca_pem("s3cret"),
            "the PEM given holds no certificate in PEM",
        ),
        (
            trusting(&authority).crl_file("/nonexistent/crl.pem"),
            "cannot read /nonexistent/crl.pem: No such file or directory (os error 2)",
        ),
        (
            trusting(&authority).crl_pem("s3cret"),
            "the PEM given holds no revocation list in PEM",
        ),
        (
            trusting(&authority)
                .crl_pem("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"),
            "a revocation list is malformed, or of a kind that is not supported (a delta, an indirect one)",
        ),
        (
            trusting(&authority).client_certificate_pem(mine.certificate.clone(), "s3cret"),
            "the PEM given holds no private key in PEM",
        ),
        (
            trusting(&authority).client_certificate_pem(mine.certificate.clone(), encrypted),
            "the key in the PEM given is encrypted, which is not supported; store it decrypted, readable by its user \
             alone",
        ),
        (
            trusting(&authority).client_certificate_pem(mine.certificate, other.key),
            "the client's certificate in the PEM given and the key in the PEM given do not belong together",
        ),
    ];
    for (tls, text) in cases {
        let error = Client::builder("zk1").tls(tls).connect().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        assert_eq!(error.to_string(), text);
    }
}
