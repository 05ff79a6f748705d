//! One client caches nodes that another one changes while somebody breaks their connections: `docs/recipes/caches.md`. The
//! program fails if the cache is not what the servers have in the end.
//!
//! `ZK_CONNECT=127.0.0.1:2181 cargo run -p zk-recipes --example cached -- tree`, or `children`, `node`, `typed`.
#![expect(clippy::print_stdout, reason = "it tells what it saw")]
use std::collections::BTreeMap;
use std::pin::Pin;
use std::time::Duration;

use zk_recipes::{
    Cache, CacheChange, CacheLoading, ChildrenCache, Client, Error, Json, NodeCache, TreeCache,
    TypedCache, Zxid,
};

const TOP: &str = "/demo/cache";
/// One that is there in the end.
const ONE: &str = "/demo/cache/5";
const CHANGES: u32 = 60;

/// Creates, writes and deletes nodes, one thing at a time; the last transaction.
async fn change(zk: Client) -> Result<Zxid, Error> {
    for number in 0..CHANGES {
        let path = format!("{TOP}/{}", number % 7);
        // Whether it took place, where an answer was lost, the cache will tell.
        let _ = match (number / 7) % 3 {
            0 => zk.create(&path, "-1").parents().await.map(drop),
            1 => zk.set(&path, format!("{number}")).await.map(drop),
            _ => zk.delete(&path).await,
        };
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(zk.create(&format!("{TOP}/last"), "0").await?.stat.czxid)
}

type Driver = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// A cache of the kind that is asked for, and whether it has but one node.
fn keep(recipe: &str, zk: &Client) -> Result<(CacheLoading, Driver, bool), Failure> {
    fn boxed<D>((cache, driver): (CacheLoading, D), is_one: bool) -> (CacheLoading, Driver, bool)
    where
        D: Future<Output = Result<(), Error>> + Send + 'static,
    {
        (cache, Box::pin(driver), is_one)
    }
    Ok(match recipe {
        "tree" | "typed" => boxed(TreeCache::new(zk, TOP)?.keep(), false),
        "children" => boxed(ChildrenCache::new(zk, TOP)?.keep(), false),
        "node" => boxed(NodeCache::new(zk, ONE)?.keep(), true),
        _ => return Err("tree, children, node or typed".into()),
    })
}

/// Whether the cache shows these nodes as the servers have them, and no others.
async fn is_right(cache: &Cache, zk: &Client, there: &[String]) -> Result<bool, Error> {
    let shown = cache.snapshot();
    let mut right = shown.len() == there.len();
    for path in there {
        let node = zk.get(path).await?;
        right &= shown.get(path).is_some_and(|shown| {
            shown.data() == node.data && shown.stat().mzxid == node.stat.mzxid
        });
    }
    Ok(right)
}

/// Whether it tells those that are numbers as numbers.
fn is_typed(cache: Cache, there: &[String]) -> Result<bool, Error> {
    let typed = TypedCache::<Json<i32>>::new(cache);
    let mut right = true;
    for path in there.iter().filter(|path| *path != TOP) {
        let text = typed.cache().get(path).map(|node| node.data().to_vec());
        let number = typed
            .get(path)?
            .map(|found| found.value.0.to_string().into_bytes());
        right &= text.is_some() && text == number;
    }
    Ok(right)
}

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let servers = std::env::var("ZK_CONNECT").unwrap_or_else(|_| "127.0.0.1:2181".to_owned());
    let (writer, reader) = (
        Client::builder(&servers).connect().await?,
        Client::builder(&servers).connect().await?,
    );
    let recipe = std::env::args().nth(1).unwrap_or_default();
    let (cache, driver, is_one) = keep(&recipe, &reader)?;
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
    let mut there = match is_one {
        true => Vec::new(),
        false => writer.descendants(TOP).await?,
    };
    there.push(if is_one { ONE } else { TOP }.to_owned());
    let mut right = is_right(&cache, &writer, &there).await?;
    if recipe == "typed" {
        right &= is_typed(cache.clone(), &there)?;
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
