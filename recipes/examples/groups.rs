//! Joins a group under the id that is given, and tells who is there, until Ctrl-C: `docs/recipes/groups.md`.
//!
//! `ZK_CONNECT=127.0.0.1:2181 cargo run -p zk-recipes --example groups a`
#![expect(clippy::print_stdout, reason = "a program to watch")]

use zk_recipes::{Client, Group};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let servers = std::env::var("ZK_CONNECT").unwrap_or_else(|_| "127.0.0.1:2181".to_owned());
    let id = std::env::args().nth(1).ok_or("usage: groups ID")?;
    let zk = Client::builder(servers).connect().await?;
    let group = Group::new(&zk, "/demo/group")?;
    let (membership, driver) = group.join(&id, "")?;
    let driver = tokio::spawn(driver);
    let (mut rosters, looking) = group.observe();
    let looking = tokio::spawn(looking);
    loop {
        tokio::select! {
            biased;
            _ = tokio::signal::ctrl_c() => break,
            roster = rosters.next() => {
                // The driver has ended; why, it says itself.
                let Some(roster) = roster else { break };
                let ids = Vec::from_iter(roster.ids()).join(", ");
                match roster.is_stale {
                    true => println!("nobody tells any more; last seen: {ids}"),
                    false => println!("there: {ids}"),
                }
            }
        }
    }
    drop(rosters);
    looking.await??;
    membership.leave();
    driver.await??;
    zk.close().await?;
    Ok(())
}
