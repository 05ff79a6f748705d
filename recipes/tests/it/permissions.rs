//! Locks under restrictive ACLs: what they need, and what is said where some of it lacks.

use std::future::IntoFuture;

use zk_client::OpKind;
use zk_recipes::{Acl, Client, Error, ErrorKind, Layout, Mutex, Permissions};

use crate::kit::{World, settle};

const LOCK: &str = "/locks/a";

/// What the documentation of [`Mutex`] asks for on the directory.
const NEEDED: [Permissions; 3] = [Permissions::CREATE, Permissions::READ, Permissions::DELETE];

fn sum(permissions: &[Permissions]) -> Permissions {
    permissions
        .iter()
        .copied()
        .reduce(|one, other| one | other)
        .unwrap()
}

fn ann(permissions: &[Permissions]) -> Acl {
    Acl::digest("ann", "secret").with_perms(sum(permissions))
}

async fn as_ann(world: &World) -> Client {
    let builder = world.builder().auth("digest", "ann:secret");
    builder.connect().await.unwrap()
}

fn of_operator() -> Acl {
    Acl::digest("operator", "0perator")
}

/// Makes the lock's directory with this entry and the operator's, in one that only the operator may touch.
async fn directory(world: &World, acl: Acl) -> Client {
    let operator = world.builder().auth("digest", "operator:0perator");
    let operator = operator.connect().await.unwrap();
    operator.create("/locks", "").await.unwrap();
    let acl = [acl, of_operator()];
    operator.create(LOCK, "").acl(acl).await.unwrap();
    operator.set_acl("/locks", [of_operator()]).await.unwrap();
    operator
}

/// A lock of Ann's, whose contenders may be read by her and by nobody else.
async fn lock(world: &World) -> (Client, Mutex) {
    let zk = as_ann(world).await;
    let mutex = Mutex::new(&zk, LOCK).unwrap();
    (zk, mutex.acl([ann(&[Permissions::READ])]))
}

#[tokio::test(start_paused = true)]
async fn the_permissions_that_are_documented_are_enough_for_all_that_a_lock_does() {
    for layout in [Layout::Curator, Layout::Kazoo] {
        let world = World::new();
        directory(&world, ann(&NEEDED)).await;
        world.client().await.create("/result", "").await.unwrap();
        let (first, held) = lock(&world).await;
        let (_second, wanted) = lock(&world).await;
        let (held, wanted) = (held.layout(layout), wanted.layout(layout));
        let guard = held.acquire().await.unwrap();
        assert!(wanted.try_acquire().await.unwrap().is_none());
        let waiter = tokio::spawn(wanted.acquire().into_future());
        settle().await;
        assert_eq!(held.contenders().await.unwrap().len(), 2);
        first
            .set("/result", "done")
            .fenced_by(&guard.held())
            .await
            .unwrap();
        // Long enough for its checks, which read its node.
        tokio::time::sleep(first.session_timeout()).await;
        assert!(guard.held().is_safe());
        assert!(guard.release().await.unwrap().was_held);
        let guard = waiter.await.unwrap().unwrap();
        assert!(guard.release().await.unwrap().was_held);
        // A waiter that gives up, and a guard that is dropped.
        drop(held.acquire().await.unwrap());
        world.until_empty(LOCK).await;
    }
}

/// How an acquisition goes on a directory with these permissions, and the release if it comes so far.
async fn without(missing: Permissions) -> (World, Error) {
    let world = World::new();
    let left: Vec<_> = NEEDED.into_iter().filter(|one| *one != missing).collect();
    directory(&world, ann(&left)).await;
    let (_zk, mutex) = lock(&world).await;
    let error = match mutex.acquire().await {
        Ok(guard) => guard.release().await.unwrap_err(),
        Err(error) => error,
    };
    assert_eq!(error.kind(), ErrorKind::NoAuth, "{error}");
    settle().await;
    (world, error)
}

