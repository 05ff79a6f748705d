//! A job that fires on every host twice a second, and runs on one of them at a time, and not again for 5 s:
//! `docs/recipes/lease.md`.
//!
//! `ZK_CONNECT=127.0.0.1:2181 cargo run -p zk-recipes --example nightly`
#![expect(clippy::print_stdout, reason = "a program to watch")]

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, sleep};
use zk_recipes::{Client, HoldError, Lease};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let servers = std::env::var("ZK_CONNECT").unwrap_or_else(|_| "127.0.0.1:2181".to_owned());
    let zk = Client::builder(servers).connect().await?;
    let nightly = Lease::new(&zk, "/jobs/nightly")?
        .min_hold(Duration::from_secs(5))
        .max_hold(Duration::from_secs(10));
    let mut schedule = interval(Duration::from_millis(500));
    schedule.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let fire = async {
        loop {
            schedule.tick().await;
            let job = nightly.try_run(|_| async {
                println!("the job runs");
                sleep(Duration::from_secs(3)).await;
            });
            match job.await {
                Ok(ran) => println!("{ran:?}"),
                Err(HoldError::Acquire(error)) => return error,
                Err(early) => println!("{early}"),
            }
        }
    };
    tokio::select! {
        biased;
        _ = tokio::signal::ctrl_c() => zk.close().await?,
        error = fire => return Err(error.into()),
    }
    Ok(())
}
