//! Caches.

use zk_client::{Client, Zxid};
use zk_recipes::{Cache, CacheChange, CacheLoading, TreeCache};

use super::{Dropped, PATH, anything, at_every_poll};
use crate::kit::{World, polled};

const TOP: &str = "/d";

async fn some_nodes(_: &World, zk: &Client) {
    for path in [PATH, "/d/m/o"] {
        zk.create(path, "x").parents().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_driver_of_a_cache_leaves_no_watch() {
    for one_shot in [false, true] {
        at_every_poll(
            Some(25),
            some_nodes,
            |zk| {
                Box::pin(async move {
                    let mut plan = TreeCache::new(&zk, TOP).unwrap();
                    if one_shot {
                        plan = plan.one_shot_watches();
                    }
                    let (cache, driver) = plan.keep();
                    driver.await.unwrap();
                    drop(cache);
                })
            },
            anything,
        )
        .await;
    }
}

/// Drops a wait at every poll while a driver keeps the cache, which goes with it.
async fn waits(wait: impl AsyncFn(CacheLoading, Client) + Copy + 'static) {
    at_every_poll(
        None,
        some_nodes,
        |zk| {
            let (loading, driver) = TreeCache::new(&zk, TOP).unwrap().keep();
            tokio::spawn(driver);
            Box::pin(async move { wait(loading, zk).await }) as Dropped
        },
        anything,
    )
    .await;
}

async fn loaded(loading: CacheLoading) -> Cache {
    loading.loaded().await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_dropped_wait_for_a_cache_to_be_loaded_takes_nothing_but_its_handle() {
    waits(async |loading, _| {
        assert!(polled(loading.clone().loaded(), 1).await.is_none());
        assert_eq!(loaded(loading).await.len(), 4);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_wait_for_what_a_cache_is_to_show_changes_nothing() {
    waits(async |loading, zk| {
        let cache = loaded(loading).await;
        let set = zk.set(PATH, "y").await.unwrap();
        assert!(polled(cache.wait_for(set.mzxid), 1).await.is_none());
        cache.wait_for(set.mzxid).await.unwrap();
        assert_eq!(cache.get(PATH).unwrap().data(), b"y");
        assert!(polled(cache.catch_up(), 1).await.is_none());
        cache.catch_up().await.unwrap();
        assert!(cache.as_of() > Zxid::NONE);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_wait_for_a_change_of_a_cache_loses_none() {
    waits(async |loading, zk| {
        let mut changes = loaded(loading).await.changes();
        let first = changes.next().await;
        assert!(matches!(first, Some(CacheChange::Snapshot(_))));
        assert!(polled(changes.next(), 1).await.is_none());
        zk.delete(PATH).await.unwrap();
        assert_eq!(changes.next().await.unwrap().path(), Some(PATH));
    })
    .await;
}