#[tokio::test(start_paused = true)]
async fn without_create_the_directory_is_named_and_nothing_is_made() {
    let (world, error) = without(Permissions::CREATE).await;
    assert_eq!(
        error.to_string(),
        "no permission to create under /locks/a: the ACL there is digest:ann:dr, digest:operator:cdrwa; you are authenticated as digest:ann; \
         connect with credentials that have CREATE there (.auth(), or zkctl --auth digest:USER:PASSWORD)"
    );
    assert!(world.left(LOCK).is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_read_the_directory_is_named_and_nothing_is_left() {
    let (world, error) = without(Permissions::READ).await;
    assert_eq!(
        error.to_string(),
        "no permission to list the children of /locks/a: its ACL cannot be read either; you are authenticated as \
         digest:ann; connect with credentials that have READ there (.auth(), or zkctl --auth digest:USER:PASSWORD)"
    );
    assert!(world.left(LOCK).is_empty(), "{:?}", world.left(LOCK));
}

#[tokio::test(start_paused = true)]
async fn without_delete_the_release_says_so_and_the_node_goes_with_the_session() {
    let (world, error) = without(Permissions::DELETE).await;
    assert_eq!(
        error.to_string(),
        "cannot release /locks/a: no permission to delete under /locks/a; its node is there until the session ends; \
         give this client DELETE on /locks/a, or close the client"
    );
    assert_eq!(error.op(), Some(OpKind::Release));
    world.until_empty(LOCK).await;
}

#[tokio::test(start_paused = true)]
async fn without_read_on_the_contender_ahead_its_node_is_named_and_the_waiter_leaves() {
    let world = World::new();
    directory(&world, ann(&NEEDED)).await;
    let stranger = [Acl::digest("bob", "secret")];
    let (_zk, mutex) = lock(&world).await;
    let guard = mutex
        .clone()
        .acl([stranger[0].clone(), ann(&[Permissions::READ])]);
    let guard = guard.acquire().await.unwrap();
    let node = guard.held().node().to_owned();
    // Somebody closes it after it was held.
    let (_other, waiter) = lock(&world).await;
    let bob = world.builder().auth("digest", "bob:secret");
    let bob = bob.connect().await.unwrap();
    bob.set_acl(&node, stranger).await.unwrap();
    let error = waiter.acquire().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoAuth);
    assert!(
        error
            .to_string()
            .starts_with(&format!("no permission to read {node}: ")),
        "{error}"
    );
    settle().await;
    assert_eq!(world.left(LOCK), [node]);
}

#[tokio::test(start_paused = true)]
async fn what_a_lock_makes_has_the_acl_of_the_lock_and_nothing_of_it_is_open() {
    for layout in [Layout::Curator, Layout::Kazoo] {
        let world = World::new();
        let zk = as_ann(&world).await;
        let mutex = Mutex::new(&zk, "/deep/er/lock")
            .unwrap()
            .layout(layout)
            .acl([Acl::creator_all()]);
        let guard = mutex.acquire().await.unwrap();
        let waiter = tokio::spawn(mutex.acquire().into_future());
        settle().await;
        let made = world.hooks.paths();
        assert_eq!(made.len(), 5, "{made:?}");
        for path in &made {
            let (acl, _) = zk.acl(path).await.unwrap();
            assert_eq!(acl, [Acl::digest("ann", "secret")], "{path}");
        }
        let stranger = world.client().await;
        for path in &made {
            let error = stranger.get(path).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NoAuth, "{path}");
        }
        let taken = stranger.delete(guard.held().node()).await.unwrap_err();
        assert_eq!(taken.kind(), ErrorKind::NoAuth);
        guard.release().await.unwrap();
        waiter.await.unwrap().unwrap().release().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn an_acl_that_closes_while_somebody_waits_ends_the_wait_with_an_error_and_without_a_storm() {
    let world = World::new();
    let operator = directory(&world, ann(&NEEDED)).await;
    let (_first, held) = lock(&world).await;
    let guard = held.acquire().await.unwrap();
    let (_second, wanted) = lock(&world).await;
    let second = tokio::spawn(wanted.acquire().into_future());
    settle().await;
    let (third, wanted) = lock(&world).await;
    let last = tokio::spawn(wanted.acquire().into_future());
    settle().await;
    let shut = ann(&[Permissions::CREATE, Permissions::DELETE]);
    operator.set_acl(LOCK, [shut, of_operator()]).await.unwrap();
    let before = world.asked(third.session_id().unwrap());
    // The one ahead leaves, and only a list could tell who is ahead now.
    second.abort();
    let error = last.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoAuth, "{error}");
    assert!(
        error
            .to_string()
            .starts_with("no permission to list the children of /locks/a: "),
        "{error}"
    );
    settle().await;
    // The list, the delete of its own node, and what the error tells.
    let asked = world.asked(third.session_id().unwrap());
    assert!(
        asked.all_since(&before) <= 5,
        "{}",
        asked.all_since(&before)
    );
    assert_eq!(world.left(LOCK), [guard.held().node()]);
    guard.release().await.unwrap();
}
