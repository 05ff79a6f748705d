//! Locks that cannot be taken, and what their errors say.

use std::future::IntoFuture;

use zk_recipes::{Acl, ErrorKind, Mutex, Permissions};

use crate::kit::{World, settle, warm_lock};

#[tokio::test(start_paused = true)]
async fn a_directory_with_kazoos_contenders_is_refused() {
    let world = World::new();
    let zk = world.client().await;
    let foreign = "/locks/a/0123456789abcdef0123456789abcdef__lock__0000000000";
    zk.create(foreign, "").parents().await.unwrap();
    let error = Mutex::new(&zk, "/locks/a")
        .unwrap()
        .acquire()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MixedContenders);
    assert_eq!(
        error.to_string(),
        "cannot acquire /locks/a: 0123456789abcdef0123456789abcdef__lock__0000000000 there belongs to another kind \
         of lock, and neither sees the other; use one path per kind of lock"
    );
    settle().await;
    assert_eq!(world.left("/locks/a"), [foreign], "our contender is gone");
}

#[tokio::test(start_paused = true)]
async fn a_missing_chroot_is_named_and_not_created() {
    let world = World::new();
    let zk = world.client().await;
    zk.create("/prod", "").await.unwrap();
    let app = zk.chroot("/prod/app").unwrap();
    let error = Mutex::new(&app, "/locks/a")
        .unwrap()
        .acquire()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoNode);
    assert_eq!(
        error.to_string(),
        "chroot /prod/app does not exist on this ensemble (nearest existing: /prod); create it (without the chroot: \
         zkctl create -p /prod/app), or drop it from the connect string"
    );
    assert_eq!(world.hooks.paths(), ["/prod"]);
}

#[tokio::test(start_paused = true)]
async fn a_lock_without_permission_says_so() {
    let world = World::new();
    let zk = world.client().await;
    let read_only = Acl::new("world", "anyone", Permissions::READ);
    zk.create("/locked", "").acl([read_only]).await.unwrap();
    let error = Mutex::new(&zk, "/locked")
        .unwrap()
        .acquire()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoAuth);
    assert!(
        error.to_string().starts_with("no permission to create"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn malformed_paths_are_refused_at_once() {
    let world = World::new();
    let zk = world.client().await;
    let error = |path: &str| Mutex::new(&zk, path).unwrap_err();
    assert_eq!(error("demo").kind(), ErrorKind::InvalidPath);
    assert!(
        error("demo").to_string().ends_with("did you mean /demo?"),
        "{}",
        error("demo")
    );
    assert_eq!(
        error("/").to_string(),
        "\"/\" cannot be a lock: the root cannot be a lock"
    );
    assert_eq!(error("/a//b").kind(), ErrorKind::InvalidPath);
    assert_eq!(error("").kind(), ErrorKind::InvalidPath);
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_while_the_client_is_closed_is_told_so() {
    let world = World::new();
    let holder = world.client().await;
    let _guard = warm_lock(&holder, "/locks/a")
        .await
        .acquire()
        .await
        .unwrap();
    let zk = world.client().await;
    let waiter = tokio::spawn(Mutex::new(&zk, "/locks/a").unwrap().acquire().into_future());
    settle().await;
    zk.close().await.unwrap();
    let error = waiter.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    assert_eq!(
        error.to_string(),
        "cannot acquire /locks/a: the client was closed"
    );
}
