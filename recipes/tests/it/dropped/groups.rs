//! Groups.

use zk_recipes::Group;

use super::{PATH, at_every_poll, nothing};
use crate::kit::polled;

#[tokio::test(start_paused = true)]
async fn a_dropped_driver_of_a_membership_leaves_no_member() {
    at_every_poll(
        Some(8),
        nothing,
        |zk| {
            Box::pin(async move {
                let (membership, driver) = Group::new(&zk, PATH).unwrap().join("a", "").unwrap();
                driver.await.unwrap();
                drop(membership);
            })
        },
        async |world, _| assert!(world.left(PATH).is_empty()),
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_look_at_a_group_changes_nothing() {
    at_every_poll(
        None,
        async |_, zk| {
            zk.create(&format!("{PATH}/a"), "").parents().await.unwrap();
        },
        |zk| {
            Box::pin(async move {
                let members = Group::new(&zk, PATH).unwrap().members().await.unwrap();
                assert_eq!(members.len(), 1);
            })
        },
        async |world, _| assert_eq!(world.left(PATH).len(), 1),
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_wait_for_a_roster_loses_no_change_and_leaves_no_watch() {
    at_every_poll(
        None,
        async |_, zk| {
            zk.create(PATH, "").parents().await.unwrap();
        },
        |zk| {
            Box::pin(async move {
                let (mut rosters, driver) = Group::new(&zk, PATH).unwrap().observe();
                let driver = tokio::spawn(driver);
                assert!(rosters.next().await.unwrap().members.is_empty());
                for polls in 0..6 {
                    // Given up at any time, the wait that follows tells what it would have told.
                    let told = polled(rosters.next(), polls).await;
                    assert!(told.is_none());
                    let at = format!("{PATH}/{polls}");
                    zk.create(&at, "").await.unwrap();
                    let roster = match polled(rosters.next(), polls).await {
                        Some(roster) => roster.unwrap(),
                        None => rosters.next().await.unwrap(),
                    };
                    assert_eq!(roster.members.len(), 1);
                    zk.delete(&at).await.unwrap();
                    assert!(rosters.next().await.unwrap().members.is_empty());
                }
                drop(rosters);
                driver.await.unwrap().unwrap();
            })
        },
        async |_, _| {},
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_driver_of_an_observer_leaves_no_watch() {
    at_every_poll(
        Some(10),
        nothing,
        |zk| {
            Box::pin(async move {
                let (rosters, driver) = Group::new(&zk, PATH).unwrap().observe();
                driver.await.unwrap();
                drop(rosters);
            })
        },
        async |_, _| {},
    )
    .await;
}
