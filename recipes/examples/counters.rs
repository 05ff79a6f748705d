//! Four clients count together while somebody breaks their connections: `docs/recipes/counters.md`.
//!
//! `ZK_CONNECT=127.0.0.1:2181 cargo run -p zk-recipes --example counters`

#![expect(clippy::print_stdout, reason = "it shows what it does")]

use std::time::Duration;

use zk_recipes::{AtomicLong, Client, Fate};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let servers = std::env::var("ZK_CONNECT").unwrap_or_else(|_| "127.0.0.1:2181".to_owned());
    let mut clients = Vec::new();
    for _ in 0..4 {
        let zk = Client::builder(&servers).connect().await?;
        clients.push(tokio::spawn(count(zk)));
    }
    let (mut counted, mut unknown) = (0, 0);
    for client in clients {
        let (done, lost) = client.await??;
        counted += done;
        unknown += lost;
    }
    let zk = Client::builder(&servers).connect().await?;
    let stored = AtomicLong::new(&zk, "/demo/counter")?.get().await?;
    println!("counted {counted}, unknown {unknown}, stored {stored}");
    zk.close().await?;
    let exact = (counted..=counted + unknown).contains(&stored);
    exact
        .then_some(())
        .ok_or_else(|| "something was counted twice, or not at all".into())
}

/// Adds 1 a hundred times; yields how often that was done, and how often the session expired before it was known.
async fn count(zk: Client) -> Result<(i64, i64), zk_recipes::Error> {
    let counter = AtomicLong::new(&zk, "/demo/counter")?;
    let (mut done, mut unknown) = (0, 0);
    for _ in 0..100 {
        match counter.increment().await {
            Ok(_) => done += 1,
            Err(error) if error.fate() == Fate::Unknown => unknown += 1,
            Err(error) => return Err(error),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    zk.close().await?;
    Ok((done, unknown))
}
