//! Caches on servers without persistent watches.

use std::sync::Arc;

use zk_client::{PipeTransport, TokioClock};
use zk_embedded::{PipeServer, ServerConfig, Version};
use zk_recipes::{Cache, CacheLoading, ChildrenCache, Client, Error, NodeCache, TreeCache};

use super::kit::{Folder, loaded, nodes};
use crate::kit::{ROUND_TRIP, settle};

fn server() -> PipeServer {
    let config = ServerConfig::profile(Version::V3_5);
    let builder = PipeServer::builder().configure(|it| *it = config);
    builder.latency(ROUND_TRIP / 2).in_memory()
}

async fn client(server: &PipeServer) -> Client {
    Client::builder("old")
        .transport(Arc::new(PipeTransport::to(server)))
        .clock(Arc::new(TokioClock::new()))
        .read_coalescing(false)
        .seed(1)
        .connect()
        .await
        .unwrap()
}

/// A cache lives through changes, an outage and the next session as on any server, and leaves no watch.
async fn lives(
    kept: impl FnOnce(
        &Client,
    ) -> (
        CacheLoading,
        std::pin::Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>,
    ),
    losses: u64,
    has: &[&str],
) {
    let server = server();
    let (zk, other) = (client(&server).await, client(&server).await);
    other.create("/c/a/b", "1").parents().await.unwrap();
    let (cache, driver) = loaded(kept(&zk)).await;
    assert_eq!(zk.stats().connections_lost, losses);
    let mut folder = Folder::of(&cache).await;
    let agrees = async |cache: &Cache, folder: &mut Folder| {
        settle().await;
        settle().await;
        let shown = nodes(&cache.snapshot());
        for path in has {
            let node = server.hooks().node(path).map(|node| {
                let data = node.data.map(|data| data.to_vec());
                (node.stat.czxid, node.stat.mzxid, data)
            });
            assert_eq!(shown.get(*path), node.as_ref(), "{path}");
        }
        assert!(cache.is_fresh());
        assert_eq!(folder.catch_up().await.nodes, shown);
    };
    other.set("/c/a/b", "2").await.unwrap();
    other.create("/c/d", "").await.unwrap();
    agrees(&cache, &mut folder).await;
    other.delete("/c/d").await.unwrap();
    other.create("/c/d", "again").await.unwrap();
    agrees(&cache, &mut folder).await;
    server.hooks().cut_session(zk.session_id().unwrap());
    other.set("/c/a/b", "3").await.unwrap();
    other.delete("/c/d").recursive().await.unwrap();
    tokio::time::sleep(ROUND_TRIP * 300).await;
    agrees(&cache, &mut folder).await;
    server.hooks().expire(zk.session_id().unwrap());
    other.delete("/c").recursive().await.unwrap();
    tokio::time::sleep(ROUND_TRIP * 300).await;
    agrees(&cache, &mut folder).await;
    other.create("/c/a/b", "4").parents().await.unwrap();
    agrees(&cache, &mut folder).await;
    drop((cache, folder));
    driver.await.unwrap().unwrap();
    tokio::time::sleep(ROUND_TRIP * 300).await;
    assert_eq!(server.hooks().watch_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_node_cache_needs_no_persistent_watch() {
    let kept = |zk: &Client| {
        let (loading, driver) = NodeCache::new(zk, "/c/a/b").unwrap().keep();
        (loading, Box::pin(driver) as _)
    };
    lives(kept, 0, &["/c/a/b"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_children_cache_with_one_shot_watches_costs_no_connection() {
    let kept = |zk: &Client| {
        let plan = ChildrenCache::new(zk, "/c").unwrap().one_shot_watches();
        let (loading, driver) = plan.keep();
        (loading, Box::pin(driver) as _)
    };
    lives(kept, 0, &["/c", "/c/a", "/c/d"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_tree_cache_finds_out_that_it_needs_one_shot_watches_at_the_cost_of_a_connection() {
    let kept = |zk: &Client| {
        let (loading, driver) = TreeCache::new(zk, "/c").unwrap().keep();
        (loading, Box::pin(driver) as _)
    };
    lives(kept, 1, &["/c", "/c/a", "/c/a/b", "/c/d"]).await;
}
