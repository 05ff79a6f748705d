//! Certificates that their authority took back.

use zk_client::{Client, ErrorKind, TlsConfig};
use zk_tests::pki::{Authority, Issued, Request};

use crate::kit::{authority, builder, refused, server, shows, trusting};

/// A year that no list of these tests outlives.
const LATE: i32 = 2120;

const NEXT: &str = "fetch the current one (.crl_file(), zkctl --tls-crl)";

fn zk1(authority: &Authority) -> Issued {
    authority.issue(Request::names(&["zk1"]))
}

/// What a client with this configuration says of a server that shows this certificate.
async fn verdict(issued: &Issued, tls: TlsConfig) -> String {
    let server = server(shows(issued)).await;
    let reason = refused(builder(&[("zk1", server.addr())], tls).fail_fast()).await;
    assert_eq!(server.hooks().sessions(), []);
    assert_eq!(server.hooks().drain_log().len(), 0);
    reason
}

async fn is_accepted(issued: &Issued, tls: TlsConfig) {
    let server = server(shows(issued)).await;
    let zk = builder(&[("zk1", server.addr())], tls).connect().await;
    let zk = zk.unwrap();
    zk.create("/a", "").await.unwrap();
    zk.close().await.unwrap();
}

#[tokio::test]
async fn b89_a_revoked_certificate_is_refused_and_others_of_its_authority_are_not() {
    let authority = authority();
    let (bad, good) = (zk1(&authority), zk1(&authority));
    let list = authority.revocation_list(&[&bad], LATE);
    let tls = || trusting(&authority).crl_pem(list.clone());
    assert_eq!(
        verdict(&bad, tls()).await,
        "its certificate was revoked by its authority; give the server a new one"
    );
    is_accepted(&good, tls()).await;
    // Without the list nobody knows.
    is_accepted(&bad, trusting(&authority)).await;
}

#[tokio::test]
async fn a_revoked_certificate_is_refused_whatever_name_will_do() {
    let authority = authority();
    let bad = authority.issue(Request::names(&["zk2"]));
    let list = authority.revocation_list(&[&bad], LATE);
    let tls = trusting(&authority).crl_pem(list);
    let reason = verdict(&bad, tls.dangerous_accept_any_host_name()).await;
    assert!(
        reason.starts_with("its certificate was revoked"),
        "{reason}"
    );
}

#[tokio::test]
async fn without_a_list_of_the_authority_a_certificate_is_refused() {
    let (authority, other) = (authority(), Authority::new("another authority"));
    let list = other.revocation_list(&[], LATE);
    let trusts_both = || trusting(&authority).ca_pem(other.pem().to_owned());
    assert_eq!(
        verdict(&zk1(&authority), trusts_both().crl_pem(list.clone())).await,
        format!(
            "whether its certificate was revoked is unknown: there is no revocation list of the authority that \
             issued it; {NEXT}"
        )
    );
    let both = trusts_both()
        .crl_pem(list)
        .crl_pem(authority.revocation_list(&[], LATE));
    is_accepted(&zk1(&authority), both.clone()).await;
    is_accepted(&zk1(&other), both).await;
}

#[tokio::test]
async fn a_list_that_is_out_of_date_is_as_bad_as_none() {
    let authority = authority();
    let tls = trusting(&authority).crl_pem(authority.revocation_list(&[], 2021));
    let reason = verdict(&zk1(&authority), tls).await;
    let opening = "the revocation list of its authority is out of date since ";
    let since = reason.strip_prefix(opening).unwrap();
    let (days, rest) = since.split_once(' ').unwrap();
    assert!(days.parse::<u32>().unwrap() > 1_000);
    assert_eq!(rest, format!("days; {NEXT}"));
}

#[tokio::test]
async fn a_list_that_somebody_else_signed_in_the_name_of_the_authority_is_no_list() {
    let authority = authority();
    let forged = Authority::new("the authority").revocation_list(&[], LATE);
    let reason = verdict(&zk1(&authority), trusting(&authority).crl_pem(forged)).await;
    assert_eq!(
        reason,
        format!(
            "the revocation list in the name of its authority is not signed by that one; {NEXT}"
        )
    );
}

#[tokio::test]
async fn a_list_is_read_for_each_connection() {
    let authority = authority();
    let issued = zk1(&authority);
    let file = std::env::temp_dir().join(format!("zk-tests-{}-list.pem", std::process::id()));
    let write = |text: String| std::fs::write(&file, text).unwrap();
    write(authority.revocation_list(&[], LATE));
    let tls = trusting(&authority).crl_file(&file);
    is_accepted(&issued, tls.clone()).await;
    write(authority.revocation_list(&[&issued], LATE));
    let reason = verdict(&issued, tls.clone()).await;
    assert!(
        reason.starts_with("its certificate was revoked"),
        "{reason}"
    );
    std::fs::remove_file(&file).unwrap();
    let error = Client::builder("zk1").tls(tls).connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{error}");
    assert!(
        error.to_string().contains(&*file.to_string_lossy()),
        "{error}"
    );
}

#[tokio::test]
async fn what_is_no_list_is_told_before_anything_is_dialled() {
    let authority = authority();
    for text in ["", authority.pem()] {
        let tls = trusting(&authority).crl_pem(text.to_owned());
        let error = Client::builder("zk1").tls(tls).connect().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{error}");
        let reason = "the PEM given holds no revocation list in PEM";
        assert!(error.to_string().contains(reason), "{error}");
    }
}
