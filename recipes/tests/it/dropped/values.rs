//! Values.

use zk_recipes::{AtomicValue, Bytes, Client, SharedCount, SharedValue};

use super::{Dropped, PATH, anything, at_every_poll, nothing};
use crate::kit::World;
use crate::typed::{typed, word};

fn stored(world: &World) -> Option<Bytes> {
    world.hooks.node(PATH)?.data
}

async fn old(_: &World, operator: &Client) {
    operator.create(PATH, "old!").parents().await.unwrap();
}

/// Drops a write of `new!` over `old!` at every poll.
async fn replace(start: impl Fn(Client) -> Dropped) {
    at_every_poll(None, old, start, async |world, completed| {
        let now = stored(world).unwrap();
        assert!(now == "new!" || !completed && now == "old!", "{now:?}");
        let zk = world.client().await;
        AtomicValue::new(&zk, PATH)
            .unwrap()
            .set("last")
            .await
            .unwrap();
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        assert_eq!(stored(world).unwrap(), "last");
    })
    .await;
}

/// Drops a write of `new!` where nothing is at every poll.
async fn make(start: impl Fn(Client) -> Dropped) {
    at_every_poll(None, nothing, start, async |world, completed| {
        let now = stored(world);
        assert!(
            !completed || now.as_ref().is_some_and(|now| *now == "new!"),
            "{now:?}"
        );
        assert!(now.is_none_or(|now| now == "new!"));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_change_of_a_value_is_made_once_or_not_at_all() {
    let value = |zk: &Client| AtomicValue::new(zk, PATH).unwrap();
    replace(|zk| Box::pin(async move { value(&zk).set("new!").await.unwrap() })).await;
    replace(|zk| {
        Box::pin(async move {
            let done = value(&zk).compare_and_set(b"old!", "new!").await.unwrap();
            assert!(done.is_done());
        })
    })
    .await;
    replace(|zk| {
        Box::pin(async move {
            let replaced = value(&zk).update(|_| "new!".into()).await.unwrap();
            assert_eq!(replaced.before.unwrap(), "old!");
        })
    })
    .await;
    make(|zk| Box::pin(async move { assert!(value(&zk).initialize("new!").await.unwrap()) })).await;
    make(|zk| Box::pin(async move { value(&zk).set("new!").await.unwrap() })).await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_change_of_a_shared_value_or_count_is_made_once_or_not_at_all() {
    let value = |zk: &Client| SharedValue::new(zk, PATH, "seed").unwrap();
    let count = |zk: &Client| SharedCount::new(zk, PATH, 0).unwrap();
    let new = i32::from_be_bytes(*b"new!");
    replace(|zk| Box::pin(async move { value(&zk).set("new!").await.unwrap() })).await;
    replace(|zk| Box::pin(async move { count(&zk).set(new).await.unwrap() })).await;
    replace(|zk| {
        Box::pin(async move {
            let previous = value(&zk).get().await.unwrap();
            assert!(
                value(&zk)
                    .try_set(&previous, "new!")
                    .await
                    .unwrap()
                    .is_done()
            );
        })
    })
    .await;
    replace(|zk| {
        Box::pin(async move {
            let previous = count(&zk).get().await.unwrap();
            assert!(count(&zk).try_set(&previous, new).await.unwrap().is_done());
        })
    })
    .await;
    let value = |zk: &Client| typed(zk, PATH, "seed");
    replace(|zk| Box::pin(async move { value(&zk).set(&word("new!")).await.unwrap() })).await;
    replace(|zk| {
        Box::pin(async move {
            let previous = value(&zk).get().await.unwrap();
            let set = value(&zk).try_set(&previous, &word("new!")).await;
            assert!(set.unwrap().is_done());
        })
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_get_of_a_shared_value_or_count_makes_its_seed_or_not() {
    make(|zk| {
        Box::pin(async move {
            let value = SharedValue::new(&zk, PATH, "new!").unwrap();
            assert_eq!(value.get().await.unwrap().value, "new!");
        })
    })
    .await;
    let seed = i32::from_be_bytes(*b"new!");
    make(|zk| {
        Box::pin(async move {
            let count = SharedCount::new(&zk, PATH, seed).unwrap();
            assert_eq!(count.get().await.unwrap().value, seed);
        })
    })
    .await;
    make(|zk| {
        Box::pin(async move {
            let value = typed(&zk, PATH, "new!");
            assert_eq!(value.get().await.unwrap().value, word("new!"));
        })
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_get_of_a_value_changes_nothing() {
    let start = |zk: Client| -> Dropped {
        Box::pin(async move {
            let value = AtomicValue::new(&zk, PATH).unwrap();
            assert_eq!(value.get().await.unwrap().unwrap(), "old!");
        })
    };
    at_every_poll(None, old, start, async |world, _| {
        assert_eq!(stored(world).unwrap(), "old!")
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_next_of_changes_leaves_no_watch_once_they_are_dropped() {
    let start = |zk: Client| -> Dropped {
        Box::pin(async move {
            let mut changes = SharedValue::new(&zk, PATH, "").unwrap().changes();
            changes.next().await.unwrap();
            changes.next().await.unwrap();
        })
    };
    at_every_poll(Some(12), old, start, anything).await;
    let start = |zk: Client| -> Dropped {
        Box::pin(async move {
            let mut changes = typed(&zk, PATH, "").changes();
            changes.next().await.unwrap();
            changes.next().await.unwrap();
        })
    };
    at_every_poll(Some(12), old, start, anything).await;
    let start = |zk: Client| -> Dropped {
        Box::pin(async move {
            let mut changes = SharedCount::new(&zk, PATH, 0).unwrap().changes();
            changes.next().await.unwrap();
        })
    };
    at_every_poll(Some(12), nothing, start, anything).await;
}
