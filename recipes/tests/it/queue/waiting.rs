//! Waiting for an item through whatever happens meanwhile.

use std::time::Duration;

use tokio::time::sleep;
use zk_recipes::{Client, CreateMode, ErrorKind, Queue, QueueLayout};

use super::{PATH, SOON, claim, queue, queue_of, text};
use crate::kit::{World, settle, spawned};

/// What a consumer gets that waits while `meanwhile` happens, after which something is put.
async fn waits_through(meanwhile: impl AsyncFn(&World, &Client)) {
    for claims in [false, true] {
        let world = World::new();
        let (zk, producer) = (world.client().await, queue_of(&world).await);
        let consumer = queue(&zk);
        let waits = spawned(async move {
            if claims {
                let claimed = consumer.claim().await.unwrap();
                let text = text(claimed.item());
                claimed.complete().await.unwrap();
                text
            } else {
                text(&consumer.take().await.unwrap())
            }
        });
        settle().await;
        meanwhile(&world, &zk).await;
        producer.put("x").await.unwrap();
        let got = tokio::time::timeout(SOON, waits).await.unwrap();
        assert_eq!(got.unwrap(), "x", "claims: {claims}");
        assert_eq!(super::items(&world), [""; 0]);
        settle().await;
        assert_eq!(world.hooks.watch_count(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_consumer_waits_for_a_queue_that_is_not_there_yet_and_makes_none() {
    waits_through(async |world, _| assert_eq!(world.hooks.node(PATH), None)).await;
}

/// C45: what a container is, a server collects when it is empty.
#[tokio::test(start_paused = true)]
async fn c45_a_queue_that_is_reaped_while_a_consumer_waits_is_waited_for_again() {
    waits_through(async |world, zk| {
        zk.create("/queues", "").await.unwrap();
        for _ in 0..3 {
            zk.create(PATH, "")
                .mode(CreateMode::Container)
                .await
                .unwrap();
            settle().await;
            // Only what has had a child is collected.
            zk.create(&format!("{PATH}/x"), "").await.unwrap();
            zk.delete(&format!("{PATH}/x")).await.unwrap();
            world.hooks.run_reaper();
            settle().await;
            assert_eq!(world.hooks.node(PATH), None);
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn c41_a_consumer_goes_on_after_a_partition_that_outlasts_its_session() {
    waits_through(async |world, zk| {
        let generation = zk.generation();
        world.hooks.refuse_connections(true);
        world.hooks.cut_all();
        sleep(Duration::from_secs(120)).await;
        world.hooks.refuse_connections(false);
        while zk.generation() == generation {
            sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn c41_a_consumer_goes_on_after_any_number_of_cuts_and_expiries() {
    waits_through(async |world, zk| {
        for _ in 0..5 {
            world.hooks.cut_all();
            settle().await;
            let generation = zk.generation();
            world.hooks.expire(zk.session_id().unwrap());
            while zk.generation() == generation || zk.session_id().is_none() {
                settle().await;
            }
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn c41_what_is_put_while_a_consumer_is_away_is_taken_when_it_is_back() {
    let world = World::new();
    let (zk, producer) = (world.client().await, world.client().await);
    let waits = spawned(queue(&zk).take());
    settle().await;
    world.hooks.cut_session(zk.session_id().unwrap());
    queue(&producer).put("x").await.unwrap();
    assert_eq!(text(&waits.await.unwrap().unwrap()), "x");
}

/// A6: nothing changes under the queue when its worker dies.
#[tokio::test(start_paused = true)]
async fn a6_an_item_is_consumed_when_its_worker_dies_with_no_other_traffic() {
    for layout in [QueueLayout::Fifo, QueueLayout::KazooLocking] {
        for claims in [false, true] {
            let world = World::new();
            let (dies, lives) = (world.client().await, world.client().await);
            let (dies_queue, lives) = (queue(&dies).layout(layout), queue(&lives).layout(layout));
            dies_queue.put("x").await.unwrap();
            let claimed = claim(&dies_queue).await;
            let waits = spawned(async move { next(&lives, claims).await });
            settle().await;
            assert!(!waits.is_finished(), "somebody works on it");
            world.hooks.expire(dies.session_id().unwrap());
            let got = tokio::time::timeout(SOON, waits).await.unwrap();
            assert_eq!(got.unwrap(), "x", "{layout:?}");
            let error = claimed.complete().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::LockLost, "{error}");
        }
    }
}

async fn next(queue: &Queue, claims: bool) -> String {
    if claims {
        let claimed = queue.claim().await.unwrap();
        let text = text(claimed.item());
        claimed.complete().await.unwrap();
        text
    } else {
        text(&queue.take().await.unwrap())
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_over_says_for_what_and_leaves_no_watch() {
    let world = World::new();
    let zk = world.client().await;
    let queue = queue(&zk);
    let limit = Duration::from_secs(2);
    for error in [
        queue.take().timeout(limit).await.unwrap_err(),
        queue.claim().timeout(limit).await.unwrap_err(),
        queue.take_many(3).timeout(limit).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::WaitTimedOut);
        assert!(error.to_string().contains(PATH), "{error}");
    }
    settle().await;
    assert_eq!((zk.stats().watches, world.hooks.watch_count()), (0, 0));
}

/// A9: what failed is forgotten at once.
#[tokio::test(start_paused = true)]
async fn a9_a_put_that_fails_leaves_nothing_to_wait_for() {
    let world = World::new();
    let zk = world.client().await;
    let queue = queue(&zk);
    queue.put("x").await.unwrap();
    world
        .hooks
        .on(zk_embedded::Match::op(zk_wire::OpCode::Multi)
            .path(PATH)
            .times(1))
        .error(zk_wire::ErrorCode::NoAuth);
    assert_eq!(queue.put("y").await.unwrap_err().kind(), ErrorKind::NoAuth);
    let start = tokio::time::Instant::now();
    drop(queue);
    zk.close().await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(1));
    assert_eq!(super::items(&world).len(), 1);
}
