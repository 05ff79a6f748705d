//! Keeps a node that outlives this program by two seconds, until Ctrl-C: `docs/recipes/ttl-node.md`.
//!
//! `ZK_CONNECT=127.0.0.1:2181 cargo run -p zk-recipes --example ttl_node`
#![expect(clippy::print_stdout, reason = "a program to watch")]

use std::time::Duration;

use zk_recipes::{Client, TtlNode};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let servers = std::env::var("ZK_CONNECT").unwrap_or_else(|_| "127.0.0.1:2181".to_owned());
    let zk = Client::builder(servers).connect().await?;
    let node = TtlNode::new(&zk, "/demo/ttl", "busy\n", Duration::from_secs(2))?;
    let (presence, driver) = node.keep();
    tokio::pin!(driver);
    tokio::select! {
        ended = &mut driver => ended?,
        _ = tokio::signal::ctrl_c() => {
            presence.close();
            driver.await?;
        }
    }
    println!("{:?}", node.find().await?);
    zk.close().await?;
    Ok(())
}
