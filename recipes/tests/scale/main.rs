//! How much memory a cache takes. It counts memory, so it is a program of its own.
#![expect(clippy::unwrap_used, reason = "a harness reports by panicking")]

#[path = "../../../zk-session/tests/hostile/allocator.rs"]
mod allocator;

use std::sync::Arc;
use std::time::Duration;

use zk_client::{PipeTransport, TokioClock};
use zk_embedded::PipeServer;
use zk_recipes::{Cache, Client, CreateMode, TreeCache};

use allocator::kept_by;

/// Leaves in each directory.
const WIDTH: usize = 100;

/// `ZK_CACHE_NODES` asks for another number.
fn nodes() -> usize {
    let asked = std::env::var("ZK_CACHE_NODES").ok();
    asked.map_or(20_000, |text| text.parse().unwrap())
}

async fn grow(zk: &Client, nodes: usize) {
    zk.create("/tree", "").await.unwrap();
    for directory in 0..nodes / WIDTH {
        let directory = format!("/tree/d{directory:04}");
        let mode = CreateMode::Persistent;
        let mut multi = zk.multi().create(&directory, "", mode);
        for leaf in 0..WIDTH {
            multi = multi.create(
                &format!("{directory}/node-{leaf:05}"),
                [b'x'; 100].to_vec(),
                mode,
            );
        }
        multi.await.unwrap();
    }
}

async fn load(zk: &Client) -> Cache {
    let (loading, driver) = TreeCache::new(zk, "/tree").unwrap().keep();
    tokio::spawn(driver);
    loading.loaded().await.unwrap()
}

#[test]
#[allow(clippy::print_stdout, reason = "the number is what this is for")]
fn a_node_of_100_bytes_takes_less_than_400_of_memory() {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().start_paused(true).build().unwrap();
    let (_server, zk) = runtime.block_on(async {
        let server = PipeServer::builder().in_memory();
        let zk = Client::builder("embedded")
            .transport(Arc::new(PipeTransport::to(&server)))
            .clock(Arc::new(TokioClock::new()))
            .seed(1);
        let zk = zk.connect().await.unwrap();
        (server, zk)
    });
    runtime.block_on(grow(&zk, nodes()));
    // What the client and the server take for reading at all is not the cache's.
    drop(runtime.block_on(load(&zk)));
    runtime.block_on(async { tokio::time::sleep(Duration::from_secs(1)).await });
    let (cache, kept) = kept_by(|| runtime.block_on(load(&zk)));
    let each = kept / cache.len();
    println!("{} nodes: {each} bytes each", cache.len());
    assert!(cache.len() > nodes());
    assert!((200..400).contains(&each), "{each} bytes for each node");
    // And a reader's picture of it takes next to nothing.
    let (snapshot, more) = kept_by(|| cache.snapshot());
    assert_eq!(snapshot.len(), cache.len());
    assert!(more < 1000, "{more} bytes for a snapshot");
}
