//! Takes part in a division of four items under the id that is given, until Ctrl-C: `docs/recipes/partitioner.md`.
//!
//! `ZK_CONNECT=127.0.0.1:2181 cargo run -p zk-recipes --example partitioner a`
#![expect(clippy::print_stdout, reason = "a program to watch")]

use std::time::Duration;

use zk_recipes::{Client, Owned, Partitioner};

/// Works on an item until it is to be let go of.
async fn work(member: String, shard: Owned) {
    println!("{member} has {} (token {})", shard.item(), shard.token());
    tokio::select! {
        () = shard.recalled() => println!("{member} lets go of {}", shard.item()),
        _ = shard.lost() => println!("{member} lost {}", shard.item()),
    }
    // Of what was lost there is nothing to release.
    let _ = shard.release().await;
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let servers = std::env::var("ZK_CONNECT").unwrap_or_else(|_| "127.0.0.1:2181".to_owned());
    let member = std::env::args().nth(1).ok_or("usage: partitioner ID")?;
    let zk = Client::builder(servers).connect().await?;
    let items = (0..4).map(|n| format!("shard-{n}"));
    let shards = Partitioner::new(&zk, "/demo/shards", items)?;
    let shards = shards.settle(Duration::from_millis(300));
    let (mut division, driver) = shards.join(&member)?;
    let driver = tokio::spawn(driver);
    loop {
        tokio::select! {
            biased;
            _ = tokio::signal::ctrl_c() => break,
            shard = division.next() => match shard {
                Some(shard) => drop(tokio::spawn(work(member.clone(), shard))),
                // The driver has ended; why, it says itself.
                None => break,
            },
        }
    }
    drop(division);
    driver.await??;
    println!("{member} left");
    zk.close().await?;
    Ok(())
}
