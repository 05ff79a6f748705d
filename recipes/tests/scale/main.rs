//! How much memory a cache takes. It counts memory, so it is a program of its own.
#![expect(clippy::unwrap_used, reason = "a harness reports by panicking")]

#[path = "../../../zk-session/tests/hostile/allocator.rs"]
mod allocator;

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;
use zk_client::{PipeTransport, TokioClock};
use zk_embedded::PipeServer;
use zk_recipes::{Cache, Client, CreateMode, TreeCache};

use allocator::{freed_by, kept_by};

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

async fn load(zk: &Client, top: &str) -> Cache {
    // Changes that nobody asks for would be kept, too.
    let (loading, driver) = TreeCache::new(zk, top).unwrap().backlog(1).keep();
    tokio::spawn(driver);
    loading.loaded().await.unwrap()
}

/// One runtime, in which everything is, with its server and its client.
fn scene() -> (Runtime, PipeServer, Client) {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().start_paused(true).build().unwrap();
    let (server, zk) = runtime.block_on(async {
        let server = PipeServer::builder().in_memory();
        let zk = Client::builder("embedded")
            .transport(Arc::new(PipeTransport::to(&server)))
            .clock(Arc::new(TokioClock::new()))
            .seed(1);
        let zk = zk.connect().await.unwrap();
        (server, zk)
    });
    (runtime, server, zk)
}

#[test]
#[allow(clippy::print_stdout, reason = "the number is what this is for")]
fn a_node_of_100_bytes_takes_less_than_400_of_memory() {
    let (runtime, _server, zk) = scene();
    runtime.block_on(grow(&zk, nodes()));
    // What the client and the server take for reading at all is not the cache's.
    drop(runtime.block_on(load(&zk, "/tree")));
    runtime.block_on(async { tokio::time::sleep(Duration::from_secs(1)).await });
    let (cache, kept) = kept_by(|| runtime.block_on(load(&zk, "/tree")));
    let each = kept / cache.len();
    println!("{} nodes: {each} bytes each", cache.len());
    assert!(cache.len() > nodes());
    assert!((200..400).contains(&each), "{each} bytes for each node");
    // And a reader's picture of it takes next to nothing.
    let (snapshot, more) = kept_by(|| cache.snapshot());
    assert_eq!(snapshot.len(), cache.len());
    assert!(more < 1000, "{more} bytes for a snapshot");
}

/// How many values are read together, and the size of each.
const VALUES: usize = 128;
const SIZE: usize = 2048;

/// What is freed with a cache of so many values that are left of those that were read together.
fn freed_with(left: usize, (runtime, server, zk): &(Runtime, PipeServer, Client)) -> usize {
    let cache = runtime.block_on(async {
        zk.create("/values", "").await.unwrap();
        for n in 0..VALUES {
            let path = format!("/values/{n:03}");
            zk.create(&path, vec![b'x'; SIZE]).await.unwrap();
        }
        let asked = || -> u64 { server.hooks().counts().values().sum() };
        let before = asked();
        let cache = load(zk, "/values").await;
        let requests = asked() - before;
        assert!(requests < 16, "they came in few frames: {requests}");
        for n in left..VALUES {
            zk.delete(&format!("/values/{n:03}")).await.unwrap();
        }
        // The last change is kept for readers: it is to be a small one.
        zk.create("/values/end", "").await.unwrap();
        while cache.get("/values/end").is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        cache
    });
    assert_eq!(cache.len(), left + 2);
    let ((), freed) = freed_by(|| {
        drop(cache);
        runtime.block_on(async { tokio::time::sleep(Duration::from_secs(1)).await });
    });
    runtime.block_on(async { zk.delete("/values").recursive().await.unwrap() });
    freed
}

#[test]
#[allow(clippy::print_stdout, reason = "the number is what this is for")]
fn a_value_that_is_left_of_many_keeps_at_most_four_times_its_size_and_4_kib() {
    let scene = scene();
    // What is made once is not the cache's.
    freed_with(1, &scene);
    let none = freed_with(0, &scene);
    let one = freed_with(1, &scene);
    let kept = one.saturating_sub(none);
    println!("{one} bytes with a value, {none} without: {kept} for {SIZE}");
    assert!((SIZE..=4 * SIZE + 4096).contains(&kept), "{kept} bytes");
}
