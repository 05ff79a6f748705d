//! A worker that holds a lock, and gives it back within the grace period when Kubernetes sends SIGTERM.
//!
//! `ZK_CONNECT=127.0.0.1:2181 cargo run -p zk-recipes --example graceful_shutdown`

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use zk_recipes::{Client, Mutex};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let servers = std::env::var("ZK_CONNECT").unwrap_or_else(|_| "127.0.0.1:2181".to_owned());
    // Before anything else: a signal that comes while connecting must not kill us.
    let mut terminate = signal(SignalKind::terminate())?;
    let zk = Client::builder(servers).connect().await?;
    let billing = Mutex::new(&zk, "/locks/billing")?;
    tokio::select! {
        // Dropped by the signal: the guard goes with it, and the session deletes its node.
        worked = billing.hold(|held| async move { work(held.token()).await }) => worked?,
        _ = terminate.recv() => {}
    }
    // At most 3 s. The session is gone afterwards, and whoever waited for the lock has it.
    zk.close().await?;
    Ok(())
}

async fn work(token: u64) {
    loop {
        tracing::info!(token, "one more step");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
