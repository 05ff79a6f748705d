//! Caches of one node.

use zk_recipes::{Bytes, NodeCache};

use super::kit::{Folder, TOP, loaded, truth, until_true};
use crate::kit::{World, settle};

/// A36 and A37: each change once, and a node that is missing is waited for.
#[tokio::test(start_paused = true)]
async fn a36_a37_a_node_is_followed_also_from_before_it_is_there_and_each_change_told_once() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let (cache, _driver) = loaded(NodeCache::new(&zk, TOP).unwrap().keep()).await;
    assert_eq!(cache.top(), None);
    let mut folder = Folder::of(&cache).await;
    for _ in 0..2 {
        other.create(TOP, "1").await.unwrap();
        settle().await;
        other.set(TOP, "2").await.unwrap();
        settle().await;
        other.create("/c/child", "").await.unwrap();
        other.delete("/c/child").await.unwrap();
        settle().await;
        assert_eq!(cache.top().unwrap().data(), b"2");
        other.delete(TOP).await.unwrap();
        settle().await;
        assert_eq!(cache.top(), None);
    }
    folder.catch_up().await;
    let once = ["+/c", "=/c", "-/c"];
    let told = folder.words();
    assert_eq!(told.first().unwrap(), "all");
    assert!(told.iter().skip(1).eq(once.iter().chain(&once)), "{told:?}");
    assert_eq!(zk.stats().watches, 1);
}

#[tokio::test(start_paused = true)]
async fn a_node_of_no_data_is_told_from_one_of_empty_data() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    other.create(TOP, Bytes::new()).await.unwrap();
    let (cache, _driver) = loaded(NodeCache::new(&zk, TOP).unwrap().keep()).await;
    assert_eq!(cache.top().unwrap().value(), Some(&b""[..]));
    assert_eq!(cache.top().unwrap().data(), b"");
}

/// Writes that come faster than reads are seen as one, and the last is seen.
#[tokio::test(start_paused = true)]
async fn the_last_of_many_quick_writes_is_shown() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    other.create(TOP, "").await.unwrap();
    let (cache, _driver) = loaded(NodeCache::new(&zk, TOP).unwrap().keep()).await;
    let mut folder = Folder::of(&cache).await;
    let writes: Vec<_> = (0..100)
        .map(|number| other.set(TOP, format!("{number}")).submit())
        .collect();
    for write in writes {
        write.await.unwrap();
    }
    until_true(&world, &cache, 0).await;
    assert_eq!(cache.top().unwrap().data(), b"99");
    assert_eq!(folder.catch_up().await.nodes, truth(&world, 0));
}
