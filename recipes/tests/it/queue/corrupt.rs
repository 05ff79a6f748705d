//! Items that hold something else.

use zk_recipes::{Client, CreateMode, ErrorKind, OnCorrupt};

use super::{PATH, claim, items, queue, take, try_take};
use crate::kit::World;

async fn corrupt(zk: &Client) -> String {
    zk.create(&format!("{PATH}/queue-"), "10.0.0.1")
        .mode(CreateMode::PersistentSequential)
        .parents()
        .await
        .unwrap()
        .path
}

/// Curator logs it and deletes it.
#[tokio::test(start_paused = true)]
async fn what_is_no_item_is_moved_aside_and_told_once_and_never_deleted() {
    for claims in [false, true] {
        let world = World::new();
        let zk = world.client().await;
        let queue = queue(&zk);
        let bad = corrupt(&zk).await;
        queue.put("good").await.unwrap();
        let error = queue.peek().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Undecodable);
        assert!(world.hooks.node(&bad).is_some(), "a look moves nothing");
        let error = match claims {
            true => queue.claim().await.unwrap_err(),
            false => queue.take().await.unwrap_err(),
        };
        assert_eq!(error.kind(), ErrorKind::Undecodable);
        let aside = world.left(queue.aside_path());
        assert_eq!(aside.len(), 1);
        let told = error.to_string();
        assert!(told.contains(&bad) && told.contains(&aside[0]), "{told}");
        assert_eq!(
            world.hooks.node(&aside[0]).unwrap().data.unwrap(),
            "10.0.0.1"
        );
        assert_eq!(world.hooks.node(&bad), None);
        match claims {
            true => claim(&queue).await.complete().await.unwrap(),
            false => assert_eq!(take(&queue).await, "good"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_item_stays_and_is_passed_over_if_that_is_wanted() {
    let world = World::new();
    let zk = world.client().await;
    let queue = queue(&zk).on_corrupt(OnCorrupt::Skip);
    let bad = corrupt(&zk).await;
    queue.put("a").await.unwrap();
    queue.put("b").await.unwrap();
    assert_eq!(queue.peek().await.unwrap().unwrap().data(), b"a");
    assert_eq!(take(&queue).await, "a");
    claim(&queue).await.complete().await.unwrap();
    assert_eq!(try_take(&queue).await.unwrap(), None);
    assert_eq!(items(&world), [bad]);
}
