//! Four clients count together while somebody breaks their connections: `docs/recipes/counters.md`. The program fails if
//! something was counted twice or not at all.
//!
//! `ZK_CONNECT=127.0.0.1:2181 cargo run -p zk-recipes --example counters -- long`, or `int`, `value`, `blocks`.
#![expect(clippy::print_stdout, reason = "it tells what it saw")]
use std::collections::BTreeSet;
use std::time::Duration;

use zk_recipes::{AtomicInt, AtomicLong, AtomicValue, BlockCounter, Bytes, Client, Error, Fate};

/// What is counted with, each at a path of its own.
#[expect(clippy::large_enum_variant, reason = "there are four")]
enum Counter {
    Long(AtomicLong),
    Int(AtomicInt),
    /// A number as text.
    Value(AtomicValue),
    Blocks(BlockCounter, AtomicLong),
}

impl Counter {
    fn new(recipe: &str, zk: &Client) -> Result<Self, Box<dyn std::error::Error>> {
        Ok(match recipe {
            "long" => Self::Long(AtomicLong::new(zk, "/demo/long")?),
            "int" => Self::Int(AtomicInt::new(zk, "/demo/int")?),
            "value" => Self::Value(AtomicValue::new(zk, "/demo/value")?),
            "blocks" => {
                let counter = AtomicLong::new(zk, "/demo/blocks")?;
                Self::Blocks(BlockCounter::new(counter.clone(), 7)?, counter)
            }
            _ => return Err("long, int, value or blocks".into()),
        })
    }

    /// Counts by one; the number that is had for it.
    async fn next(&self) -> Result<i64, Error> {
        match self {
            Self::Long(counter) => Ok(counter.increment().await?.after),
            Self::Int(counter) => Ok(counter.increment().await?.after.into()),
            Self::Value(value) => {
                let one_more = |found: Option<&Bytes>| (number(found) + 1).to_string().into();
                Ok(number(Some(&value.update(one_more).await?.after)))
            }
            Self::Blocks(ids, _) => ids.next().await,
        }
    }

    async fn stored(&self) -> Result<i64, Error> {
        match self {
            Self::Long(counter) | Self::Blocks(_, counter) => counter.get().await,
            Self::Int(counter) => Ok(counter.get().await?.into()),
            Self::Value(value) => Ok(number(value.get().await?.as_ref())),
        }
    }
}

fn number(text: Option<&Bytes>) -> i64 {
    let text = text.and_then(|text| std::str::from_utf8(text).ok());
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let servers = std::env::var("ZK_CONNECT").unwrap_or_else(|_| "127.0.0.1:2181".to_owned());
    let recipe = std::env::args().nth(1).unwrap_or_default();
    let mut clients = Vec::new();
    for _ in 0..4 {
        let zk = Client::builder(&servers).connect().await?;
        let counter = Counter::new(&recipe, &zk)?;
        clients.push(tokio::spawn(count(zk, counter)));
    }
    let (mut numbers, mut counted, mut unknown) = (BTreeSet::new(), 0, 0);
    for client in clients {
        let (had, lost) = client.await??;
        counted += i64::try_from(had.len())?;
        numbers.extend(had);
        unknown += lost;
    }
    let zk = Client::builder(&servers).connect().await?;
    let counter = Counter::new(&recipe, &zk)?;
    let stored = counter.stored().await?;
    let different = i64::try_from(numbers.len())?;
    println!(
        "counted {counted}, unknown {unknown}, different numbers {different}, stored {stored}"
    );
    zk.close().await?;
    let exact = match counter {
        // Numbers of a block that nobody asked for are nobody's.
        Counter::Blocks(..) => counted <= stored,
        _ => (counted..=counted + unknown).contains(&stored),
    };
    (exact && different == counted)
        .then_some(())
        .ok_or_else(|| "something was counted twice, or not at all".into())
}

/// Counts a hundred times; the numbers, and how often the session expired before it was known.
async fn count(zk: Client, counter: Counter) -> Result<(Vec<i64>, i64), Error> {
    let (mut had, mut unknown) = (Vec::new(), 0);
    for _ in 0..100 {
        match counter.next().await {
            Ok(number) => had.push(number),
            Err(error) if error.fate() == Fate::Unknown => unknown += 1,
            Err(error) => return Err(error),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    zk.close().await?;
    Ok((had, unknown))
}
