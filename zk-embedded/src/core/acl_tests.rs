//! Who may do what, and what an ACL becomes when it is stored.

use std::net::Ipv4Addr;

use super::*;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 1, 2, 3));

fn nobody() -> Identities {
    Identities::of_address(HERE, Schemes::default())
}

fn user(credential: &str) -> Identities {
    let mut identities = nobody();
    identities
        .authenticate("digest", credential.as_bytes(), HERE, None)
        .unwrap();
    identities
}

fn acl(text: &str) -> Acl {
    text.parse().unwrap()
}

#[test]
fn an_entry_permits_what_it_names_to_whom_it_names() {
    let of_u = Acl::digest("u", "p").with_perms(Permissions::READ);
    let acl = [of_u, acl("ip:10.1.0.0/16:w"), acl("world:anyone:c")];
    let (u, other) = (user("u:p"), user("u:q"));
    assert_eq!(u.check(&acl, Permissions::READ), Ok(()));
    assert_eq!(other.check(&acl, Permissions::READ), Err(ErrorCode::NoAuth));
    assert_eq!(other.check(&acl, Permissions::WRITE), Ok(()));
    assert_eq!(nobody().check(&acl, Permissions::CREATE), Ok(()));
    assert_eq!(u.check(&acl, Permissions::ADMIN), Err(ErrorCode::NoAuth));
    assert_eq!(
        u.check(&acl, Permissions::READ | Permissions::ADMIN),
        Ok(()),
        "any of them will do"
    );
    assert_eq!(
        nobody().check(&[], Permissions::ADMIN),
        Ok(()),
        "no ACL, no protection"
    );
}

#[test]
fn b83_the_super_user_is_stopped_by_nothing() {
    let digest = digest_id("super:secret");
    let mut root = nobody();
    root.authenticate("digest", b"super:wrong", HERE, Some(&digest))
        .unwrap();
    let closed = [acl("digest:u:x:cdrwa")];
    assert_eq!(
        root.check(&closed, Permissions::READ),
        Err(ErrorCode::NoAuth)
    );
    root.authenticate("digest", b"super:secret", HERE, Some(&digest))
        .unwrap();
    assert_eq!(root.check(&closed, Permissions::READ), Ok(()));
}

#[test]
fn b84_networks_are_compared_by_their_prefix() {
    for (network, inside) in [
        ("10.1.2.3", true),
        ("10.1.2.4", false),
        ("10.1.2.3/32", true),
        ("10.1.2.0/30", true),
        ("10.1.2.4/30", false),
        ("10.0.0.0/8", true),
        ("11.0.0.0/8", false),
        ("99.0.0.0/0", true),
    ] {
        let acl = [Acl::new("ip", network, Permissions::ALL)];
        assert_eq!(
            nobody().check(&acl, Permissions::READ).is_ok(),
            inside,
            "{network}"
        );
    }
}

#[test]
fn an_acl_that_names_nobody_the_server_knows_is_invalid() {
    for entry in [
        "world:somebody:r",
        "digest:u:r",
        "digest:u:a:b:r",
        "ip:10.1.2:r",
        "ip:10.1.2.3/33:r",
        "ip:10.1.2.3/x:r",
        "super::r",
        "sasl:u:r",
        "auth::r",
    ] {
        assert_eq!(
            nobody().fix_up(&[acl(entry)]),
            Err(ErrorCode::InvalidAcl),
            "{entry}"
        );
    }
    assert_eq!(nobody().fix_up(&[]), Err(ErrorCode::InvalidAcl));
}

#[test]
fn auth_becomes_one_entry_for_each_proven_user() {
    let mut both = user("u:p");
    both.authenticate("digest", b"v:q", HERE, None).unwrap();
    both.authenticate("digest", b"u:p", HERE, None).unwrap();
    let wanted = [
        acl("auth:ignored:rw"),
        acl("world:anyone:r"),
        acl("world:anyone:r"),
    ];
    let rw = Permissions::READ | Permissions::WRITE;
    let stored = vec![
        Acl::digest("u", "p").with_perms(rw),
        Acl::digest("v", "q").with_perms(rw),
        acl("world:anyone:r"),
    ];
    assert_eq!(both.fix_up(&wanted), Ok(stored));
}

/// As seen on a real server.
#[test]
fn identities_are_in_the_order_of_the_table_and_not_of_their_proofs() {
    let mut both = user("v:q");
    both.authenticate("digest", b"nameless", HERE, None)
        .unwrap();
    let stored = both.fix_up(&[acl("auth::r")]).unwrap();
    let users: Vec<&str> = stored
        .iter()
        .filter_map(|entry| entry.id.split(':').next())
        .collect();
    assert_eq!(users, ["nameless", "v"]);
}

#[test]
fn the_table_grows_before_it_is_full() {
    for (len, places) in [(1, 16), (11, 16), (12, 32), (23, 32), (24, 64)] {
        assert_eq!(places_for(len), places, "{len}");
    }
}

#[test]
fn what_auth_stands_for_is_stored_even_beside_its_like() {
    let own = Acl::digest("u", "p");
    let wanted = [
        acl("auth::cdrwa"),
        own.clone(),
        acl("auth:x:cdrwa"),
        own.clone(),
    ];
    let stored = vec![own.clone(), own.clone(), own];
    assert_eq!(user("u:p").fix_up(&wanted), Ok(stored));
}

#[test]
fn b85_hashes_are_shown_to_administrators_alone() {
    let stored = [Acl::digest("u", "p"), acl("world:anyone:r")];
    assert_eq!(user("u:p").visible(&stored), stored);
    assert_eq!(
        nobody().visible(&stored),
        [acl("digest:u:x:cdrwa"), acl("world:anyone:r")]
    );
}

#[test]
fn who_am_i_names_users_without_their_hashes() {
    let info = |scheme: &str, user: &str| ClientInfo {
        auth_scheme: scheme.to_owned(),
        user: user.to_owned(),
    };
    assert_eq!(
        user("u:p").client_infos(),
        [info("ip", "10.1.2.3"), info("digest", "u")]
    );
}

#[test]
fn an_unknown_scheme_is_a_failed_authentication() {
    for scheme in ["sasl", "world", "super", ""] {
        let result = nobody().authenticate(scheme, b"x", HERE, None);
        assert_eq!(result, Err(ErrorCode::AuthFailed), "{scheme}");
    }
    assert_eq!(nobody().authenticate("ip", b"", HERE, None), Ok(()));
}
