//! The holder's own node: watched, checked where it cannot be watched, refused where it cannot be seen at all.

use std::time::Duration;

use zk_embedded::Match;
use zk_recipes::{Acl, Client, ErrorKind, LockLostWhy, Mutex, Permissions};
use zk_wire::{ErrorCode, OpCode};

use crate::kit::{World, settle, warm_lock};

/// Writes all the time, so that no confirm would be needed for the session's sake.
async fn write(zk: &Client, time: Duration) {
    let end = tokio::time::Instant::now() + time;
    while tokio::time::Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(100)).await;
        zk.set("/x", "y").await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_could_not_be_watched_is_checked_although_its_session_writes() {
    let world = World::new();
    let (zk, operator) = (world.client().await, world.client().await);
    zk.create("/x", "").await.unwrap();
    let mutex = warm_lock(&zk, "/locks/a").await;
    let reads = Match::op(OpCode::GetData).session(zk.session_id().unwrap());
    world.hooks.on(reads).error(ErrorCode::ThrottledOp);
    let guard = mutex.acquire().await.unwrap();
    write(&zk, Duration::from_secs(30)).await;
    operator.delete(guard.held().node()).await.unwrap();
    // A round of checks leaves every sixth of the session timeout.
    write(&zk, zk.session_timeout() / 5).await;
    assert_eq!(guard.lost().await.why, LockLostWhy::NodeDeleted);
}

#[tokio::test(start_paused = true)]
async fn a_waiter_whose_own_watch_failed_lists_before_it_holds() {
    let world = World::new();
    let (first, second) = (world.client().await, world.client().await);
    let held = warm_lock(&first, "/locks/a").await.acquire().await.unwrap();
    let session = second.session_id().unwrap();
    let own = Match::op(OpCode::GetData).session(session).nth(1);
    world.hooks.on(own).error(ErrorCode::ThrottledOp);
    let mutex = Mutex::new(&second, "/locks/a").unwrap();
    let waiter = tokio::spawn(async move { mutex.acquire().await });
    settle().await;
    let before = world.asked(session);
    held.release().await.unwrap();
    let guard = waiter.await.unwrap().unwrap();
    let lists = world.asked(session).since(&before, OpCode::GetChildren);
    assert_eq!(lists, 1, "nothing else says that its node is still there");
    guard.release().await.unwrap();
}

fn unreadable() -> [Acl; 1] {
    let rights = Permissions::CREATE | Permissions::DELETE;
    [Acl::new("world", "anyone", rights)]
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_may_not_read_its_node_is_told_so_at_once_or_sees_its_end() {
    let world = World::new();
    let (zk, operator) = (world.client().await, world.client().await);
    let mutex = warm_lock(&zk, "/locks/a").await.acl(unreadable());
    let guard = mutex.acquire().await.unwrap();
    settle().await;
    if guard.held().is_held() {
        // Servers up to 3.9.1 let it ask whether the node exists.
        operator.delete(guard.held().node()).await.unwrap();
        assert_eq!(guard.lost().await.why, LockLostWhy::NodeDeleted);
    } else {
        assert_eq!(guard.lost().await.why, LockLostWhy::NodeUnreadable);
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_nothing_can_be_asked_about_is_no_lock() {
    let world = World::new();
    let (first, second) = (world.client().await, world.client().await);
    let session = second.session_id().unwrap();
    let held = warm_lock(&first, "/locks/a").await.acquire().await.unwrap();
    for op in [OpCode::GetData, OpCode::Exists] {
        let own = Match::op(op).session(session).nth(1);
        world.hooks.on(own).error(ErrorCode::NoAuth);
    }
    let mutex = Mutex::new(&second, "/locks/a").unwrap().acl(unreadable());
    let waiter = tokio::spawn(async move { mutex.acquire().await });
    settle().await;
    held.release().await.unwrap();
    let error = waiter.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoAuth, "{error}");
    assert!(error.to_string().contains("READ"), "{error}");
    world.until_empty("/locks/a").await;
}
