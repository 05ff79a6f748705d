//! Who may do what.

use zk_recipes::{Acl, CreateMode, Error, ErrorKind, Fate, Permissions};

use super::server::Server;

const ALICE: &str = "alice:wonder:land";
const BOB: &str = "bob:builder";

fn alice() -> Acl {
    Acl::digest("alice", "wonder:land")
}

fn assert_forbidden(result: Result<impl std::fmt::Debug, Error>) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoAuth, "{error}");
    assert_eq!(error.fate(), Fate::NotApplied);
}

pub async fn a_node_is_open_unless_told_otherwise(server: &Server) {
    let zk = server.client().await;
    let created = zk.create("/node", "").await.unwrap().stat;
    assert_eq!(zk.acl("/node").await.unwrap(), (vec![Acl::open()], created));
}

pub async fn a_new_acl_raises_its_own_version_alone(server: &Server) {
    let zk = server.client().await;
    let created = zk.create("/node", "").await.unwrap().stat;
    let acl = vec![Acl::read_only(), alice()];
    let stat = zk.set_acl("/node", acl.clone()).await.unwrap();
    assert_eq!(stat.aversion, 1);
    let unchanged = zk_recipes::Stat {
        aversion: 0,
        ..stat
    };
    assert_eq!(unchanged, created);
    let (_, read) = server.client_of(ALICE).await.acl("/node").await.unwrap();
    assert_eq!(read, stat);
}

pub async fn an_acl_of_another_version_is_not_replaced(server: &Server) {
    let zk = server.client().await;
    zk.create("/node", "").await.unwrap();
    let open = vec![Acl::open()];
    zk.set_acl("/node", open.clone()).version(0).await.unwrap();
    let error = zk.set_acl("/node", open.clone()).version(0).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::BadVersion);
    assert_eq!(zk.acl("/node").await.unwrap().1.aversion, 1);
    let missing = zk.set_acl("/missing", open).await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NoNode);
}

pub async fn a_closed_node_is_its_users_alone(server: &Server) {
    let owner = server.client_of(ALICE).await;
    let create = owner.create("/closed", "secret").acl([alice()]);
    create.await.unwrap();
    owner.create("/closed/child", "").await.unwrap();
    let strangers = [
        server.client().await,
        server.client_of(BOB).await,
        // A wrong password is no failure of authentication, just somebody else.
        server.client_of("alice:wrong").await,
    ];
    for zk in strangers {
        assert_forbidden(zk.get("/closed").await);
        if server.guards_exists() {
            assert_forbidden(zk.exists("/closed").await);
        } else {
            assert!(zk.exists("/closed").await.unwrap().is_some());
        }
        assert_forbidden(zk.children("/closed").await);
        assert_forbidden(zk.children("/closed").with_stat().await);
        assert_forbidden(zk.acl("/closed").await);
        assert_forbidden(zk.set("/closed", "x").await);
        assert_forbidden(zk.set_acl("/closed", [Acl::open()]).await);
        assert_forbidden(zk.create("/closed/other", "").await);
        assert_forbidden(zk.delete("/closed/child").await);
        assert_forbidden(zk.multi().check("/closed", None).await);
        // Nothing is inherited, and a node is deleted by the leave of its parent.
        zk.set("/closed/child", "x").await.unwrap();
        assert!(zk.sync("/closed").await.is_ok());
        assert_eq!(zk.stats().connections_lost, 0);
    }
    assert_eq!(&owner.get("/closed").await.unwrap().data[..], b"secret");
    owner.set("/closed", "").await.unwrap();
    owner.delete("/closed/child").await.unwrap();
    // The place itself is open, so anybody may delete the closed node.
    server.client().await.delete("/closed").await.unwrap();
}

pub async fn each_permission_allows_its_own_operations(server: &Server) {
    let zk = server.client().await;
    let all = [
        Permissions::READ,
        Permissions::WRITE,
        Permissions::CREATE,
        Permissions::DELETE,
        Permissions::ADMIN,
    ];
    for perms in all {
        let node = format!("/only-{perms}");
        zk.create(&node, "").await.unwrap();
        zk.create(&format!("{node}/old"), "").await.unwrap();
        let acl = [Acl::open().with_perms(perms)];
        zk.set_acl(&node, acl).await.unwrap();
        server.is_everywhere().await;
        let allowed = [
            zk.get(&node).await.is_ok(),
            zk.children(&node).await.is_ok(),
            zk.exists(&node).await.is_ok(),
            zk.multi().check(&node, None).await.is_ok(),
            zk.set(&node, "x").await.is_ok(),
            zk.create(&format!("{node}/new"), "").await.is_ok(),
            zk.delete(&format!("{node}/old")).await.is_ok(),
            zk.acl(&node).await.is_ok(),
            zk.set_acl(&node, [Acl::open()]).await.is_ok(),
        ];
        let read = perms == Permissions::READ;
        let admin = perms == Permissions::ADMIN;
        let expected = [
            read,
            read,
            read || !server.guards_exists(),
            read,
            perms == Permissions::WRITE,
            perms == Permissions::CREATE,
            perms == Permissions::DELETE,
            read || admin,
            admin,
        ];
        assert_eq!(allowed, expected, "{perms}");
    }
}

