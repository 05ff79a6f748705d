//! Caches of whole trees.

use std::time::Duration;

use zk_client::{Client, CreateMode};
use zk_recipes::{Acl, ErrorKind, Permissions, TreeCache};
use zk_wire::OpCode;

use super::kit::{ALL, Folder, TOP, loaded, nodes, truth, until_true};
use crate::kit::{ROUND_TRIP, World, settle, spawned};

/// As many directories, each with so many nodes.
async fn grow(zk: &Client, directories: usize, nodes: usize) {
    zk.create(TOP, "top").await.unwrap();
    let paths = (0..directories).flat_map(|directory| {
        let leaf = move |node| format!("{TOP}/d{directory:03}/n{node:05}");
        std::iter::once(format!("{TOP}/d{directory:03}")).chain((0..nodes).map(leaf))
    });
    let paths: Vec<_> = paths.collect();
    for some in paths.chunks(500) {
        let mode = CreateMode::Persistent;
        let made = some.iter().fold(zk.multi(), |multi, path| {
            multi.create(path, "some data", mode)
        });
        made.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_tree_is_read_level_by_level_with_few_requests_and_followed() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    grow(&other, 5, 300).await;
    let session = zk.session_id().unwrap();
    let before = world.asked(session);
    let start = tokio::time::Instant::now();
    let (cache, _driver) = loaded(TreeCache::new(&zk, TOP).unwrap().keep()).await;
    assert_eq!(nodes(&cache.snapshot()), truth(&world, ALL));
    assert_eq!(cache.len(), 1506);
    let joined = world.asked(session).since(&before, OpCode::MultiRead);
    let requests = world.asked(session).all_since(&before);
    assert!((5..20).contains(&joined) && requests < 40, "{requests}");
    assert!(start.elapsed() < ROUND_TRIP * 20, "{:?}", start.elapsed());
    let mut folder = Folder::of(&cache).await;
    other
        .create("/c/d000/new/deep/er", "")
        .parents()
        .await
        .unwrap();
    other.delete("/c/d001").recursive().await.unwrap();
    other.set("/c/d002", "changed").await.unwrap();
    until_true(&world, &cache, ALL).await;
    assert_eq!(folder.catch_up().await.nodes, truth(&world, ALL));
}

#[tokio::test(start_paused = true)]
async fn a_change_costs_one_read_and_a_deletion_none() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    other.create("/c/a", "").parents().await.unwrap();
    let (cache, _driver) = loaded(TreeCache::new(&zk, TOP).unwrap().keep()).await;
    let session = zk.session_id().unwrap();
    let before = world.asked(session);
    other.set("/c/a", "1").await.unwrap();
    settle().await;
    assert_eq!(world.asked(session).all_since(&before), 1);
    other.delete("/c/a").await.unwrap();
    settle().await;
    assert_eq!(world.asked(session).all_since(&before), 1);
    assert_eq!(cache.len(), 1);
}

/// C61, and C62: the folder finds what is told as made twice.
#[tokio::test(start_paused = true)]
async fn c61_c62_a_top_that_comes_and_goes_a_hundred_times_is_followed_and_told_once_each() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let (cache, driver) = loaded(TreeCache::new(&zk, TOP).unwrap().keep()).await;
    assert!(cache.is_empty() && cache.is_fresh());
    let mut folder = Folder::of(&cache).await;
    for round in 0..100 {
        other
            .create("/c/a/b", format!("{round}"))
            .parents()
            .await
            .unwrap();
        if round % 3 == 0 {
            settle().await;
        }
        folder.catch_up().await;
        other.delete(TOP).recursive().await.unwrap();
        if round % 2 == 0 {
            settle().await;
        }
    }
    settle().await;
    assert!(cache.is_empty() && cache.is_fresh() && !driver.is_finished());
    let session = zk.session_id().unwrap();
    let before = world.asked(session);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(world.asked(session).all_since(&before), 0, "it rests");
    folder.catch_up().await;
    assert!(folder.nodes.is_empty());
    let told = folder.words().len();
    assert!((100..=1 + 6 * 100).contains(&told), "{told}");
}

#[tokio::test(start_paused = true)]
async fn c58_children_that_vanish_during_the_load_do_not_keep_it_from_ending() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    grow(&other, 3, 100).await;
    let (loading, driver) = TreeCache::new(&zk, TOP).unwrap().keep();
    let _driver = spawned(driver);
    for directory in 0..3 {
        tokio::time::sleep(ROUND_TRIP / 3).await;
        let gone = format!("{TOP}/d{directory:03}");
        other.delete(&gone).recursive().await.unwrap();
    }
    let cache = loading.loaded().await.unwrap();
    until_true(&world, &cache, ALL).await;
    assert_eq!(cache.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn c56_seventy_thousand_children_are_loaded() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    grow(&other, 1, 70_000).await;
    let (cache, _driver) = loaded(TreeCache::new(&zk, TOP).unwrap().keep()).await;
    assert_eq!(cache.len(), 70_002);
    assert_eq!(cache.children("/c/d000").len(), 70_000);
    assert_eq!(cache.get("/c/d000/n69999").unwrap().data(), b"some data");
}

