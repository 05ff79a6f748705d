//! Two programs send "mails" as fast as both together may, 10 per 2 s, and see that it was never more:
//! `docs/recipes/rate-limiter.md`.
//!
//! `ZK_CONNECT=127.0.0.1:2181 cargo run -p zk-recipes --example mails`
#![expect(clippy::print_stdout, reason = "it tells what it saw")]

use std::time::Duration;

use tokio::time::Instant;
use zk_recipes::{Client, RateLimiter};

const MAILS: u32 = 10;
const SPAN: Duration = Duration::from_secs(2);
/// By each program.
const SENT: usize = 20;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let servers = std::env::var("ZK_CONNECT").unwrap_or_else(|_| "127.0.0.1:2181".to_owned());
    let (one, other) = tokio::try_join!(send(&servers), send(&servers))?;
    let mut sent = [one, other].concat();
    sent.sort_unstable();
    // Windows do not begin when we look: two of them share a span.
    let within = |first: &Instant| {
        sent.iter()
            .filter(|at| **at >= *first && **at < *first + SPAN)
            .count()
    };
    let most = sent.iter().map(within).max().unwrap_or_default();
    println!("sent {}, never more than {most} in {SPAN:?}", sent.len());
    let is_kept = most <= 2 * MAILS as usize;
    is_kept
        .then_some(())
        .ok_or_else(|| "that were too many".into())
}

async fn send(servers: &str) -> Result<Vec<Instant>, zk_recipes::Error> {
    let zk = Client::builder(servers).connect().await?;
    let mails = RateLimiter::new(&zk, "/demo/mails", MAILS, SPAN)?;
    let mut sent = Vec::new();
    while sent.len() < SENT {
        mails.acquire(1).await?;
        sent.push(Instant::now());
    }
    zk.close().await?;
    Ok(sent)
}
