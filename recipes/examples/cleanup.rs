//! A host that wants a lease of 4 s by its own clock, waits until it has it, and leaves: `docs/recipes/lease.md`.
//!
//! `ZK_CONNECT=127.0.0.1:2181 cargo run -p zk-recipes --example cleanup NAME`
#![expect(clippy::print_stdout, reason = "a program to watch")]

use std::time::Duration;

use tokio::time::sleep;
use zk_recipes::{Client, ClockLease, Tenure};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let servers = std::env::var("ZK_CONNECT").unwrap_or_else(|_| "127.0.0.1:2181".to_owned());
    let name = std::env::args().nth(1).unwrap_or_else(|| "host".to_owned());
    let zk = Client::builder(servers).connect().await?;
    let cleanup = ClockLease::new(&zk, "/leases/cleanup")?.identifier(&name);
    let mut waits = false;
    loop {
        match cleanup.obtain(Duration::from_secs(4)).await? {
            Tenure::Obtained(_) => break,
            Tenure::Taken(other) if !waits => println!("{name} waits for {}", other.holder),
            _ => {}
        }
        waits = true;
        sleep(Duration::from_millis(100)).await;
    }
    println!("{name} has it");
    Ok(())
}
