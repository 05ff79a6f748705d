//! Suspensions, losses, lost answers, refusals.

use std::time::Duration;

use zk_embedded::Match;
use zk_recipes::{Acl, ErrorKind, ItemStanding, Permissions};
use zk_wire::{ErrorCode, OpCode};

use super::{PATH, SETTLE, Worker, items, partitioner};
use crate::kit::{World, settle, spawned};

#[tokio::test(start_paused = true)]
async fn k12_a_suspension_moves_nothing_and_each_item_tells_its_own_doubt() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let mut first = Worker::new(&partitioner(&zk, 8), "a");
    let mut second = Worker::new(&partitioner(&other, 8), "b");
    first.settled().await;
    second.settled().await;
    let doubts: Vec<_> = first
        .has
        .values()
        .map(|owned| spawned(owned.held().doubted()))
        .collect();
    let before = first.items();
    world.hooks.refuse_connections(true);
    world.hooks.cut_session(zk.session_id().unwrap());
    for doubt in doubts {
        doubt.await.unwrap();
    }
    assert_eq!(first.recalled(), Vec::<String>::new());
    world.hooks.refuse_connections(false);
    tokio::time::sleep(SETTLE * 3).await;
    first.take().await;
    assert_eq!(zk.generation(), 1);
    assert_eq!((first.items(), first.recalled()), (before, vec![]));
    assert!(first.has.values().all(|owned| owned.held().is_held()));
    assert_eq!(second.recalled(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn what_a_session_lost_is_taken_again_only_when_it_was_dropped_and_with_a_later_token() {
    let world = World::new();
    let zk = world.client().await;
    let mut worker = Worker::new(&partitioner(&zk, 3), "a");
    worker.settled().await;
    let token = worker.has["shard-01"].token();
    let lost = worker.has["shard-01"].lost();
    world.hooks.expire(zk.session_id().unwrap());
    lost.await;
    tokio::time::sleep(SETTLE * 3).await;
    assert_eq!(worker.standings(ItemStanding::Lost), 3);
    worker.take().await;
    worker.has.remove("shard-01");
    settle().await;
    assert_eq!(worker.standings(ItemStanding::Owned), 1, "at once");
    worker.take().await;
    assert!(worker.has["shard-01"].token() > token);
    assert_eq!(worker.standings(ItemStanding::Lost), 2);
    worker.let_go();
    assert_eq!(worker.settled().await, items(3));
    assert_eq!(zk.generation(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_items_of_a_member_that_dies_are_the_others_after_its_session() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let mut first = Worker::new(&partitioner(&zk, 8), "a");
    let mut second = Worker::new(&partitioner(&other, 8), "b");
    first.settled().await;
    second.settled().await;
    assert!(!first.has.is_empty() && !second.has.is_empty());
    std::mem::forget(std::mem::take(&mut first.has));
    first.driver.abort();
    world.hooks.expire(zk.session_id().unwrap());
    assert_eq!(second.settled().await, items(8));
}

#[tokio::test(start_paused = true)]
async fn lost_answers_leave_each_item_owned_once() {
    for op in [
        OpCode::Create2,
        OpCode::GetChildren,
        OpCode::Delete,
        OpCode::AddWatch,
    ] {
        for applied in [true, false] {
            let world = World::new();
            let zk = world.client().await;
            let fault = world.hooks.on(Match::op(op));
            if applied {
                fault.cut_after_apply();
            } else {
                fault.cut_before_apply();
            }
            let mut worker = Worker::new(&partitioner(&zk, 3), "a");
            assert_eq!(worker.settled().await, items(3), "{op:?} {applied}");
            for item in items(3) {
                assert_eq!(world.left(&format!("{PATH}/locks/{item}")).len(), 1);
            }
            worker.division.leave();
            settle().await;
            worker.let_go();
            worker.driver.await.unwrap().unwrap();
            for item in items(3) {
                world.until_empty(&format!("{PATH}/locks/{item}")).await;
            }
            assert_eq!(world.left("/indexer/party"), Vec::<String>::new());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_ends_the_driver_with_an_error_and_recalls_what_is_owned() {
    let world = World::new();
    let (zk, operator) = (world.client().await, world.client().await);
    let closed = [Acl::open().with_perms(Permissions::READ)];
    for item in items(4).iter().skip(1) {
        let lock = format!("{PATH}/locks/{item}");
        operator.create(&lock, "").parents().await.unwrap();
        if item == "shard-02" {
            operator.set_acl(&lock, closed.clone()).await.unwrap();
        }
    }
    let mut worker = Worker::new(&partitioner(&zk, 4), "a");
    let error = (&mut worker.driver).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoAuth, "{error}");
    assert!(error.to_string().contains("shard-02"), "{error}");
    // What was granted before waits to be taken, and is let go of as nobody divides any more.
    let next = tokio::time::timeout(Duration::from_secs(1), worker.division.next());
    assert!(next.await.unwrap().is_none());
    settle().await;
    for item in items(4) {
        assert_eq!(
            world.left(&format!("{PATH}/locks/{item}")),
            Vec::<String>::new()
        );
    }
    assert_eq!(zk.stats().duties, 0);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_throttles_does_not_end_the_division() {
    let world = World::new();
    let zk = world.client().await;
    // Places in the queues for its items, and their lists.
    let locks = format!("{PATH}/locks");
    let rules = [OpCode::Create2, OpCode::GetChildren].map(|op| {
        let asked = Match::op(op).session(zk.session_id().unwrap());
        let asked = asked.path(&*locks).times(4);
        world.hooks.on(asked).error(ErrorCode::ThrottledOp)
    });
    let mut worker = Worker::new(&partitioner(&zk, 3), "a");
    let mut has = Vec::new();
    for _ in 0..20 {
        has = worker.settled().await;
    }
    assert_eq!(has, items(3));
    assert_eq!(rules.map(|rule| world.hooks.fired(rule)), [4, 4]);
    assert!(!worker.driver.is_finished());
    worker.has.clear();
    worker.division.leave();
    worker.driver.await.unwrap().unwrap();
}
