//! Four clients move money between three accounts while somebody breaks their connections: `docs/recipes/transactions.md`. The
//! program fails if money was made or lost.
//!
//! `ZK_CONNECT=127.0.0.1:2181 cargo run -p zk-recipes --example transfers -- stm`, or `transaction`, `conditional`.
#![expect(clippy::print_stdout, reason = "it tells what it saw")]
use std::time::Duration;

use zk_recipes::{
    Bytes, Client, Conditional, Decided, Error, ErrorKind, Fate, Stm, Transaction, Tx,
};

const ACCOUNTS: [&str; 3] = ["/demo/ada", "/demo/bob", "/demo/eve"];

/// Written whenever a [`Conditional`] took its other branch.
const REFUSED: &str = "/demo/refused";

#[derive(Clone, Copy)]
enum Way {
    Stm,
    Transaction,
    Conditional,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let servers = std::env::var("ZK_CONNECT").unwrap_or_else(|_| "127.0.0.1:2181".to_owned());
    let way = match std::env::args().nth(1).as_deref() {
        Some("stm") => Way::Stm,
        Some("transaction") => Way::Transaction,
        Some("conditional") => Way::Conditional,
        _ => return Err("stm, transaction or conditional".into()),
    };
    let zk = Client::builder(&servers).connect().await?;
    for account in ACCOUNTS {
        zk.create(account, "100").parents().await?;
    }
    zk.create(REFUSED, "").await?;
    let mut clients = Vec::new();
    for number in 0..4 {
        let zk = Client::builder(&servers).connect().await?;
        clients.push(tokio::spawn(transfer(zk, way, number)));
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
async fn transfer(zk: Client, way: Way, client: usize) -> Result<(u32, u32), Error> {
    let stm = Stm::new(&zk, "/demo/marks")?;
    let (mut done, mut unknown) = (0, 0);
    for round in 0..100 {
        let pair = (client + round) % 3;
        let (from, to) = (ACCOUNTS[pair], ACCOUNTS[(pair + 1) % 3]);
        loop {
            let moved = match way {
                Way::Stm => stm.run(|tx| move_seven(tx, from, to)).await.map(|()| true),
                Way::Transaction => at_once(&zk, from, to).await,
                Way::Conditional => if_unchanged(&zk, from, to).await,
            };
            match moved {
                Ok(true) => done += 1,
                // Others were faster.
                Ok(false) => continue,
                Err(error) if error.fate() == Fate::Unknown => unknown += 1,
                // The session ended before anything was sent.
                Err(error) if error.kind() == ErrorKind::SessionExpired => continue,
                Err(error) => return Err(error),
            }
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    zk.close().await?;
    Ok((done, unknown))
}

/// Both writes in one transaction, if nobody wrote since they were read.
async fn at_once(zk: &Client, from: &str, to: &str) -> Result<bool, Error> {
    let (has, had) = (zk.get(from).await?, zk.get(to).await?);
    let less = (number(Some(has.data)) - 7).to_string();
    let more = (number(Some(had.data)) + 7).to_string();
    let both = Transaction::new(zk)
        .with(zk.set(from, less).version(has.stat.version))
        .with(zk.set(to, more).version(had.stat.version));
    match both.await {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BadVersion => Ok(false),
        Err(error) => Err(error),
    }
}

/// The same, with something else to be done where somebody wrote.
async fn if_unchanged(zk: &Client, from: &str, to: &str) -> Result<bool, Error> {
    let (has, had) = (zk.get(from).await?, zk.get(to).await?);
    let less = (number(Some(has.data)) - 7).to_string();
    let more = (number(Some(had.data)) + 7).to_string();
    let both = Transaction::new(zk)
        .with(zk.set(from, less))
        .with(zk.set(to, more));
    let decided = Conditional::new(zk)
        .version(from, has.stat.version)
        .version(to, had.stat.version)
        .then(both)
        .otherwise(Transaction::new(zk).with(zk.set(REFUSED, "")))
        .await?;
    Ok(matches!(decided, Decided::Then(_)))
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
