//! Caches of a node and its children.

use zk_client::CreateMode;
use zk_recipes::ChildrenCache;

use super::kit::{Folder, TOP, loaded, nodes, truth, until_true};
use crate::kit::{World, settle};

#[tokio::test(start_paused = true)]
async fn children_are_read_and_followed_with_their_data() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    other.create("/c/one", "1").parents().await.unwrap();
    other.create("/c/one/deeper", "").await.unwrap();
    let (cache, _driver) = loaded(ChildrenCache::new(&zk, TOP).unwrap().keep()).await;
    assert_eq!(nodes(&cache.snapshot()), truth(&world, 1));
    assert!(cache.is_fresh());
    let mut folder = Folder::of(&cache).await;
    other.create("/c/two", "2").await.unwrap();
    other.set("/c/one", "11").await.unwrap();
    other.set("/c/one/deeper", "not told").await.unwrap();
    other.delete("/c/one/deeper").await.unwrap();
    other.delete("/c/one").await.unwrap();
    settle().await;
    assert_eq!(nodes(&cache.snapshot()), truth(&world, 1));
    folder.catch_up().await;
    assert_eq!(folder.nodes, truth(&world, 1));
    let words = folder.words();
    assert_eq!(words.first().unwrap(), "all");
    assert!(words.contains(&"+/c/two".into()) && words.contains(&"-/c/one".into()));
    assert!(
        !words.iter().any(|word| word.contains("deeper")),
        "{words:?}"
    );
    assert_eq!(cache.get("/c/two").unwrap().data(), b"2");
    assert_eq!(cache.get("/c/one"), None);
}

/// A37: kazoo's watch on children ended in silence where there was no node yet.
#[tokio::test(start_paused = true)]
async fn a37_a_node_that_is_missing_at_first_is_followed_with_its_children_once_it_is_made() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let (cache, driver) = loaded(ChildrenCache::new(&zk, TOP).unwrap().keep()).await;
    let mut folder = Folder::of(&cache).await;
    assert!(cache.is_fresh() && cache.is_empty());
    for _ in 0..2 {
        other.create(TOP, "").await.unwrap();
        settle().await;
        other.create("/c/child", "1").await.unwrap();
        settle().await;
        assert_eq!(cache.get("/c/child").unwrap().data(), b"1");
        other.delete(TOP).recursive().await.unwrap();
        settle().await;
        assert!(cache.is_empty());
    }
    let told = folder.catch_up().await.words();
    let once = ["+/c", "+/c/child", "-/c/child", "-/c"];
    assert!(told.iter().skip(1).eq(once.iter().chain(&once)), "{told:?}");
    assert!(!driver.is_finished(), "it goes on");
}

#[tokio::test(start_paused = true)]
async fn c60_a_container_that_is_reaped_and_made_again_is_followed_on() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let container = CreateMode::Container;
    other.create(TOP, "").mode(container).await.unwrap();
    let (cache, _driver) = loaded(ChildrenCache::new(&zk, TOP).unwrap().keep()).await;
    let mut folder = Folder::of(&cache).await;
    for round in 0..5 {
        other.create("/c/child", "").await.unwrap();
        other.delete("/c/child").await.unwrap();
        world.hooks.run_reaper();
        assert!(world.hooks.node(TOP).is_none(), "round {round}");
        settle().await;
        assert!(cache.is_empty());
        other.create(TOP, "").mode(container).await.unwrap();
        other.create("/c/child", format!("{round}")).await.unwrap();
        until_true(&world, &cache, 1).await;
        other.delete("/c/child").await.unwrap();
    }
    settle().await;
    assert_eq!(folder.catch_up().await.nodes, truth(&world, 1));
}
