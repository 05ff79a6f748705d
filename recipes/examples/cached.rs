//! One client caches a tree that another one changes while somebody breaks their connections: `docs/recipes/caches.md`.
//!
//! `ZK_CONNECT=127.0.0.1:2181 cargo run -p zk-recipes --example cached`
#![expect(clippy::print_stdout, reason = "it tells what it saw")]
use std::collections::BTreeMap;
use std::time::Duration;

use zk_recipes::{CacheChange, Client, TreeCache, Zxid};

const TOP: &str = "/demo/cache";
const CHANGES: u32 = 60;

/// Creates, writes and deletes nodes, one thing at a time; the last transaction.
async fn change(zk: Client) -> Result<Zxid, zk_recipes::Error> {
    for number in 0..CHANGES {
        let path = format!("{TOP}/{}", number % 7);
        // Whether it took place, where an answer was lost, the cache will tell.
        let _ = match (number / 7) % 3 {
            0 => zk.create(&path, "new").parents().await.map(drop),
            1 => zk.set(&path, format!("{number}")).await.map(drop),
            _ => zk.delete(&path).await,
        };
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(zk.create(&format!("{TOP}/last"), "").await?.stat.czxid)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let servers = std::env::var("ZK_CONNECT").unwrap_or_else(|_| "127.0.0.1:2181".to_owned());
    let (writer, reader) = (
        Client::builder(&servers).connect().await?,
        Client::builder(&servers).connect().await?,
    );
    let (cache, driver) = TreeCache::new(&reader, TOP)?.keep();
    let driver = tokio::spawn(driver);
    let cache = cache.loaded().await?;
    let mut changes = cache.changes();
    let mut writing = tokio::spawn(change(writer.clone()));
    let mut folded = BTreeMap::new();
    let (mut told, mut stale) = (0, 0);
    let last = loop {
        tokio::select! {
            biased;
            change = changes.next() => match change.ok_or("the driver has ended")? {
                CacheChange::Snapshot(all) | CacheChange::Lagged(all) => {
                    folded = all.nodes().into_iter().collect();
                }
                CacheChange::Created { path, node }
                | CacheChange::Updated { path, node, .. }
                | CacheChange::Recreated { path, node, .. } => {
                    folded.insert((*path).to_owned(), node);
                    told += 1;
                }
                CacheChange::Deleted { path, .. } => {
                    folded.remove(&*path);
                    told += 1;
                }
                CacheChange::Stale => {
                    println!("stale: what is shown may be old");
                    stale += 1;
                }
                CacheChange::Fresh { .. } => println!("fresh again, the difference was told"),
                _ => {}
            },
            written = &mut writing => break written??,
        }
    };
    cache.wait_for(last).await?;
    let mut there = writer.descendants(TOP).await?;
    there.push(TOP.to_owned());
    let shown = cache.snapshot();
    let mut right = shown.len() == there.len();
    for path in &there {
        let node = writer.get(path).await?;
        right &= shown.get(path).is_some_and(|shown| {
            shown.data() == node.data && shown.stat().mzxid == node.stat.mzxid
        });
    }
    println!(
        "told {told} changes, stale {stale} times; the cache is what the servers have: {right}"
    );
    cache.close();
    driver.await??;
    writer.close().await?;
    reader.close().await?;
    (right && stale > 0)
        .then_some(())
        .ok_or_else(|| "the cache is not what the servers have, or nothing broke".into())
}
