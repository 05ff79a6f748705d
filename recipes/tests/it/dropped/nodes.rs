//! Nodes that are kept.

use std::time::Duration;

use zk_recipes::{Client, PersistentNode, Standing, TtlNode};

use super::{PATH, at_every_poll, nothing};
use crate::kit::polled;

#[tokio::test(start_paused = true)]
async fn a_dropped_driver_of_a_kept_node_leaves_no_node() {
    at_every_poll(
        Some(8),
        nothing,
        |zk| {
            Box::pin(async move {
                let (presence, driver) = PersistentNode::new(&zk, PATH, "x").unwrap().keep();
                driver.await.unwrap();
                drop(presence);
            })
        },
        async |world, _| assert!(world.hooks.node(PATH).is_none()),
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_driver_that_is_closed_and_dropped_at_any_poll_leaves_no_node() {
    at_every_poll(
        None,
        nothing,
        |zk| {
            Box::pin(async move {
                let (presence, driver) = PersistentNode::new(&zk, PATH, "x").unwrap().keep();
                let close = async {
                    presence.present().await.unwrap();
                    presence.close();
                };
                let (ended, ()) = tokio::join!(driver, close);
                ended.unwrap();
            })
        },
        async |world, _| assert!(world.hooks.node(PATH).is_none()),
    )
    .await;
}

/// Drops a wait at every poll while a driver keeps the node for a moment.
async fn waits(start: impl Fn(zk_recipes::Presence) -> super::Dropped) {
    at_every_poll(
        None,
        nothing,
        |zk: Client| {
            let (presence, driver) = PersistentNode::new(&zk, PATH, "x").unwrap().keep();
            let wait = start(presence.clone());
            Box::pin(async move {
                let driver = tokio::spawn(driver);
                let closing = presence.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    let seen = closing.present().await;
                    assert!(seen.is_some(), "the wait took nothing away");
                    closing.close();
                });
                drop(presence);
                wait.await;
                driver.await.unwrap().unwrap();
            })
        },
        async |world, _| assert!(world.hooks.node(PATH).is_none()),
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_wait_for_a_kept_node_changes_nothing() {
    waits(|presence| Box::pin(async move { assert!(presence.present().await.is_some()) })).await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_wait_for_a_change_of_a_kept_node_loses_none() {
    waits(|mut presence| {
        Box::pin(async move {
            // The first is given up, the second tells what it would have told.
            assert!(polled(presence.changed(), 1).await.is_none());
            let standing = presence.changed().await;
            assert!(matches!(standing, Some(Standing::Present(_))));
        })
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_driver_of_a_lasting_node_leaves_it_or_nothing_and_nothing_open() {
    at_every_poll(
        Some(8),
        nothing,
        |zk| {
            Box::pin(async move {
                let node = PersistentNode::new(&zk, PATH, "x").unwrap().lasting();
                let (presence, driver) = node.numbered().keep();
                driver.await.unwrap();
                drop(presence);
            })
        },
        async |world, _| assert!(world.left("/d").len() <= 1),
    )
    .await;
}

const TTL: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn what_a_dropped_driver_of_a_ttl_node_leaves_goes_after_its_time() {
    at_every_poll(
        Some(12),
        nothing,
        |zk| {
            Box::pin(async move {
                let (presence, driver) = TtlNode::new(&zk, PATH, "x", TTL).unwrap().keep();
                driver.await.unwrap();
                drop(presence);
            })
        },
        async |world, _| {
            tokio::time::sleep(Duration::from_secs(200)).await;
            assert!(world.hooks.node(PATH).is_none());
        },
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_look_at_a_ttl_node_changes_nothing() {
    at_every_poll(
        None,
        nothing,
        |zk| {
            Box::pin(async move {
                let node = TtlNode::new(&zk, PATH, "x", TTL).unwrap();
                assert_eq!(node.find().await.unwrap(), None);
            })
        },
        async |world, _| assert!(world.hooks.node(PATH).is_none()),
    )
    .await;
}
