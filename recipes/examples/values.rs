//! One client follows a value that another one sets while somebody breaks their connections: `docs/recipes/values.md`. The
//! program fails if an older value came after a newer one.
//!
//! `ZK_CONNECT=127.0.0.1:2181 cargo run -p zk-recipes --example values -- count`, or `shared`, `typed`.
#![expect(clippy::print_stdout, reason = "it tells what it saw")]
use std::time::Duration;

use zk_recipes::{
    Changes, Client, CountChanges, Error, Json, SharedCount, SharedValue, TypedChanges, TypedValue,
};

const LAST: i32 = 60;

/// A number, stored in one of the ways.
enum Value {
    Count(SharedCount),
    /// As text.
    Shared(SharedValue),
    /// As JSON.
    Typed(TypedValue<Json<i32>>),
}

enum Following {
    Count(CountChanges),
    Shared(Changes),
    Typed(TypedChanges<Json<i32>>),
}

impl Value {
    fn new(recipe: &str, zk: &Client) -> Result<Self, Box<dyn std::error::Error>> {
        Ok(match recipe {
            "count" => Self::Count(SharedCount::new(zk, "/demo/count", 0)?),
            "shared" => Self::Shared(SharedValue::new(zk, "/demo/shared", "0")?),
            "typed" => Self::Typed(TypedValue::new(zk, "/demo/typed", &Json(0))?),
            _ => return Err("count, shared or typed".into()),
        })
    }

    async fn set(&self, number: i32) -> Result<(), Error> {
        match self {
            Self::Count(count) => count.set(number).await,
            Self::Shared(value) => value.set(number.to_string()).await,
            Self::Typed(value) => value.set(&Json(number)).await,
        }
    }

    fn follow(&self) -> Following {
        match self {
            Self::Count(count) => Following::Count(count.changes()),
            Self::Shared(value) => Following::Shared(value.changes()),
            Self::Typed(value) => Following::Typed(value.changes()),
        }
    }
}

impl Following {
    async fn next(&mut self) -> Result<i32, Box<dyn std::error::Error>> {
        Ok(match self {
            Self::Count(changes) => changes.next().await?.value,
            Self::Shared(changes) => std::str::from_utf8(&changes.next().await?.value)?.parse()?,
            Self::Typed(changes) => changes.next().await?.value.0,
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let servers = std::env::var("ZK_CONNECT").unwrap_or_else(|_| "127.0.0.1:2181".to_owned());
    let recipe = std::env::args().nth(1).unwrap_or_default();
    let (writer, reader) = (
        Client::builder(&servers).connect().await?,
        Client::builder(&servers).connect().await?,
    );
    let value = Value::new(&recipe, &writer)?;
    value.set(0).await?;
    let writing = tokio::spawn(async move {
        for number in 1..=LAST {
            value.set(number).await?;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        writer.close().await
    });
    let mut changes = Value::new(&recipe, &reader)?.follow();
    let mut seen = vec![changes.next().await?];
    while seen.last() != Some(&LAST) {
        seen.push(changes.next().await?);
    }
    writing.await??;
    reader.close().await?;
    let grows = seen.is_sorted_by(|one, next| one < next);
    println!(
        "saw {} of {} values, in order: {grows}, the last: {LAST}",
        seen.len(),
        LAST + 1
    );
    grows
        .then_some(())
        .ok_or_else(|| "an older value came after a newer one".into())
}
