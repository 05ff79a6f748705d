//! Waiting for what a cache is to show, and how old it is at most.

use std::time::Duration;

use zk_recipes::{ChildrenCache, TreeCache, Zxid};

use super::kit::{TOP, loaded, truth};
use crate::ensembles::{client, three_servers};
use crate::kit::{ROUND_TRIP, World, settle};

/// C88: nobody reads what was not loaded.
#[tokio::test(start_paused = true)]
async fn c88_whoever_reads_at_once_waits_for_all() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    for number in 0..200 {
        let path = format!("/c/{}/{number}", number % 5);
        other.create(&path, "x").parents().await.unwrap();
    }
    let (loading, driver) = TreeCache::new(&zk, TOP).unwrap().keep();
    let _driver = tokio::spawn(driver);
    let cache = loading.loaded().await.unwrap();
    assert_eq!(super::kit::nodes(&cache.snapshot()), truth(&world, 9));
    assert_eq!(cache.children("/c/3").len(), 40);
}

#[tokio::test(start_paused = true)]
async fn own_writes_are_there_after_waiting_for_their_zxid() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let (cache, _driver) = loaded(TreeCache::new(&zk, TOP).unwrap().keep()).await;
    other.create(TOP, "").await.unwrap();
    for number in 0..20 {
        let path = format!("/c/{number}");
        // By another session, whose writes come here on another way.
        let made = other.create(&path, "1").await.unwrap();
        cache.wait_for(made.stat.czxid).await.unwrap();
        assert_eq!(cache.get(&path).unwrap().data(), b"1");
        let set = zk.set(&path, "2").await.unwrap();
        cache.wait_for(set.mzxid).await.unwrap();
        assert_eq!(cache.get(&path).unwrap().data(), b"2");
        zk.delete(&path).await.unwrap();
        cache.wait_for(world.hooks.last_zxid()).await.unwrap();
        assert_eq!(cache.get(&path), None);
        assert!(cache.as_of() >= world.hooks.last_zxid());
    }
    // A write elsewhere is waited for all the same.
    let elsewhere = other.create("/elsewhere", "").await.unwrap();
    cache.wait_for(elsewhere.stat.czxid).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_what_is_not_committed_yet_ends_when_it_is() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let (cache, _driver) = loaded(TreeCache::new(&zk, TOP).unwrap().keep()).await;
    let later = Zxid::from_raw(world.hooks.last_zxid().as_raw() + 2);
    let waiting = cache.clone();
    let wait = tokio::spawn(async move { waiting.wait_for(later).await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!wait.is_finished());
    other.create(TOP, "").await.unwrap();
    other.create("/c/a", "").await.unwrap();
    wait.await.unwrap().unwrap();
    assert!(cache.get("/c/a").is_some());
}

/// A follower that lags behind shows the past; a wait and a catching up know.
#[tokio::test(start_paused = true)]
async fn on_a_server_that_lags_behind_only_waiting_and_catching_up_show_the_present() {
    let ensemble = three_servers();
    let hooks = ensemble.hooks();
    let mut lagging = 0;
    for server in 1..=3 {
        let zk = client(&ensemble, server).await;
        let other = client(&ensemble, server % 3 + 1).await;
        let top = format!("/c{server}");
        other.create(&top, "").await.unwrap();
        zk.sync("/").await.unwrap();
        let plan = ChildrenCache::new(&zk, &top).unwrap();
        let (cache, _driver) = loaded(plan.keep()).await;
        if hooks.chaos(&format!("lag {server} 2s for 60s")).is_err() {
            continue;
        }
        lagging += 1;
        let path = format!("{top}/a");
        let made = other.create(&path, "1").await.unwrap();
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(cache.is_fresh() && cache.get(&path).is_none());
        cache.wait_for(made.stat.czxid).await.unwrap();
        assert_eq!(cache.get(&path).unwrap().data(), b"1");
        other.set(&path, "2").await.unwrap();
        cache.catch_up().await.unwrap();
        assert_eq!(cache.get(&path).unwrap().data(), b"2");
        hooks.chaos(&format!("lag {server} 0s for 1s")).unwrap();
    }
    assert!(lagging >= 2, "{lagging} servers lag");
}

/// C7 of caches: whatever was committed longer ago than the staleness is shown, at any time, whatever the link does.
#[tokio::test(start_paused = true)]
async fn the_staleness_is_an_upper_bound_also_over_outages() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    other.create(TOP, "").await.unwrap();
    let every = Duration::from_millis(200);
    let plan = TreeCache::new(&zk, TOP).unwrap().confirm_every(every);
    let (cache, _driver) = loaded(plan.keep()).await;
    let mut history = Vec::new();
    let (mut longest, mut shortest) = (Duration::ZERO, Duration::MAX);
    for number in 0..600 {
        if number % 3 == 0 {
            other.set(TOP, format!("{number}")).await.unwrap();
            let mzxid = world.hooks.node(TOP).unwrap().stat.mzxid;
            history.push((zk.now(), mzxid));
        }
        match number % 150 {
            40 => {
                world.hooks.refuse_connections(true);
                world.hooks.cut_session(zk.session_id().unwrap());
            }
            90 => world.hooks.refuse_connections(false),
            _ => {}
        }
        tokio::time::sleep(ROUND_TRIP / 2).await;
        let staleness = cache.staleness().unwrap();
        let (now, shown) = (zk.now(), cache.top().unwrap().stat().mzxid);
        let mut committed = history.iter().filter(|(at, _)| now - *at > staleness);
        if let Some((_, newest)) = committed.next_back() {
            assert!(shown >= *newest, "{number}: {staleness:?}");
        }
        longest = longest.max(staleness);
        shortest = shortest.min(staleness);
    }
    assert!(
        shortest < every && longest > every * 2,
        "{shortest:?} {longest:?}"
    );
    let (cache, _driver) = loaded(TreeCache::new(&zk, TOP).unwrap().keep()).await;
    assert_eq!(cache.staleness(), None, "nothing proves it");
    cache.catch_up().await.unwrap();
    settle().await;
    assert!(cache.staleness().unwrap() < ROUND_TRIP * 10);
}
