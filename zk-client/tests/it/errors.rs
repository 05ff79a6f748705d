//! The texts of errors: what went wrong, where, and what to do next. One place for all of them.

use std::time::Duration;

use zk_client::{
    Acl, AddWatchMode, CreateMode, Error, ErrorCode, ErrorKind, Fate, Permissions, State,
};
use zk_embedded::Match;
use zk_wire::OpCode;

use crate::kit::{World, settle};

fn says(error: &Error, kind: ErrorKind, text: &str) {
    assert_eq!(error.to_string(), text);
    assert_eq!((error.kind(), error.fate()), (kind, Fate::NotApplied));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_chroot_is_named_whatever_was_asked_below_it() {
    let world = World::new();
    world.client().await.create("/prod", "").await.unwrap();
    let zk = world
        .builder_of("embedded/prod/app")
        .connect()
        .await
        .unwrap();
    let text = "chroot /prod/app does not exist on this ensemble (nearest existing: /prod); create it (without the \
                chroot: zkctl create -p /prod/app), or drop it from the connect string";
    says(&zk.get("/x").await.unwrap_err(), ErrorKind::NoNode, text);
    says(
        &zk.create("/x", "").await.unwrap_err(),
        ErrorKind::NoNode,
        text,
    );
    says(
        &zk.create("/x/y", "").parents().await.unwrap_err(),
        ErrorKind::NoNode,
        text,
    );
    says(
        &zk.children("/").await.unwrap_err(),
        ErrorKind::NoNode,
        text,
    );
    assert_eq!(world.hooks.paths(), ["/prod"], "nothing was created");
}

#[tokio::test(start_paused = true)]
async fn a_missing_parent_is_told_from_a_missing_node() {
    let world = World::new();
    let zk = world.client().await;
    zk.create("/a", "").await.unwrap();
    says(
        &zk.create("/a/b/c", "").await.unwrap_err(),
        ErrorKind::NoNode,
        "cannot create /a/b/c: parent /a/b is missing (nearest existing: /a); use .parents(), or -p in zkctl, to \
         create it too",
    );
    says(
        &zk.set("/a/b/c", "").await.unwrap_err(),
        ErrorKind::NoNode,
        "cannot write /a/b/c: it does not exist (nearest existing: /a)",
    );
    assert_eq!(
        zk.create("/a/b/c", "").parents().await.unwrap().path,
        "/a/b/c"
    );
}

#[tokio::test(start_paused = true)]
async fn a_missing_permission_names_the_acl_and_who_we_are() {
    let world = World::new();
    let alice = world
        .builder()
        .auth("digest", "alice:secret")
        .connect()
        .await
        .unwrap();
    let bob = world
        .builder()
        .auth("digest", "bob:other")
        .connect()
        .await
        .unwrap();
    let nobody = world.client().await;
    let acl = [
        Acl::digest("alice", "secret"),
        Acl::new("world", "anyone", Permissions::READ),
    ];
    alice.create("/app", "").acl(acl.clone()).await.unwrap();
    says(
        &bob.create("/app/x", "").await.unwrap_err(),
        ErrorKind::NoAuth,
        "no permission to create under /app: the ACL there is digest:alice:cdrwa, world:anyone:r; you are authenticated as \
             digest:bob; connect with credentials that have CREATE there (.auth(), or zkctl --auth digest:USER:PASSWORD)",
    );
    let error = nobody.set("/app", "").await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("you are authenticated as nobody"),
        "{error}"
    );
    alice.set("/app", "mine").await.unwrap();
    for error in [bob.set("/app", "").await.unwrap_err(), error] {
        assert!(!error.to_string().contains("secret") && !format!("{error:?}").contains("secret"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_malformed_path_is_refused_before_anything_is_sent() {
    let world = World::new();
    let zk = world.client().await;
    let session = zk.session_id().unwrap();
    let before = world.hooks.counts_of(session);
    says(
        &zk.get("demo").await.unwrap_err(),
        ErrorKind::InvalidPath,
        "cannot read \"demo\": path \"demo\" is malformed at byte 0: a path begins with '/'; paths are absolute; did \
         you mean /demo?",
    );
    for bad in ["/a/", "/a//b", "/a/../b", "", "/a\u{0}"] {
        assert_eq!(
            zk.exists(bad).await.unwrap_err().kind(),
            ErrorKind::InvalidPath,
            "{bad:?}"
        );
        let multi = zk.multi().delete("/ok", None).set(bad, "", None);
        assert_eq!(
            multi.await.unwrap_err().kind(),
            ErrorKind::InvalidPath,
            "{bad:?}"
        );
    }
    assert_eq!(world.hooks.counts_of(session), before);
    let error = world.builder_of("zk1:port").connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
}

#[tokio::test(start_paused = true)]
async fn conflicts_say_what_the_server_has() {
    let world = World::new();
    let zk = world.client().await;
    zk.create("/a/b", "").parents().await.unwrap();
    says(
        &zk.set("/a", "").version(7).await.unwrap_err(),
        ErrorKind::BadVersion,
        "cannot write /a: its version is 0, not 7; somebody changed it since; read it again",
    );
    says(
        &zk.delete("/a").await.unwrap_err(),
        ErrorKind::NotEmpty,
        "cannot delete /a: it has 1 child; delete what is below it first",
    );
    says(
        &zk.create("/a", "").await.unwrap_err(),
        ErrorKind::NodeExists,
        "cannot create /a: it exists already",
    );
    says(
        &zk.multi()
            .check("/a", None)
            .delete("/none", None)
            .await
            .unwrap_err(),
        ErrorKind::NoNode,
        "operation 1 of the multi (delete /none) failed: no such node (NoNode -101); nothing was applied",
    );
}

#[tokio::test(start_paused = true)]
async fn every_conditional_write_names_both_versions() {
    let world = World::new();
    let zk = world.client().await;
    zk.create("/a", "").await.unwrap();
    zk.set("/a", "x").await.unwrap();
    let tail = "; somebody changed it since; read it again";
    says(
        &zk.delete("/a").version(0).await.unwrap_err(),
        ErrorKind::BadVersion,
        &format!("cannot delete /a: its version is 1, not 0{tail}"),
    );
    let acl = [Acl::read_only()];
    says(
        &zk.set_acl("/a", acl).version(4).await.unwrap_err(),
        ErrorKind::BadVersion,
        &format!("cannot write the ACL of /a: its ACL's version is 0, not 4{tail}"),
    );
    // A client that pays for no explanation still names what it expected.
    says(
        &zk.terse().set("/a", "").version(7).await.unwrap_err(),
        ErrorKind::BadVersion,
        "cannot write /a: its version is not 7",
    );
}

#[tokio::test(start_paused = true)]
async fn an_ephemeral_parent_is_named_with_its_owner() {
    let world = World::new();
    let zk = world.client().await;
    let owner = zk.session_id().unwrap();
    zk.create("/e", "")
        .mode(CreateMode::Ephemeral)
        .await
        .unwrap();
    says(
        &zk.create("/e/x", "").await.unwrap_err(),
        ErrorKind::NoChildrenForEphemerals,
        &format!(
            "cannot create /e/x: its parent /e is ephemeral (owner: session {owner}) and cannot have children"
        ),
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_larger_than_the_clients_limit_is_refused_before_it_is_sent() {
    let world = World::new();
    let zk = world.client().await;
    says(
        &zk.create("/big", vec![0; 2_000_000]).await.unwrap_err(),
        ErrorKind::FrameTooLarge,
        "cannot create /big: the request of 2000051 bytes exceeds the limit of 1048575 (jute.maxbuffer); it was not \
         sent; keep less in one node, or raise jute.maxbuffer on every server and .max_request() here (zkctl: \
         --max-buffer)",
    );
    zk.create("/small", "").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_request_larger_than_the_servers_limit_says_why_the_server_hung_up() {
    let world = World::new();
    let zk = world
        .builder()
        .max_request(4 << 20)
        .connect()
        .await
        .unwrap();
    let error = zk.create("/big", vec![0; 2_000_000]).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot create /big: the connection was lost; whether it was applied is unknown; the request has 2000051 \
         bytes, and servers hang up on more than their jute.maxbuffer (1048575 unless set)"
    );
    assert_eq!(
        (error.kind(), error.fate()),
        (ErrorKind::ConnectionLost, Fate::Unknown)
    );
}

#[tokio::test(start_paused = true)]
async fn a_reply_larger_than_the_clients_limit_names_size_limit_and_remedy() {
    let world = World::new();
    let zk = world.builder().max_reply(1_000).connect().await.unwrap();
    zk.create("/x", vec![0; 2_000]).await.unwrap();
    let error = zk.get("/x").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot read /x: the reply of 2088 bytes exceeds the limit of 1000 (jute.maxbuffer); raise .max_reply() here \
         (zkctl: --max-buffer), or keep less in one node"
    );
    assert_eq!(error.kind(), ErrorKind::FrameTooLarge);
    let larger = world.builder().max_reply(3_000).connect().await.unwrap();
    assert_eq!(larger.get("/x").await.unwrap().data.len(), 2_000);
}

#[tokio::test(start_paused = true)]
async fn rs19_b38_b55_b70_what_an_old_server_lacks_is_named_with_the_release_that_has_it() {
    let world = World::new();
    let zk = world.client().await;
    let refuse = |op| {
        world
            .hooks
            .on(Match::op(op))
            .error(ErrorCode::Unimplemented)
    };
    for op in [
        OpCode::Create2,
        OpCode::CreateTtl,
        OpCode::AddWatch,
        OpCode::GetEphemerals,
    ] {
        refuse(op);
    }
    let (mode, ttl) = (CreateMode::PersistentTtl, Duration::from_secs(1));
    let errors = [
        zk.create("/a", "").await.unwrap_err(),
        zk.create("/a", "").mode(mode).ttl(ttl).await.unwrap_err(),
        zk.watch("/a", AddWatchMode::Persistent).await.unwrap_err(),
        zk.ephemerals("/a").await.unwrap_err(),
    ];
    let texts = [
        "cannot create /a: the server does not know create2, which needs ZooKeeper 3.5; this client supports no older \
         one",
        "cannot create /a: the server does not know createTTL, which needs ZooKeeper 3.5.3 with \
         zookeeper.extendedTypesEnabled=true",
        "cannot watch /a: the server does not know addWatch, which needs ZooKeeper 3.6 or later",
        "cannot list ephemeral nodes under /a: the server does not know getEphemerals, which needs ZooKeeper 3.6 or \
         later",
    ];
    for (error, text) in errors.iter().zip(texts) {
        says(error, ErrorKind::Unimplemented, text);
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_waits_in_vain_says_what_became_of_the_servers() {
    let world = World::new();
    let zk = world
        .builder()
        .request_timeout(Duration::from_secs(3))
        .connect()
        .await
        .unwrap();
    world.hooks.refuse_connections(true);
    world.hooks.cut_all();
    settle().await;
    says(
        &zk.set("/a", "").await.unwrap_err(),
        ErrorKind::TimedOut,
        "cannot write /a: the deadline passed; it was not applied; no connection: embedded:2181: connection refused",
    );
}

#[tokio::test(start_paused = true)]
async fn credentials_that_are_refused_later_are_named_in_every_error() {
    let world = World::new();
    let zk = world
        .builder()
        .auth("digest", "bob:hunter2")
        .connect()
        .await
        .unwrap();
    world
        .hooks
        .on(Match::op(OpCode::Auth))
        .error(ErrorCode::AuthFailed);
    world.hooks.cut_all();
    let mut states = zk.watch_state();
    while states.changed().await != Some(State::AuthFailed) {}
    let error = zk.get("/a").await.unwrap_err();
    says(
        &error,
        ErrorKind::AuthFailed,
        "cannot read /a: embedded:2181 refused the credentials of digest:bob",
    );
    assert!(!format!("{error:?}").contains("hunter2"));
}

#[tokio::test(start_paused = true)]
async fn a_code_that_this_library_does_not_know_is_told_with_its_number() {
    let world = World::new();
    let zk = world.client().await;
    world
        .hooks
        .on(Match::op(OpCode::SetData))
        .error(ErrorCode::Other(-4711));
    let error = zk.set("/a", "").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.fate()),
        (ErrorKind::ServerError, Fate::NotApplied)
    );
    let text = "cannot write /a: the server answered unknown error (Unknown -4711)";
    assert_eq!(error.to_string(), text);
    assert_eq!(zk.stats().connections_lost, 0);
}
