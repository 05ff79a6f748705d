//! A cron job for a fleet: every host's cron starts it at the same time, and it runs on one of them.
//!
//! `ZK_CONNECT=127.0.0.1:2181 cargo run -p zk-examples --bin cron -- sh -c 'date >> /tmp/ran'`
//!
//! A host whose clock is up to ten minutes late finds that it has run already; a run that takes longer than an hour is
//! stopped. The command is told its fencing token in `ZK_LOCK_TOKEN`.
#![expect(clippy::print_stdout, reason = "a program to watch")]

use std::time::Duration;

use tokio::process::Command;
use zk_examples::connect;
use zk_recipes::{Lease, Ran};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let program = arguments
        .next()
        .ok_or("usage: cron PROGRAM [ARGUMENT]...")?;
    let zk = connect().await?;
    let nightly = Lease::new(&zk, "/jobs/nightly")?
        .min_hold(Duration::from_secs(600))
        .max_hold(Duration::from_secs(3600));
    let ran = nightly
        .try_run(|held| {
            let mut command = Command::new(program);
            command.args(arguments);
            command.env("ZK_LOCK_TOKEN", held.token().to_string());
            // When the job is dropped, because the hold is lost or too long, the command goes with it.
            command.kill_on_drop(true);
            async move { command.status().await }
        })
        .await;
    zk.close().await?;
    match ran? {
        Ran::Done(status) => println!("ran: {}", status?),
        Ran::Busy => println!("not here: another host runs it"),
        Ran::TooSoon { since } => println!("not again: it started {} s ago", since.as_secs()),
        _ => println!("not here"),
    }
    Ok(())
}
