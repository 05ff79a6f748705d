//! Four clients move money between three accounts while somebody breaks their connections: `docs/recipes/transactions.md`.
//!
//! `ZK_CONNECT=127.0.0.1:2181 cargo run -p zk-recipes --example transfers`
#![expect(clippy::print_stdout, reason = "it tells what it saw")]
use std::time::Duration;

use zk_recipes::{Bytes, Client, Error, ErrorKind, Fate, Stm, Tx};

const ACCOUNTS: [&str; 3] = ["/demo/ada", "/demo/bob", "/demo/eve"];

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let servers = std::env::var("ZK_CONNECT").unwrap_or_else(|_| "127.0.0.1:2181".to_owned());
    let zk = Client::builder(&servers).connect().await?;
    for account in ACCOUNTS {
        match zk.create(account, "100").parents().await {
            Err(error) if error.kind() != ErrorKind::NodeExists => return Err(error.into()),
            _ => {}
        }
    }
    let mut clients = Vec::new();
    for number in 0..4 {
        let zk = Client::builder(&servers).connect().await?;
        clients.push(tokio::spawn(transfer(zk, number)));
    }
    let (mut moved, mut unknown) = (0, 0);
    for client in clients {
        let (done, lost) = client.await??;
        moved += done;
        unknown += lost;
    }
    let stm = Stm::new(&zk, "/demo/marks")?;
    // A transaction that only reads: what it finds was there at one moment.
    let sum = stm
        .run(|tx| async move {
            let mut sum = 0;
            for account in ACCOUNTS {
                sum += number(tx.get(account).await?);
            }
            Ok::<_, Error>(sum)
        })
        .await?;
    println!("moved {moved} times, unknown {unknown}, all accounts have {sum}");
    zk.close().await?;
    let exact = (sum == 300).then_some(());
    exact.ok_or_else(|| "money was made or lost".into())
}

/// Moves 7 a hundred times; yields how often that was done, and how often the session expired before it was known.
async fn transfer(zk: Client, client: usize) -> Result<(u32, u32), Error> {
    let stm = Stm::new(&zk, "/demo/marks")?;
    let (mut done, mut unknown) = (0, 0);
    for round in 0..100 {
        let pair = (client + round) % 3;
        let (from, to) = (ACCOUNTS[pair], ACCOUNTS[(pair + 1) % 3]);
        match stm.run(|tx| move_seven(tx, from, to)).await {
            Ok(()) => done += 1,
            Err(error) if error.fate() == Fate::Unknown => unknown += 1,
            Err(error) => return Err(error),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    zk.close().await?;
    Ok((done, unknown))
}

async fn move_seven(tx: Tx, from: &str, to: &str) -> Result<(), Error> {
    let (has, had) = (number(tx.get(from).await?), number(tx.get(to).await?));
    tx.set(from, (has - 7).to_string())?;
    tx.set(to, (had + 7).to_string())
}

fn number(data: Option<Bytes>) -> i64 {
    let text = data.and_then(|data| String::from_utf8(data.to_vec()).ok());
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}
