//! Creates whose answer was lost.

use std::time::Duration;

use zk_embedded::Match;
use zk_recipes::{Client, Mutex, RwLock};
use zk_wire::{ErrorCode, OpCode};

use crate::kit::{World, settle, warm_lock};

async fn acquire_under(world: &World, zk: &Client) -> (String, usize) {
    let mutex = Mutex::new(zk, "/locks/a").unwrap();
    let guard = mutex
        .acquire()
        .timeout(Duration::from_secs(30))
        .await
        .unwrap();
    let left = world.left("/locks/a");
    let node = guard.held().node().to_owned();
    assert_eq!(
        left,
        std::slice::from_ref(&node),
        "exactly one contender, and it is ours"
    );
    guard.release().await.unwrap();
    world.until_empty("/locks/a").await;
    (node, left.len())
}

/// T5: a retry of a sequential create whose answer was lost makes a second node, and a deadlock with oneself.
#[tokio::test(start_paused = true)]
async fn t5_a_create_that_was_applied_is_recognised_and_not_duplicated() {
    let world = World::new();
    let zk = world.client().await;
    warm_lock(&zk, "/locks/a").await;
    let session = zk.session_id();
    let rule = world.hooks.on(Match::op(OpCode::Create2)).cut_after_apply();
    let creates = world.hooks.count(OpCode::Create2);
    acquire_under(&world, &zk).await;
    assert_eq!(world.hooks.fired(rule), 1);
    assert_eq!(
        world.hooks.count(OpCode::Create2) - creates,
        1,
        "it was created once"
    );
    assert_eq!(zk.session_id(), session, "on the same session");
}

#[tokio::test(start_paused = true)]
async fn a_create_that_was_not_applied_is_made_again() {
    let world = World::new();
    let zk = world.client().await;
    warm_lock(&zk, "/locks/a").await;
    let rule = world
        .hooks
        .on(Match::op(OpCode::Create2))
        .cut_before_apply();
    let creates = world.hooks.count(OpCode::Create2);
    acquire_under(&world, &zk).await;
    assert_eq!(world.hooks.fired(rule), 1);
    assert_eq!(world.hooks.count(OpCode::Create2) - creates, 2);
}

/// The settling reads can be lost as well.
#[tokio::test(start_paused = true)]
async fn settling_goes_on_over_further_broken_connections() {
    let world = World::new();
    let zk = world.client().await;
    warm_lock(&zk, "/locks/a").await;
    world.hooks.on(Match::op(OpCode::Create2)).cut_after_apply();
    world.hooks.on(Match::op(OpCode::Multi)).cut_after_apply();
    world
        .hooks
        .on(Match::op(OpCode::GetChildren).nth(2))
        .cut_before_apply();
    world.hooks.on(Match::op(OpCode::Exists)).cut_before_apply();
    acquire_under(&world, &zk).await;
}

/// C19 of the catalogue of Curator's defects, T7: the reply of the create is lost, the session expires, and a node with
/// our mark may still be shown; it is another session's, about to vanish, and must not be taken for ours.
#[tokio::test(start_paused = true)]
async fn c19_t7_a_node_of_an_expired_session_is_never_taken_for_ours() {
    let world = World::new();
    let zk = world.client().await;
    warm_lock(&zk, "/locks/a").await;
    let first = zk.session_id().unwrap();
    world.hooks.on(Match::op(OpCode::Create2)).cut_after_apply();
    world.hooks.refuse_connections(true);
    let mutex = Mutex::new(&zk, "/locks/a").unwrap();
    let acquire = tokio::spawn(async move { mutex.acquire().await.unwrap() });
    settle().await;
    let old = world.left("/locks/a");
    assert_eq!(old.len(), 1, "the create was applied");
    // The session ends while the client is away; a persistent copy of its node stands for a server that lags behind.
    world.hooks.expire(first);
    let operator = {
        world.hooks.refuse_connections(false);
        world.client().await
    };
    operator.create(&old[0], "lingering").await.unwrap();
    let guard = tokio::time::timeout(Duration::from_secs(60), acquire);
    let waiting = async {
        settle().await;
        // The new contender queues behind the lingering node like behind any other.
        operator.delete(&old[0]).await.unwrap();
    };
    let (guard, ()) = tokio::join!(guard, waiting);
    let guard = guard.unwrap().unwrap();
    assert_ne!(guard.held().node(), old[0]);
    assert_ne!(zk.session_id().unwrap(), first);
    let owner = world
        .hooks
        .node(guard.held().node())
        .unwrap()
        .stat
        .ephemeral_owner;
    assert_eq!(
        Some(owner),
        zk.session_id(),
        "the node held is the current session's"
    );
    guard.release().await.unwrap();
    world.until_empty("/locks/a").await;
}

/// The same without an expiry: the mark is found, but the owner is another session.
#[tokio::test(start_paused = true)]
async fn a_marked_node_of_another_owner_is_not_adopted() {
    let world = World::new();
    let zk = world.client().await;
    let other = world.client().await;
    warm_lock(&zk, "/locks/a").await;
    world
        .hooks
        .on(Match::op(OpCode::Create2))
        .cut_before_apply();
    world.hooks.refuse_connections(true);
    let _ = world.hooks.drain_log();
    let mutex = Mutex::new(&zk, "/locks/a").unwrap();
    let acquire = tokio::spawn(async move { mutex.acquire().await.unwrap() });
    settle().await;
    let log = world.hooks.drain_log();
    let prefix = log
        .iter()
        .find(|r| r.op == Some(OpCode::Create2))
        .unwrap()
        .path
        .clone()
        .unwrap();
    // Not applied; but before the client is back somebody else has a node that carries the mark.
    let imitation = format!("{prefix}0000000000");
    world.hooks.refuse_connections(false);
    other
        .create(&imitation, "")
        .mode(zk_recipes::CreateMode::Ephemeral)
        .await
        .unwrap();
    settle().await;
    other.delete(&imitation).await.unwrap();
    let guard = acquire.await.unwrap();
    assert_ne!(guard.held().node(), imitation);
    let owner = world
        .hooks
        .node(guard.held().node())
        .unwrap()
        .stat
        .ephemeral_owner;
    assert_eq!(Some(owner), zk.session_id());
}

/// Where a session ended while its contender waited, servers remove the directory once all have gone.
#[tokio::test(start_paused = true)]
async fn a_contender_whose_directory_has_gone_stands_again() {
    let mut lists = 1;
    loop {
        let world = World::new();
        let (zk, other) = (world.client().await, world.client().await);
        let [ours, theirs] = [&zk, &other].map(|zk| RwLock::new(zk, "/locks/a").unwrap());
        let readers = [theirs.read().await.unwrap(), theirs.read().await.unwrap()];
        let list = Match::ops([OpCode::GetChildren, OpCode::GetChildren2]);
        let list = list.path("/locks/a").session(zk.session_id().unwrap());
        let gone = world.hooks.on(list.nth(lists)).error(ErrorCode::NoNode);
        let write = crate::kit::spawned(async move { ours.write().await });
        for reader in readers {
            settle().await;
            reader.release().await.unwrap();
        }
        let write = write.await.unwrap().unwrap();
        settle().await;
        let node = write.held().node().to_owned();
        assert_eq!(world.left("/locks/a"), [node], "list {lists}");
        if world.hooks.fired(gone) == 0 {
            break;
        }
        lists += 1;
    }
    assert!(lists > 2, "it lists {} times", lists - 1);
}