pub async fn a_refusal_names_the_acl_and_the_identity(server: &Server) {
    let owner = server.client_of(ALICE).await;
    let acl = [Acl::read_only(), alice()];
    owner.create("/node", "").acl(acl).await.unwrap();
    let error = server.client_of(BOB).await.set("/node", "").await;
    let text = error.unwrap_err().to_string();
    assert!(text.contains("no permission to write /node"), "{text}");
    assert!(text.contains("world:anyone:r, digest:alice:"), "{text}");
    assert!(text.contains("authenticated as digest:bob"), "{text}");
    assert!(!text.contains("builder"), "{text}");
}

pub async fn the_scheme_auth_stands_for_all_identities_of_the_creator(server: &Server) {
    let builder = server.builder().auth("digest", ALICE).auth("digest", BOB);
    let both = builder.connect().await.unwrap();
    let creator = [Acl::creator_all()];
    both.create("/node", "").acl(creator).await.unwrap();
    let (mut acl, _) = both.acl("/node").await.unwrap();
    acl.sort_by(|a, b| a.id.cmp(&b.id));
    let mut all = vec![alice(), Acl::digest("bob", "builder")];
    all.extend(server.identity());
    all.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(acl, all);
    for user in [ALICE, BOB] {
        let zk = server.client_of(user).await;
        zk.set("/node", user).await.unwrap();
    }
    let stranger = server.client().await.get("/node").await;
    // Whoever is let in by an identity that all share is one of the creator's.
    match server.identity() {
        Some(_) => drop(stranger.unwrap()),
        None => assert_forbidden(stranger),
    }
}

pub async fn a_digest_is_shown_to_administrators_alone(server: &Server) {
    let owner = server.client_of(ALICE).await;
    let acl = vec![Acl::read_only(), alice()];
    owner.create("/node", "").acl(acl.clone()).await.unwrap();
    assert_eq!(owner.acl("/node").await.unwrap().0, acl);
    let (seen, _) = server.client().await.acl("/node").await.unwrap();
    let redacted = Acl::new("digest", "alice:x", Permissions::ALL);
    assert_eq!(seen, [Acl::read_only(), redacted]);
}

pub async fn a_malformed_acl_is_refused(server: &Server) {
    let zk = server.client().await;
    zk.create("/node", "").await.unwrap();
    let all = Permissions::ALL;
    let nobody = match server.identity() {
        Some(_) => vec![],
        None => vec![Acl::creator_all()],
    };
    let malformed = [
        vec![],
        nobody,
        vec![Acl::new("world", "nobody", all)],
        vec![Acl::new("digest", "without-colon", all)],
        vec![Acl::new("digest", "a:b:c", all)],
        vec![Acl::new("nonesuch", "id", all)],
        vec![Acl::new("super", "id", all)],
        vec![Acl::new("ip", "not-an-address", all)],
        vec![Acl::open(), Acl::new("nonesuch", "id", all)],
    ];
    for acl in malformed {
        let create = zk.create("/other", "").acl(acl.clone());
        let error = create.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidAcl, "{acl:?}");
        let error = zk.set_acl("/node", acl.clone()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidAcl, "{acl:?}");
        let mode = CreateMode::Persistent;
        let multi = zk.multi().create_with_acl("/other", "", mode, acl.clone());
        let error = multi.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidAcl, "{acl:?}");
    }
    assert_eq!(zk.exists("/other").await.unwrap(), None);
    assert_eq!(zk.acl("/node").await.unwrap().1.aversion, 0);
}

pub async fn equal_entries_of_an_acl_become_one(server: &Server) {
    let zk = server.client().await;
    let reader = Acl::new("digest", "bob:hash", Permissions::READ);
    let acl = [Acl::open(), reader.clone(), Acl::open(), reader.clone()];
    zk.create("/node", "").acl(acl).await.unwrap();
    let (acl, _) = zk.acl("/node").await.unwrap();
    assert_eq!(acl, [Acl::open(), reader]);
}

pub async fn an_address_may_be_allowed(server: &Server) {
    let zk = server.client().await;
    for (node, id) in [("/all", "0.0.0.0/0"), ("/none", "192.0.2.1")] {
        let acl = [Acl::new("ip", id, Permissions::ALL)];
        zk.create(node, "").acl(acl).await.unwrap();
    }
    zk.get("/all").await.unwrap();
    assert_forbidden(zk.get("/none").await);
}

pub async fn b83_an_unknown_scheme_of_authentication_ends_the_session(server: &Server) {
    let builder = server.builder().auth("nonesuch", "credentials");
    let error = builder.connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AuthFailed, "{error}");
    assert_eq!(error.fate(), Fate::NotApplied);
}
