//! Three clients work step by step together while somebody breaks their connections: `docs/recipes/barriers.md`.
//!
//! `ZK_CONNECT=127.0.0.1:2181 cargo run -p zk-recipes --example barriers`

#![expect(clippy::print_stdout, reason = "it shows what it does")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use zk_recipes::{Client, DoubleBarrier};

const MEMBERS: u16 = 3;
const STEPS: usize = 60;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let servers = std::env::var("ZK_CONNECT").unwrap_or_else(|_| "127.0.0.1:2181".to_owned());
    // How many clients are at work in each step.
    let at_work: Arc<Vec<AtomicUsize>> =
        Arc::new((0..STEPS).map(|_| AtomicUsize::new(0)).collect());
    let mut members = Vec::new();
    for _ in 0..MEMBERS {
        let zk = Client::builder(&servers).connect().await?;
        members.push(tokio::spawn(work(zk, Arc::clone(&at_work))));
    }
    for member in members {
        member.await??;
    }
    println!("{MEMBERS} members did {STEPS} steps together");
    Ok(())
}

async fn work(zk: Client, at_work: Arc<Vec<AtomicUsize>>) -> Result<(), zk_recipes::Error> {
    let barrier = DoubleBarrier::new(&zk, "/demo/barrier", MEMBERS)?;
    for step in at_work.iter() {
        let member = barrier.enter().timeout(Duration::from_secs(60)).await?;
        step.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(20)).await;
        member.leave().timeout(Duration::from_secs(60)).await?;
        assert_eq!(
            step.load(Ordering::SeqCst),
            usize::from(MEMBERS),
            "left before all had worked"
        );
    }
    zk.close().await
}
