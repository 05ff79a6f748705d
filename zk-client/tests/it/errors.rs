//! The texts of errors: what went wrong, where, and what to do next. One place for all of them.

use std::net::TcpListener;
use std::time::Duration;

use zk_client::{Acl, Client, Error, ErrorKind, Fate, Permissions};

use crate::kit::World;

fn says(error: &Error, kind: ErrorKind, text: &str) {
    assert_eq!(error.to_string(), text);
    assert_eq!((error.kind(), error.fate()), (kind, Fate::NotApplied));
}

/// An address of this machine where nothing listens.
fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

#[tokio::test]
async fn an_unreachable_server_is_named_with_its_reason() {
    let port = closed_port();
    let error = Client::builder(format!("127.0.0.1:{port}"))
        .fail_fast()
        .connect()
        .await
        .unwrap_err();
    says(
        &error,
        ErrorKind::NoServerReachable,
        &format!(
            "cannot reach ZooKeeper: 127.0.0.1:{port}: 127.0.0.1 refused (nothing listens there). Tried 1 of 1 \
             servers in 0.0 s; is it running? `zkctl dev` starts a server for development"
        ),
    );
}

#[tokio::test]
async fn an_unknown_host_is_told_from_a_refused_connection() {
    let port = closed_port();
    let ensemble = format!("no-such-host.invalid,127.0.0.1:{port}");
    let error = Client::builder(ensemble)
        .fail_fast()
        .connect()
        .await
        .unwrap_err();
    let text = error.to_string();
    assert_eq!(error.kind(), ErrorKind::NoServerReachable);
    assert!(
        text.starts_with("cannot reach ZooKeeper: no-such-host.invalid:2181: name not found (DNS"),
        "{text}"
    );
    assert!(
        text.contains(&format!("127.0.0.1:{port}: 127.0.0.1 refused")),
        "{text}"
    );
    assert!(text.contains("Tried 2 of 2 servers"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_is_given_up_at_the_connect_timeout() {
    let world = World::new();
    world.server.set_latency(Duration::from_secs(3600));
    let start = tokio::time::Instant::now();
    let connect = world
        .builder()
        .connect_timeout(Duration::from_secs(4))
        .connect();
    let error = connect.await.unwrap_err();
    assert_eq!(start.elapsed(), Duration::from_secs(4));
    says(
        &error,
        ErrorKind::NoServerReachable,
        "cannot reach ZooKeeper: embedded:2181: no answer yet. Tried 0 of 1 servers in 4.0 s; is it running? `zkctl \
         dev` starts a server for development",
    );
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
    let shown = &acl[0].to_string().replace(acl[0].id.as_str(), "alice");
    says(
        &bob.create("/app/x", "").await.unwrap_err(),
        ErrorKind::NoAuth,
        &format!(
            "no permission to create under /app: the ACL there is {shown}, world:anyone:r; you are authenticated as \
             digest:bob; connect with credentials that the ACL names (.auth(), or zkctl --auth digest:USER:PASSWORD)"
        ),
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
        "cannot write /a: its version is not the expected one; its version is 0",
    );
    says(
        &zk.delete("/a").await.unwrap_err(),
        ErrorKind::NotEmpty,
        "cannot delete /a: it has children; delete its 1 children first",
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
        "operation 1 of the multi failed: no such node (NoNode -101); nothing was applied",
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_larger_than_the_servers_limit_is_refused_here() {
    let world = World::new();
    let zk = world.client().await;
    let error = zk.create("/big", vec![0; 2_000_000]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FrameTooLarge);
    assert!(
        error
            .to_string()
            .contains("exceeds the limit of 1048575 (jute.maxbuffer)"),
        "{error}"
    );
    zk.create("/small", "").await.unwrap();
}
