//! Keeps a node, and tells how it stands, until Ctrl-C: `docs/recipes/persistent-node.md`.
//!
//! `ZK_CONNECT=127.0.0.1:2181 cargo run -p zk-recipes --example presence`
#![expect(clippy::print_stdout, reason = "a program to watch")]

use zk_recipes::{Client, PersistentNode};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let servers = std::env::var("ZK_CONNECT").unwrap_or_else(|_| "127.0.0.1:2181".to_owned());
    let zk = Client::builder(servers).connect().await?;
    let (mut presence, driver) = PersistentNode::new(&zk, "/demo/presence", "here\n")?.keep();
    let driver = tokio::spawn(driver);
    loop {
        tokio::select! {
            biased;
            _ = tokio::signal::ctrl_c() => break,
            standing = presence.changed() => match standing {
                Some(standing) => println!("{standing:?}"),
                // The driver has ended; why, it says itself.
                None => break,
            },
        }
    }
    presence.close();
    driver.await??;
    println!("it is gone");
    zk.close().await?;
    Ok(())
}
