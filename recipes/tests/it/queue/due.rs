//! Delay queues: never early by the servers' clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::{Instant, sleep};
use zk_recipes::{Client, Entry, QueueLayout};

use super::{PATH, claim, queue, take, text, try_take};
use crate::kit::{ROUND_TRIP, World, settle, spawned};

fn delayed(zk: &Client) -> zk_recipes::Queue {
    queue(zk).layout(QueueLayout::Delay)
}

/// The servers' time, in milliseconds since 1970.
async fn servers_time(zk: &Client) -> i64 {
    let path = "/time";
    match zk.exists(path).await.unwrap() {
        Some(_) => zk.set(path, "").await.unwrap().mtime,
        None => zk.create(path, "").await.unwrap().stat.mtime,
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_handed_out_before_it_is_due_and_waiters_sleep_until_then() {
    for claims in [false, true] {
        let world = World::new();
        let (zk, producer) = (world.client().await, world.client().await);
        let consumer = delayed(&zk);
        let start = Instant::now();
        delayed(&producer)
            .put(Entry::new("x").due_in(Duration::from_secs(90)))
            .await
            .unwrap();
        let got = match claims {
            true => text(claim_late(&consumer).await.item()),
            false => text(&consumer.take().await.unwrap()),
        };
        assert_eq!(got, "x");
        let waited = start.elapsed();
        assert!(waited >= Duration::from_secs(90), "early: {waited:?}");
        assert!(waited < Duration::from_secs(91), "late: {waited:?}");
    }
}

async fn claim_late(queue: &zk_recipes::Queue) -> zk_recipes::Claimed {
    queue
        .claim()
        .timeout(Duration::from_secs(200))
        .await
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_earliest_due_time_comes_first_whatever_came_first() {
    let world = World::new();
    let zk = world.client().await;
    let queue = delayed(&zk);
    for (data, delay) in [("c", 3000), ("a", 1000), ("b", 2000)] {
        let delay = Duration::from_millis(delay);
        queue.put(Entry::new(data).due_in(delay)).await.unwrap();
    }
    assert_eq!(try_take(&queue).await.unwrap(), None);
    assert_eq!(
        queue.len().await.unwrap(),
        3,
        "those that are not due are there"
    );
    sleep(Duration::from_secs(4)).await;
    for data in ["a", "b", "c"] {
        assert_eq!(take(&queue).await, data);
    }
}

#[tokio::test(start_paused = true)]
async fn an_item_that_is_due_earlier_wakes_whoever_sleeps_until_a_later_one() {
    let world = World::new();
    let (zk, producer) = (world.client().await, world.client().await);
    let (consumer, producer) = (delayed(&zk), delayed(&producer));
    producer
        .put(Entry::new("late").due_in(Duration::from_secs(3600)))
        .await
        .unwrap();
    let waits = spawned(consumer.take());
    settle().await;
    let start = Instant::now();
    producer
        .put(Entry::new("soon").due_in(Duration::from_secs(1)))
        .await
        .unwrap();
    assert_eq!(text(&waits.await.unwrap().unwrap()), "soon");
    assert!(start.elapsed() < Duration::from_secs(2));
}

/// The consumer's own clock is never asked.
#[tokio::test(start_paused = true)]
async fn due_times_are_by_the_servers_clock_to_the_millisecond() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let queue = delayed(&zk);
    let due = servers_time(&other).await + 500;
    let at = UNIX_EPOCH + Duration::from_millis(u64::try_from(due).unwrap());
    let placed = queue.put(Entry::new("x").due_at(at)).await.unwrap();
    assert!(placed.node.unwrap().contains(&format!("|{due:08X}|")));
    assert_eq!(queue.list().await.unwrap()[0].due, Some(at));
    let item = queue.take().await.unwrap();
    assert_eq!(item.due(), Some(at));
    let now = servers_time(&other).await;
    assert!(now >= due, "{} ms early", due - now);
    assert!(now - due < 200, "{} ms late", now - due);
    // What is past is due at once.
    queue
        .put(Entry::new("y").due_at(SystemTime::UNIX_EPOCH))
        .await
        .unwrap();
    assert_eq!(take(&queue).await, "y");
}

#[tokio::test(start_paused = true)]
async fn a8_an_item_that_is_given_back_keeps_its_due_time() {
    let world = World::new();
    let zk = world.client().await;
    let queue = delayed(&zk);
    queue
        .put(Entry::new("x").due_in(Duration::from_secs(1)))
        .await
        .unwrap();
    let one = claim(&queue).await;
    let due = one.item().due().unwrap();
    one.release().await.unwrap();
    assert_eq!(claim(&queue).await.item().due(), Some(due));
    assert!(world.left(PATH).len() == 1);
}

#[tokio::test(start_paused = true)]
async fn a_consumer_of_an_empty_delay_queue_writes_nothing() {
    let world = World::new();
    let zk = world.client().await;
    let waits = spawned(delayed(&zk).take());
    sleep(ROUND_TRIP * 20).await;
    assert_eq!(world.hooks.count(zk_wire::OpCode::Multi), 0);
    waits.abort();
}
