//! Caches.

use std::time::Duration;

use zk_recipes::{CacheChange, ChildrenCache, Client, NodeCache, TreeCache};

use crate::deadline;

use super::server::Server;

const SOON: Duration = Duration::from_secs(20);

/// Changes of many kinds, by somebody else.
async fn change(zk: &Client) {
    for number in 0..20 {
        let directory = format!("/cached/d{}", number % 3);
        let path = format!("{directory}/n{number}");
        zk.create(&path, format!("{number}"))
            .parents()
            .await
            .unwrap();
        zk.set(&directory, format!("{number}")).await.unwrap();
        if number % 4 == 3 {
            zk.delete(&directory).recursive().await.unwrap();
            zk.create(&directory, "again").await.unwrap();
        }
    }
}

pub async fn a_cache_is_what_the_server_has_and_its_changes_fold_to_it(server: &Server) {
    let (zk, other) = (server.client().await, server.client().await);
    other.create("/cached/before", "1").parents().await.unwrap();
    for one_shot in [false, true] {
        let mut plan = TreeCache::new(&zk, "/cached").unwrap();
        if one_shot {
            plan = plan.one_shot_watches();
        }
        let (cache, driver) = plan.keep();
        let driver = tokio::spawn(driver);
        let cache = deadline(SOON)
            .until("the load", cache.loaded())
            .await
            .unwrap();
        let mut changes = cache.changes();
        let Some(CacheChange::Snapshot(first)) = changes.next().await else {
            panic!("no snapshot first");
        };
        let mut folded: Vec<(String, _)> = first.nodes();
        change(&other).await;
        let last = other.create("/cached/last", "").await.unwrap();
        let told = async {
            loop {
                let change = changes.next().await.unwrap();
                let path = change.path().unwrap().to_owned();
                folded.retain(|(known, _)| *known != path);
                match change {
                    CacheChange::Created { node, .. }
                    | CacheChange::Updated { node, .. }
                    | CacheChange::Recreated { node, .. } => folded.push((path.clone(), node)),
                    _ => {}
                }
                if path == "/cached/last" {
                    break;
                }
            }
        };
        deadline(SOON).until("the last change", told).await;
        cache.wait_for(last.stat.czxid).await.unwrap();
        cache.catch_up().await.unwrap();
        let mut there = other.descendants("/cached").await.unwrap();
        there.push("/cached".to_owned());
        assert_eq!(there.len(), cache.len());
        folded.sort_by(|one, other| one.0.cmp(&other.0));
        assert_eq!(folded.len(), there.len());
        for (path, shown) in folded {
            let node = other.get(&path).await.unwrap();
            assert_eq!(shown.data(), node.data, "{path}");
            assert_eq!(shown.stat().mzxid, node.stat.mzxid, "{path}");
            assert_eq!(cache.get(&path).as_ref(), Some(&shown), "{path}");
        }
        cache.close();
        driver.await.unwrap().unwrap();
        other.delete("/cached/last").await.unwrap();
    }
}

pub async fn caches_of_a_node_and_of_children_follow_what_comes_and_goes(server: &Server) {
    let (zk, other) = (server.client().await, server.client().await);
    let (children, driver) = ChildrenCache::new(&zk, "/listed").unwrap().keep();
    let children_driver = tokio::spawn(driver);
    let (node, driver) = NodeCache::new(&zk, "/listed/a").unwrap().keep();
    let node_driver = tokio::spawn(driver);
    let children = deadline(SOON)
        .until("the load", children.loaded())
        .await
        .unwrap();
    let node = deadline(SOON)
        .until("the load", node.loaded())
        .await
        .unwrap();
    assert!(children.is_empty() && node.is_empty());
    for round in 0..3 {
        let data = format!("{round}");
        let made = other
            .create("/listed/a", data.clone())
            .parents()
            .await
            .unwrap();
        other.create("/listed/a/below", "").await.unwrap();
        for cache in [&children, &node] {
            let waited = cache.wait_for(made.stat.czxid);
            deadline(SOON).until("the creation", waited).await.unwrap();
            assert_eq!(cache.get("/listed/a").unwrap().data(), data.as_bytes());
            assert_eq!(cache.get("/listed/a/below"), None);
        }
        assert_eq!(children.children("/listed").len(), 1);
        other.delete("/listed").recursive().await.unwrap();
        for cache in [&children, &node] {
            deadline(SOON)
                .until("the deletion", cache.catch_up())
                .await
                .unwrap();
            assert!(cache.is_empty());
        }
    }
    children.close();
    node.close();
    children_driver.await.unwrap().unwrap();
    node_driver.await.unwrap().unwrap();
}
