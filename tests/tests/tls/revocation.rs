//! Certificates that hold no longer.

use zk_client::TlsConfig;
use zk_tests::pki::{Authority, Request};

use crate::kit::{authority, builder, refused, server, shows, trusting};

const MINE: u64 = 7;

/// What a client says of the server with the number 7 that has these lists; nothing, if it connects.
async fn verdict(authority: &Authority, lists: &[String]) -> Option<String> {
    let issued = authority.issue(Request::names(&["zk1"]).numbered(MINE));
    let server = server(shows(&issued)).await;
    let mut tls: TlsConfig = trusting(authority);
    for list in lists {
        tls = tls.crl_pem(list.clone());
    }
    let client = || builder(&[("zk1", server.addr())], tls.clone()).fail_fast();
    if let Ok(zk) = client().connect().await {
        zk.close().await.unwrap();
        return None;
    }
    let reason = refused(client()).await;
    assert_eq!(server.hooks().sessions(), []);
    Some(reason)
}

#[tokio::test]
async fn b89_a_revoked_certificate_is_refused_and_others_of_its_authority_are_not() {
    let authority = authority();
    let revoked =
        "its certificate was revoked by the authority that issued it; give the server another one";
    for (numbers, expected) in [
        (&[][..], None),
        (&[6, 8], None),
        (&[MINE], Some(revoked)),
        (&[6, MINE, 8], Some(revoked)),
    ] {
        let list = authority.revoke(numbers, 2999);
        let verdict = verdict(&authority, &[list]).await;
        assert_eq!(verdict.as_deref(), expected, "{numbers:?}");
    }
}

#[tokio::test]
async fn a_certificate_that_no_list_covers_is_refused() {
    let (authority, other) = (authority(), Authority::new("another authority"));
    let theirs = other.revoke(&[], 2999);
    let unknown = "no revocation list says whether its certificate still holds; add the list of the authority that \
                   issued it (.crl_file(), zkctl --tls-crl)";
    let alone = verdict(&authority, std::slice::from_ref(&theirs)).await;
    assert_eq!(alone.as_deref(), Some(unknown));
    let ours = authority.revoke(&[], 2999);
    assert_eq!(verdict(&authority, &[theirs, ours]).await, None);
}

#[tokio::test]
async fn a_list_that_is_out_of_date_says_nothing_any_more() {
    let authority = authority();
    let old = authority.revoke(&[], 2021);
    let reason = verdict(&authority, &[old]).await.unwrap();
    let days = reason
        .strip_prefix("the revocation list of its authority has been out of date for ")
        .unwrap();
    let (days, rest) = days.split_once(' ').unwrap();
    assert!(days.parse::<u32>().unwrap() > 1_000);
    assert_eq!(rest, "days; fetch the next one");
}

/// Nobody but the authority itself can revoke, or take a revocation back.
#[tokio::test]
async fn a_list_that_somebody_else_signed_counts_for_nothing() {
    let (ours, forger) = (authority(), authority());
    let forged = forger.revoke(&[], 2999);
    let reason = verdict(&ours, &[forged]).await.unwrap();
    assert!(!reason.is_empty(), "{reason}");
}
