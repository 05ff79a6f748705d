//! Contenders of one recipe that say when each begins and stops to hold, until Ctrl-C: something to break.
//!
//! `ZK_CONNECT=127.0.0.1:2181 cargo run -p zk-recipes --example holders -- rw` (or `multi`, `semaphore`, `single`,
//! `reentrant`)
#![expect(clippy::print_stdout, reason = "a program to watch")]

use std::time::Duration;

use tokio::time::sleep;
use zk_recipes::{
    Client, Error, ErrorKind, HoldError, MultiLock, Mutex, ReentrantMutex, RwLock, Semaphore,
    SemaphoreMutex,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let servers = std::env::var("ZK_CONNECT").unwrap_or_else(|_| "127.0.0.1:2181".to_owned());
    let recipe = std::env::args().nth(1).unwrap_or_default();
    let mut contenders = tokio::task::JoinSet::new();
    let mut clients = Vec::new();
    for number in 1..=3 {
        let zk = Client::builder(&servers).connect().await?;
        contenders.spawn(contend(recipe.clone(), number, zk.clone()));
        clients.push(zk);
    }
    tokio::select! {
        biased;
        _ = tokio::signal::ctrl_c() => {}
        Some(ended) = contenders.join_next() => ended??,
    }
    contenders.shutdown().await;
    for zk in clients {
        zk.close().await?;
    }
    Ok(())
}

/// Holds again and again; what ends a hold too early is told, and does not end the contender.
async fn contend(recipe: String, number: u32, zk: Client) -> Result<(), Error> {
    loop {
        let ended = match recipe.as_str() {
            "rw" => {
                let lock = RwLock::new(&zk, "/demo/rw")?;
                // The first one writes, the others read.
                match number {
                    1 => lock.write().hold(|_| work("writes", number)).await,
                    _ => lock.read().hold(|_| work("reads", number)).await,
                }
            }
            "multi" => {
                let lock = MultiLock::new(&zk, ["/demo/a", "/demo/b"])?;
                lock.hold(|_| work("has both", number)).await
            }
            "single" => {
                let lock = SemaphoreMutex::new(&zk, "/demo/single")?;
                lock.hold(|_| work("has the only permit", number)).await
            }
            "reentrant" => match twice(&zk, number).await {
                Err(error) if error.kind() != ErrorKind::LockLost => return Err(error),
                Err(lost) => {
                    println!("{number} {lost}");
                    Ok(())
                }
                Ok(()) => Ok(()),
            },
            _ => {
                let semaphore = Semaphore::new(&zk, "/demo/semaphore", 2)?;
                semaphore.hold(|_| work("has a permit", number)).await
            }
        };
        match ended {
            Ok(()) => {}
            Err(HoldError::Acquire(error)) => return Err(error),
            Err(early) => println!("{number} {early}"),
        }
    }
}

/// Holds, and comes in again.
async fn twice(zk: &Client, number: u32) -> Result<(), Error> {
    let ledger = ReentrantMutex::new(Mutex::new(zk, "/demo/ledger")?);
    let owner = format!("job {number}");
    let outer = ledger.acquire(&owner).await?;
    work("is in", number).await;
    // The servers are asked whether it still holds.
    let inner = ledger.acquire(&owner).await?;
    println!(
        "{number} is in twice: {}",
        inner.held().token() == outer.held().token()
    );
    inner.release().await?;
    outer.release().await?;
    Ok(())
}

async fn work(what: &str, number: u32) {
    println!("{number} {what}");
    sleep(Duration::from_secs(2)).await;
    println!("{number} is done");
}
