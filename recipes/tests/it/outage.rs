//! Acquiring through outages and expiries.

use std::time::Duration;

use zk_embedded::Match;
use zk_recipes::{ErrorKind, Mutex};
use zk_wire::OpCode;

use crate::kit::{World, settle, warm_lock};

#[tokio::test(start_paused = true)]
async fn an_acquire_without_a_timeout_outlasts_any_outage() {
    let world = World::new();
    let zk = world.client().await;
    let mutex = warm_lock(&zk, "/locks/a").await;
    world.hooks.refuse_connections(true);
    world.hooks.cut_all();
    let waiter = tokio::spawn(async move { mutex.acquire().await });
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert!(!waiter.is_finished());
    world.hooks.refuse_connections(false);
    let guard = waiter.await.unwrap().unwrap();
    assert_eq!(world.left("/locks/a").len(), 1);
    guard.release().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_try_ends_with_the_request_timeout_and_leaves_nothing() {
    let world = World::new();
    let zk = world.client().await;
    let mutex = warm_lock(&zk, "/locks/a").await;
    world.hooks.hold_commits(true);
    let error = mutex.try_acquire().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(
        error.to_string(),
        "cannot acquire /locks/a: no server answered within the request timeout; nothing is left of the attempt; \
         `zkctl ping` shows which servers can be reached"
    );
    world.hooks.hold_commits(false);
    world.until_empty("/locks/a").await;
}

#[tokio::test(start_paused = true)]
async fn an_expiry_between_create_and_list_starts_again_in_the_next_session() {
    let world = World::new();
    let zk = world.client().await;
    let mutex = warm_lock(&zk, "/locks/a").await;
    let session = zk.session_id().unwrap();
    let lists = Match::op(OpCode::GetChildren).session(session);
    world.hooks.on(lists).hold_replies();
    let waiter = tokio::spawn(async move { mutex.acquire().await });
    settle().await;
    world.hooks.expire(session);
    let guard = waiter.await.unwrap().unwrap();
    assert_ne!(zk.session_id().unwrap(), session);
    assert_eq!(world.left("/locks/a"), [guard.held().node()]);
}

#[tokio::test(start_paused = true)]
async fn an_expiry_while_listing_again_starts_again_in_the_next_session() {
    let world = World::new();
    let [a, b, c] = [
        world.client().await,
        world.client().await,
        world.client().await,
    ];
    let holder = warm_lock(&a, "/locks/a").await.acquire().await.unwrap();
    let wait = |zk| {
        let mutex = Mutex::new(zk, "/locks/a").unwrap();
        tokio::spawn(async move { mutex.acquire().await })
    };
    let ahead = wait(&b);
    settle().await;
    let behind = wait(&c);
    settle().await;
    let session = c.session_id().unwrap();
    let lists = Match::op(OpCode::GetChildren).session(session);
    world.hooks.on(lists).hold_replies();
    ahead.abort();
    settle().await;
    world.hooks.expire(session);
    settle().await;
    drop(holder);
    let guard = behind.await.unwrap().unwrap();
    assert_eq!(world.left("/locks/a"), [guard.held().node()]);
}
