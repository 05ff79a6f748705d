//! Caches over broken connections and ended sessions.

use zk_embedded::Match;
use zk_recipes::{CacheChange, OnExpiry, TreeCache};
use zk_recipes::{ErrorKind, NodeCache};
use zk_wire::{ErrorCode, OpCode};

use super::kit::{ALL, Folder, TOP, loaded, truth, until_true};
use crate::kit::{ROUND_TRIP, World, settle};

/// C6 of caches, and A12, C59: what is deleted and made again with equal versions while nobody is connected.
#[tokio::test(start_paused = true)]
async fn a12_c59_what_was_made_again_during_an_outage_is_told_between_stale_and_fresh() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    for path in ["/c/same", "/c/again/old", "/c/gone/below", "/c/written"] {
        other.create(path, "x").parents().await.unwrap();
    }
    let (cache, _driver) = loaded(TreeCache::new(&zk, TOP).unwrap().keep()).await;
    let mut folder = Folder::of(&cache).await;
    let before = cache.get("/c/again").unwrap();
    world.hooks.refuse_connections(true);
    world.hooks.cut_session(zk.session_id().unwrap());
    settle().await;
    assert!(!cache.is_fresh());
    folder.catch_up().await;
    assert_eq!(folder.words(), ["all", "stale"]);
    other.delete("/c/again").recursive().await.unwrap();
    other.create("/c/again", "").await.unwrap();
    other.create("/c/again/new", "x").await.unwrap();
    other.delete("/c/gone").recursive().await.unwrap();
    other.set("/c/written", "y").await.unwrap();
    // The server closes the connections that wait to be let in again, not this one.
    assert_eq!(cache.get("/c/written").unwrap().data(), b"x");
    world.hooks.refuse_connections(false);
    until_true(&world, &cache, ALL).await;
    let after = cache.get("/c/again").unwrap();
    assert_eq!(before.stat().version, after.stat().version);
    assert_eq!(before.data(), after.data());
    assert_eq!(before.stat().num_children, after.stat().num_children);
    assert_eq!(folder.catch_up().await.nodes, truth(&world, ALL));
    let mut told = folder.words();
    assert_eq!(told.pop().unwrap(), "fresh");
    told.sort();
    let changes = [
        "!/c/again",
        "+/c/again/new",
        "-/c/again/old",
        "-/c/gone",
        "-/c/gone/below",
        "=/c/written",
    ];
    assert_eq!(told, changes);
}

#[tokio::test(start_paused = true)]
async fn ten_sessions_that_end_are_each_told_as_stale_and_fresh() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    other.create("/c/a", "").parents().await.unwrap();
    let (cache, _driver) = loaded(TreeCache::new(&zk, TOP).unwrap().keep()).await;
    let mut folder = Folder::of(&cache).await;
    for generation in 2..12 {
        world.hooks.expire(zk.session_id().unwrap());
        other.set("/c/a", format!("{generation}")).await.unwrap();
        while zk.generation() < generation {
            tokio::time::sleep(ROUND_TRIP).await;
        }
        until_true(&world, &cache, ALL).await;
        folder.catch_up().await;
        let told = folder.words();
        let told = told.iter().skip(usize::from(generation == 2));
        assert!(told.eq(["stale", "=/c/a", "fresh"]), "{generation}");
    }
    assert_eq!(folder.nodes, truth(&world, ALL));
    assert_eq!(zk.stats().watches, 1);
}

