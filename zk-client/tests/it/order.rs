//! Requests reach the server in the order in which they were queued.

use crate::kit::{World, settle};

#[tokio::test(start_paused = true)]
async fn submit_fixes_the_order_whatever_order_the_answers_are_awaited_in() {
    let world = World::new();
    let zk = world.client().await;
    zk.create("/a", "0").await.unwrap();
    let first = zk.set("/a", "1").submit();
    let second = zk.set("/a", "2").submit();
    let read = zk.get("/a").submit();
    let third = zk.set("/a", "3").submit();
    assert_eq!(third.await.unwrap().version, 3);
    assert_eq!(&read.await.unwrap().data[..], b"2");
    assert_eq!(second.await.unwrap().version, 2);
    assert_eq!(first.await.unwrap().version, 1);
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_is_only_made_is_not_sent() {
    let world = World::new();
    let zk = world.client().await;
    let made = zk.create("/made", "");
    zk.create("/awaited", "").await.unwrap();
    settle().await;
    assert_eq!(world.hooks.paths(), ["/awaited"]);
    made.await.unwrap();
    assert_eq!(world.hooks.paths(), ["/awaited", "/made"]);
}

#[tokio::test(start_paused = true)]
async fn requests_queued_together_share_one_round_trip() {
    let world = World::new();
    let zk = world.client().await;
    let start = tokio::time::Instant::now();
    let pending: Vec<_> = (0..500)
        .map(|i| zk.create(&format!("/n{i}"), "").submit())
        .collect();
    for create in pending {
        create.await.unwrap();
    }
    assert_eq!(start.elapsed(), crate::kit::ROUND_TRIP);
}
