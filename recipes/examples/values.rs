//! One client follows a value that another one sets while somebody breaks their connections: `docs/recipes/values.md`.
//!
//! `ZK_CONNECT=127.0.0.1:2181 cargo run -p zk-recipes --example values`

#![expect(clippy::print_stdout, reason = "it shows what it does")]

use std::time::Duration;

use zk_recipes::{Client, SharedCount};

const LAST: i32 = 60;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let servers = std::env::var("ZK_CONNECT").unwrap_or_else(|_| "127.0.0.1:2181".to_owned());
    let (writer, reader) = (
        Client::builder(&servers).connect().await?,
        Client::builder(&servers).connect().await?,
    );
    let count = SharedCount::new(&writer, "/demo/value", 0)?;
    count.set(0).await?;
    let writing = tokio::spawn(async move {
        for number in 1..=LAST {
            count.set(number).await?;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        writer.close().await
    });
    let mut changes = SharedCount::new(&reader, "/demo/value", 0)?.changes();
    let mut seen = vec![changes.next().await?.value];
    while seen.last() != Some(&LAST) {
        seen.push(changes.next().await?.value);
    }
    writing.await??;
    reader.close().await?;
    let grows = seen.is_sorted_by(|one, next| one < next);
    println!(
        "saw {} of {LAST} values, in order: {grows}, the last: {LAST}",
        seen.len()
    );
    grows
        .then_some(())
        .ok_or_else(|| "an older value came after a newer one".into())
}
