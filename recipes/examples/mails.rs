//! Sends "mails", of which all programs on one path together may send 10 per 5 s.
//!
//! `ZK_CONNECT=127.0.0.1:2181 cargo run -p zk-recipes --example mails`
#![expect(clippy::print_stdout, reason = "a program to watch")]

use std::time::Duration;

use zk_recipes::{Client, RateLimiter};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let servers = std::env::var("ZK_CONNECT").unwrap_or_else(|_| "127.0.0.1:2181".to_owned());
    let zk = Client::builder(servers).connect().await?;
    let mails = RateLimiter::new(&zk, "/demo/mails", 10, Duration::from_secs(5))?;
    let send = async {
        for mail in 1.. {
            mails.acquire(1).await?;
            println!("mail {mail}");
        }
        Ok::<(), zk_recipes::Error>(())
    };
    tokio::select! {
        biased;
        _ = tokio::signal::ctrl_c() => {}
        sent = send => sent?,
    }
    zk.close().await?;
    Ok(())
}