/// A connection that breaks at any moment of the load: all is there in the end, and the load is told once.
#[tokio::test(start_paused = true)]
async fn a_load_that_is_cut_at_any_time_ends_and_is_whole() {
    for millis in (0..60).step_by(3) {
        let world = World::new();
        let (zk, other) = (world.client().await, world.client().await);
        for number in 0..40 {
            let path = format!("/c/{}/{number}", number % 4);
            other.create(&path, "x").parents().await.unwrap();
        }
        let (loading, driver) = TreeCache::new(&zk, TOP).unwrap().keep();
        let _driver = tokio::spawn(driver);
        tokio::time::sleep(std::time::Duration::from_millis(millis)).await;
        world.hooks.cut_session(zk.session_id().unwrap());
        other.set("/c/1/1", "y").await.unwrap();
        let cache = loading.loaded().await.unwrap();
        let mut folder = Folder::of(&cache).await;
        until_true(&world, &cache, ALL).await;
        assert_eq!(folder.catch_up().await.nodes, truth(&world, ALL));
    }
}

/// What was asked and lost with the connection is not answered behind what was asked since: the folder finds a change that
/// leads back. In both ways of watching.
#[tokio::test(start_paused = true)]
async fn a_cache_does_not_go_back_where_reads_are_lost_with_the_connection() {
    for (millis, one_shot) in (0..40)
        .step_by(3)
        .flat_map(|millis| [(millis, false), (millis, true)])
    {
        let world = World::new();
        let (zk, other) = (world.client().await, world.client().await);
        for path in ["/c", "/c/a", "/c/b"] {
            other.create(path, "x").await.unwrap();
        }
        let cache = TreeCache::new(&zk, TOP).unwrap();
        let cache = match one_shot {
            true => cache.one_shot_watches(),
            false => cache,
        };
        let (cache, _driver) = loaded(cache.keep()).await;
        let mut folder = Folder::of(&cache).await;
        let writer = tokio::spawn(async move {
            for number in 0..40 {
                let set = |path| other.set(path, number.to_string()).submit();
                for set in ["/c/a", "/c", "/c/b"].map(set) {
                    set.await.unwrap();
                }
            }
        });
        tokio::time::sleep(std::time::Duration::from_millis(millis)).await;
        world.hooks.cut_session(zk.session_id().unwrap());
        writer.await.unwrap();
        until_true(&world, &cache, ALL).await;
        assert_eq!(folder.catch_up().await.nodes, truth(&world, ALL));
    }
}

#[tokio::test(start_paused = true)]
async fn a_cache_over_the_end_of_its_only_session_ends_with_it() {
    let world = World::new();
    let builder = world.builder().on_expiry(OnExpiry::Stop);
    let zk = builder.connect().await.unwrap();
    let (cache, driver) = loaded(NodeCache::new(&zk, TOP).unwrap().keep()).await;
    let mut changes = cache.changes();
    assert!(matches!(
        changes.next().await,
        Some(CacheChange::Snapshot(_))
    ));
    world.hooks.expire(zk.session_id().unwrap());
    let error = driver.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SessionExpired);
    assert!(matches!(changes.next().await, Some(CacheChange::Stale)));
    assert!(changes.next().await.is_none());
    assert!(!cache.is_fresh());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_throttles_does_not_end_the_keeping() {
    // What a load asks, and what a change asks for.
    for (op, is_change) in [
        (OpCode::AddWatch, false),
        (OpCode::GetChildren, false),
        (OpCode::GetData, true),
    ] {
        let world = World::new();
        let (zk, other) = (world.client().await, world.client().await);
        other.create("/c/a", "x").parents().await.unwrap();
        let asked = Match::op(op).session(zk.session_id().unwrap());
        let throttle = || {
            let fault = world.hooks.on(asked.clone());
            fault.error(ErrorCode::ThrottledOp)
        };
        let early = (!is_change).then(throttle);
        let (cache, driver) = loaded(TreeCache::new(&zk, TOP).unwrap().keep()).await;
        let rule = early.unwrap_or_else(throttle);
        other.set("/c/a", "y").await.unwrap();
        until_true(&world, &cache, ALL).await;
        assert_eq!(world.hooks.fired(rule), 1, "{op:?}");
        other.set("/c/a", "z").await.unwrap();
        until_true(&world, &cache, ALL).await;
        assert!(!driver.is_finished(), "{op:?}");
    }
}
