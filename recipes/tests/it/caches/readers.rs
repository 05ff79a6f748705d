//! Those who read caches.

use zk_recipes::{CacheChange, ErrorKind, TreeCache};

use super::kit::{ALL, Folder, TOP, loaded, truth, until_true};
use crate::kit::{ROUND_TRIP, World, settle};

/// K16: a reader that does not come costs the others nothing, and is told.
#[tokio::test(start_paused = true)]
async fn k16_a_reader_that_falls_behind_is_told_so_and_gets_all_again_while_the_connection_lives() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    other.create(TOP, "").await.unwrap();
    let plan = TreeCache::new(&zk, TOP).unwrap().backlog(10);
    let (cache, _driver) = loaded(plan.keep()).await;
    let (mut slow, mut quick) = (Folder::of(&cache).await, Folder::of(&cache).await);
    for number in 0..50 {
        other.create(&format!("/c/{number}"), "").await.unwrap();
        settle().await;
        quick.catch_up().await;
    }
    assert!(matches!(slow.next().await, Some(CacheChange::Lagged(_))));
    assert_eq!(slow.nodes, truth(&world, ALL));
    assert_eq!(quick.nodes, slow.nodes);
    other.delete("/c/7").await.unwrap();
    settle().await;
    assert_eq!(slow.catch_up().await.nodes, quick.catch_up().await.nodes);
    assert_eq!(slow.words(), ["all", "all", "-/c/7"]);
    assert_eq!(quick.words().len(), 52);
    assert_eq!(zk.stats().connections_lost, 0);
}

/// K13 and C53.
#[tokio::test(start_paused = true)]
async fn k13_c53_the_last_handle_that_is_dropped_ends_the_driver_and_leaves_no_watch() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    other.create("/c/a", "").parents().await.unwrap();
    for _ in 0..10 {
        // Under the name that it had while it was loading, as programs write it.
        let (cache, driver) = TreeCache::new(&zk, TOP).unwrap().keep();
        let driver = tokio::spawn(driver);
        let cache = cache.loaded().await.unwrap();
        let changes = cache.changes();
        drop(cache);
        settle().await;
        assert!(!driver.is_finished(), "somebody still follows it");
        drop(changes);
        let ended = tokio::time::timeout(ROUND_TRIP * 10, driver).await;
        ended.unwrap().unwrap().unwrap();
    }
    settle().await;
    assert_eq!((zk.stats().watches, world.hooks.watch_count()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_cache_that_is_closed_goes_on_showing_what_it_showed_and_leaves_no_watch() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    other.create("/c/a", "").parents().await.unwrap();
    let (cache, driver) = loaded(TreeCache::new(&zk, TOP).unwrap().keep()).await;
    let mut folder = Folder::of(&cache).await;
    cache.clone().close();
    driver.await.unwrap().unwrap();
    assert!(matches!(folder.next().await, Some(CacheChange::Stale)));
    assert!(folder.next().await.is_none());
    assert_eq!(cache.len(), 2);
    assert_eq!(
        cache.catch_up().await.unwrap_err().kind(),
        ErrorKind::Misuse
    );
    settle().await;
    assert_eq!(world.hooks.watch_count(), 0);
}

/// C57: the load is given up at any moment.
#[tokio::test(start_paused = true)]
async fn c57_a_load_that_is_given_up_at_any_time_leaves_no_watch() {
    for millis in 0..50 {
        let world = World::new();
        let (zk, other) = (world.client().await, world.client().await);
        other.create("/c/a/b", "").parents().await.unwrap();
        for one_shot in [false, true] {
            let mut plan = TreeCache::new(&zk, TOP).unwrap();
            if one_shot {
                plan = plan.one_shot_watches();
            }
            let (loading, driver) = plan.keep();
            let driver = tokio::spawn(driver);
            tokio::time::sleep(std::time::Duration::from_millis(millis)).await;
            drop(loading);
            driver.await.unwrap().unwrap();
        }
        settle().await;
        let left = (zk.stats().watches, world.hooks.watch_count());
        assert_eq!(left, (0, 0), "after {millis} ms");
    }
}

/// C54: the client is closed first.
#[tokio::test(start_paused = true)]
async fn c54_a_cache_of_a_closed_client_ends_once_and_rests() {
    let world = World::new();
    let zk = world.client().await;
    let (cache, driver) = loaded(TreeCache::new(&zk, TOP).unwrap().keep()).await;
    let mut folder = Folder::of(&cache).await;
    zk.close().await.unwrap();
    let ended = tokio::time::timeout(ROUND_TRIP * 10, driver).await;
    let error = ended.expect("it goes on").unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    assert!(matches!(folder.next().await, Some(CacheChange::Stale)));
    assert!(folder.next().await.is_none() && folder.next().await.is_none());
    let waited = cache.wait_for(zk_recipes::Zxid::from_raw(i64::MAX)).await;
    assert_eq!(waited.unwrap_err().kind(), ErrorKind::Closed);
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_a_cache_whose_driver_was_dropped_is_told() {
    let world = World::new();
    let zk = world.client().await;
    let (loading, driver) = TreeCache::new(&zk, TOP).unwrap().keep();
    drop(driver);
    let error = loading.loaded().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse, "{error}");
    assert!(error.to_string().contains("spawn"), "{error}");
    let (cache, driver) = loaded(TreeCache::new(&zk, TOP).unwrap().keep()).await;
    driver.abort();
    settle().await;
    assert_eq!(
        cache.catch_up().await.unwrap_err().kind(),
        ErrorKind::Misuse
    );
    assert!(!cache.is_fresh());
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_stays_as_it_was() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    for path in ["/c/a/b", "/c/d"] {
        other.create(path, "1").parents().await.unwrap();
    }
    let (cache, _driver) = loaded(TreeCache::new(&zk, TOP).unwrap().keep()).await;
    let (snapshot, was) = (cache.snapshot(), truth(&world, ALL));
    other.set("/c/a/b", "2").await.unwrap();
    other.delete("/c/d").recursive().await.unwrap();
    other.create("/c/a/e", "").await.unwrap();
    until_true(&world, &cache, ALL).await;
    assert_eq!(super::kit::nodes(&snapshot), was);
    assert_eq!(snapshot.get("/c/a/b").unwrap().data(), b"1");
    assert_eq!(snapshot.children("/c/a").len(), 1);
    assert_eq!(cache.children("/c/a").len(), 2);
    assert!(snapshot.as_of() < cache.as_of());
}
