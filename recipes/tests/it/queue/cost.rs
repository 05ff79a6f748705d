//! How many requests it takes.

use zk_recipes::{Client, Queue};

use super::{claim, queue, take};
use crate::kit::{ROUND_TRIP, World};

/// A queue whose nodes and mark are there.
async fn warm(zk: &Client) -> Queue {
    let queue = queue(zk);
    queue.put("warm").await.unwrap();
    claim(&queue).await.complete().await.unwrap();
    queue
}

/// The requests and the round trips of what is done.
async fn cost<T>(world: &World, zk: &Client, run: impl AsyncFnOnce() -> T) -> (u64, f64) {
    let session = zk.session_id().unwrap();
    let before = world.asked(session);
    let start = tokio::time::Instant::now();
    run().await;
    let trips = start.elapsed().as_secs_f64() / ROUND_TRIP.as_secs_f64();
    (world.asked(session).all_since(&before), trips)
}

#[tokio::test(start_paused = true)]
async fn a_put_takes_one_request_and_one_round_trip() {
    let world = World::new();
    let zk = world.client().await;
    let queue = warm(&zk).await;
    for _ in 0..3 {
        let cost = cost(&world, &zk, async || queue.put("x").await.unwrap()).await;
        assert_eq!(cost, (1, 1.0));
    }
    let batch = cost(&world, &zk, async || {
        queue.put_all(["a", "b", "c"]).await.unwrap()
    })
    .await;
    assert_eq!(batch, (1, 1.0));
}

#[tokio::test(start_paused = true)]
async fn a_take_takes_three_round_trips_and_so_does_a_batch() {
    let world = World::new();
    let zk = world.client().await;
    let queue = warm(&zk).await;
    queue.put_all(["a", "b", "c", "d"]).await.unwrap();
    // Two lists; the item and the locks again; the transaction.
    let one = cost(&world, &zk, async || take(&queue).await).await;
    assert_eq!(one, (5, 3.0));
    let three = cost(&world, &zk, async || queue.take_many(3).await.unwrap()).await;
    assert_eq!(three, (7, 3.0));
}

#[tokio::test(start_paused = true)]
async fn a_claim_takes_three_round_trips_and_its_completion_one() {
    let world = World::new();
    let zk = world.client().await;
    let queue = warm(&zk).await;
    queue.put("a").await.unwrap();
    let mut claimed = None;
    let claim = cost(&world, &zk, async || claimed = Some(claim(&queue).await)).await;
    // And a watch of the lock, for which nobody waits.
    assert_eq!(claim.1, 3.0);
    assert!((5..=6).contains(&claim.0), "{claim:?}");
    tokio::time::sleep(ROUND_TRIP).await;
    let complete = cost(&world, &zk, async || {
        claimed.take().unwrap().complete().await.unwrap()
    });
    assert_eq!(complete.await, (1, 1.0));
}

#[tokio::test(start_paused = true)]
async fn a_consumer_that_waits_asks_nothing() {
    let world = World::new();
    let zk = world.client().await;
    let queue = warm(&zk).await;
    let waits = crate::kit::spawned(queue.take());
    crate::kit::settle().await;
    let idle = cost(&world, &zk, async || {
        tokio::time::sleep(std::time::Duration::from_secs(600)).await;
    });
    assert_eq!(idle.await.0, 0);
    assert_eq!(world.hooks.watch_count(), 1);
    queue.put("x").await.unwrap();
    waits.await.unwrap().unwrap();
    assert_eq!(world.hooks.watch_count(), 0);
}