#[tokio::test(start_paused = true)]
async fn levels_and_a_selection_leave_out_what_is_not_wanted() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    for path in ["/c/a/b/d", "/c/a/secret/e", "/c/secret/f"] {
        other.create(path, "").parents().await.unwrap();
    }
    let plan = TreeCache::new(&zk, TOP).unwrap().depth(2);
    let plan = plan.select(|path| !path.ends_with("secret"));
    let (cache, _driver) = loaded(plan.keep()).await;
    let wanted = ["/c", "/c/a", "/c/a/b"].map(str::to_owned);
    assert!(nodes(&cache.snapshot()).into_keys().eq(wanted));
    other.create("/c/a/secret/g", "").await.unwrap();
    other.create("/c/a/h", "").await.unwrap();
    settle().await;
    assert_eq!(cache.len(), 4);
    assert_eq!(cache.get("/c/a/secret"), None);
}

#[tokio::test(start_paused = true)]
async fn beyond_a_limit_the_driver_ends_with_an_error_that_says_so_and_a_part_can_be_read() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    grow(&other, 1, 50).await;
    let plan = TreeCache::new(&zk, TOP).unwrap();
    for (plan, limit) in [
        (plan.clone().max_nodes(10), "10 nodes"),
        (plan.clone().max_bytes(200), "200 bytes"),
    ] {
        let (loading, driver) = plan.keep();
        let error = driver.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Incomplete);
        let text = error.to_string();
        assert!(text.contains(TOP) && text.contains(limit), "{text}");
        let loaded = loading.clone().loaded().await.unwrap_err();
        assert_eq!(loaded.to_string(), text);
        let part = loading.partial();
        assert!((8..=15).contains(&part.len()), "{}", part.len());
        assert!(part.bytes() <= 200 && !part.is_fresh());
    }
    settle().await;
    assert_eq!(world.hooks.watch_count(), 0);
}

/// A limit that is met later: what was shown stays, and says that it is not followed any more.
#[tokio::test(start_paused = true)]
async fn a_cache_that_outgrows_its_limit_ends_stale() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    grow(&other, 1, 5).await;
    let plan = TreeCache::new(&zk, TOP).unwrap().max_nodes(8);
    let (cache, driver) = loaded(plan.keep()).await;
    other.create("/c/one", "").await.unwrap();
    until_true(&world, &cache, ALL).await;
    other.create("/c/two", "").await.unwrap();
    let error = driver.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incomplete);
    assert!(!cache.is_fresh() && cache.len() == 8);
    assert_eq!(
        cache.catch_up().await.unwrap_err().kind(),
        ErrorKind::Incomplete
    );
}

#[tokio::test(start_paused = true)]
async fn a_node_that_may_not_be_read_ends_the_driver_with_its_path_unless_it_is_left_out() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    grow(&other, 1, 3).await;
    let acl = [Acl::open().with_perms(Permissions::CREATE)];
    other.create("/c/closed", "").acl(acl).await.unwrap();
    let plan = TreeCache::new(&zk, TOP).unwrap();
    let error = plan.keep().1.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoAuth);
    assert!(error.to_string().contains("/c/closed"), "{error}");
    let plan = plan.select(|path| path != "/c/closed");
    let (cache, _driver) = loaded(plan.keep()).await;
    assert_eq!(cache.len(), 5);
}

#[tokio::test(start_paused = true)]
async fn c55_a_cache_of_a_chrooted_client_names_nodes_as_that_does() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    other.create("/app/c/a", "1").parents().await.unwrap();
    let inside = zk.chroot("/app").unwrap();
    let (cache, _driver) = loaded(TreeCache::new(&inside, TOP).unwrap().keep()).await;
    let (whole, _other) = loaded(TreeCache::new(&inside, "/").unwrap().keep()).await;
    other.create("/app/c/b", "2").await.unwrap();
    settle().await;
    for cache in [&cache, &whole] {
        assert_eq!(cache.get("/c/a").unwrap().data(), b"1");
        assert_eq!(cache.get("/c/b").unwrap().data(), b"2");
    }
    assert_eq!((cache.len(), whole.len()), (3, 4));
    // The chroot itself may come later.
    let absent = zk.chroot("/later").unwrap();
    let (cache, _driver) = loaded(TreeCache::new(&absent, "/").unwrap().keep()).await;
    other.create("/later/x", "").parents().await.unwrap();
    settle().await;
    assert!(cache.get("/x").is_some());
}
