//! Divisions.

use std::time::Duration;

use zk_recipes::{Client, Division, Error, Partitioner};

use super::{PATH, at_every_poll, nothing};
use crate::kit::polled;

fn joined(
    zk: &Client,
) -> (
    Division,
    impl Future<Output = Result<(), Error>> + Send + 'static,
) {
    let partitioner = Partitioner::new(zk, PATH, ["a", "b", "c"]).unwrap();
    let partitioner = partitioner.settle(Duration::from_millis(1));
    partitioner.join("me").unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_dropped_driver_of_a_division_leaves_no_member_and_no_contender() {
    at_every_poll(
        Some(30),
        nothing,
        |zk| {
            Box::pin(async move {
                let (division, driver) = joined(&zk);
                driver.await.unwrap();
                drop(division);
            })
        },
        async |world, _| {
            assert!(
                world
                    .left(PATH)
                    .iter()
                    .all(|path| path.matches('/').count() <= 4)
            )
        },
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_division_that_works_and_leaves_is_dropped_at_any_poll_and_leaves_nothing() {
    at_every_poll(
        None,
        nothing,
        |zk| {
            Box::pin(async move {
                let (mut division, driver) = joined(&zk);
                let work = async {
                    let owned = division.next().await.unwrap();
                    assert!(owned.release().await.unwrap().was_held);
                    let second = division.next().await.unwrap();
                    division.leave();
                    second.recalled().await;
                    drop(second);
                    assert!(division.next().await.is_none());
                };
                let (ended, ()) = tokio::join!(driver, work);
                ended.unwrap();
            })
        },
        async |_, _| {},
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn dropped_waits_of_a_division_lose_no_item_and_end_none() {
    at_every_poll(
        None,
        nothing,
        |zk| {
            let (mut division, driver) = joined(&zk);
            Box::pin(async move {
                let driver = tokio::spawn(driver);
                let mut has = Vec::new();
                while has.len() < 3 {
                    // Given up at the first poll, as often as it has to be.
                    if let Some(owned) = polled(division.next(), 1).await {
                        has.push(owned.unwrap());
                    }
                }
                let owned = has.pop().unwrap();
                assert!(polled(owned.recalled(), 2).await.is_none());
                assert!(polled(owned.lost(), 2).await.is_none());
                assert!(owned.held().is_held() && !owned.is_recalled());
                drop((owned, has, division));
                driver.await.unwrap().unwrap();
            })
        },
        async |_, _| {},
    )
    .await;
}
