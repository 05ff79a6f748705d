//! A queue that is divided.

use std::time::Duration;

use zk_recipes::{Client, CreateMode, Election, Queue, ShardedQueue};

use super::{PATH, queue};
use crate::kit::{World, polled, settle, spawned};

fn sharded(zk: &Client) -> ShardedQueue {
    ShardedQueue::new(&queue(zk))
        .threshold(3)
        .max_parts(3)
        .check_every(Duration::from_secs(1))
}

fn parts(world: &World) -> usize {
    let is_part = |path: &&String| path.matches('/').count() == 3 && path.contains("/queue-");
    world.left(PATH).iter().filter(is_part).count()
}

async fn fill(part: &Queue) {
    while part.len().await.unwrap() < 3 {
        part.put("x").await.unwrap();
    }
}

/// Who uses one works on a task of its own.
#[tokio::test(start_paused = true)]
async fn calls_of_a_sharded_queue_can_be_spawned() {
    let world = World::new();
    let queue = sharded(&world.client().await);
    let user = tokio::spawn(async move {
        queue.pick().await.unwrap().put("x").await.unwrap();
        queue.parts().await.unwrap().len()
    });
    assert_eq!(user.await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn one_of_all_who_grow_a_queue_adds_a_part_when_each_is_full_and_never_too_many() {
    let world = World::new();
    let zk = world.client().await;
    let mut growers = Vec::new();
    for _ in 0..3 {
        let zk = world.client().await;
        let election = Election::new(&zk, "/queues/leaders").unwrap();
        growers.push(spawned(async move { sharded(&zk).grow(&election).await }));
    }
    let queue = sharded(&zk);
    assert!(queue.parts().await.unwrap().is_empty());
    fill(&queue.pick().await.unwrap()).await;
    for count in [2, 3, 3, 3] {
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(parts(&world), count);
        let part = queue.pick().await.unwrap();
        fill(&part).await;
    }
    // Producers leave full parts alone until they have half as many items.
    let all = queue.parts().await.unwrap();
    for part in &all {
        fill(part).await;
    }
    queue.pick().await.unwrap();
    all[1].take_many(2).await.unwrap();
    for _ in 0..8 {
        assert_eq!(queue.pick().await.unwrap().path(), all[1].path());
    }
    let mut taken = 0;
    for part in &all {
        while part.try_take().await.unwrap().is_some() {
            taken += 1;
        }
    }
    assert_eq!(taken, 7);
    assert!(growers.iter().all(|grower| !grower.is_finished()));
}

#[tokio::test(start_paused = true)]
async fn growing_goes_on_in_the_next_session() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let election = Election::new(&zk, "/queues/leaders").unwrap();
    let grower = spawned({
        let zk = zk.clone();
        async move { sharded(&zk).grow(&election).await }
    });
    let queue = sharded(&other);
    let part = queue.pick().await.unwrap();
    settle().await;
    let generation = zk.generation();
    world.hooks.expire(zk.session_id().unwrap());
    while zk.generation() == generation {
        settle().await;
    }
    fill(&part).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(parts(&world), 2);
    assert!(!grower.is_finished());
}

/// Curator's sharder takes every child of the divided queue for a part, and puts items there.
#[tokio::test(start_paused = true)]
async fn nothing_but_parts_is_below_a_queue_that_is_divided() {
    let world = World::new();
    let zk = world.client().await;
    let queue = ShardedQueue::new(&queue(&zk).strict_bound(9));
    let part = queue.pick().await.unwrap();
    part.put("x").await.unwrap();
    let claimed = part.claim().await.unwrap();
    let name = part.path().rsplit('/').next().unwrap();
    let item = format!("{}/queue-0000000000", part.path());
    assert_eq!(world.left(PATH), [part.path(), item.as_str()]);
    let lock = format!("/queues/_locks_jobs_{name}/queue-0000000000");
    let all = world.hooks.paths();
    assert!(all.contains(&lock), "{all:?}");
    claimed.complete().await.unwrap();
    // What is named otherwise is no part to ours, and no part is an item.
    zk.create(&format!("{PATH}/queue-x"), "").await.unwrap();
    assert_eq!(queue.parts().await.unwrap().len(), 1);
    zk.delete(&format!("{PATH}/queue-x")).await.unwrap();
    let whole = super::queue(&zk);
    assert!(whole.try_take().await.unwrap().is_none());
    assert!(world.hooks.node(part.path()).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_look_at_the_parts_or_a_pick_that_is_dropped_leaves_at_most_the_first_part() {
    for polls in 1.. {
        let world = World::new();
        let zk = world.client().await;
        let queue = sharded(&zk);
        let look = async {
            queue.parts().await.unwrap();
            queue.pick().await.unwrap();
            queue.parts().await.unwrap();
        };
        let ended = polled(look, polls).await.is_some();
        settle().await;
        assert!(parts(&world) <= 1);
        let stats = zk.stats();
        assert_eq!((stats.watches, stats.duties), (0, 0));
        if ended {
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn growing_that_is_dropped_at_any_poll_leaves_no_candidate() {
    for polls in 1..crate::kit::WAITS_FOR_EVER {
        let world = World::new();
        let zk = world.client().await;
        let full = format!("{PATH}/queue-53345f98-9423-4e0c-a7b5-9f819e3ec2e1");
        zk.create(&full, "").parents().await.unwrap();
        for _ in 0..3 {
            let item = zk.create(&format!("{full}/queue-"), "");
            item.mode(CreateMode::PersistentSequential).await.unwrap();
        }
        let election = Election::new(&zk, "/queues/leaders").unwrap();
        let queue = sharded(&zk);
        assert!(polled(queue.grow(&election), polls).await.is_none());
        settle().await;
        settle().await;
        assert!(parts(&world) <= 2);
        let stats = zk.stats();
        assert_eq!((stats.watches, stats.duties), (0, 0), "after {polls} polls");
        world.until_empty("/queues/leaders").await;
    }
}
