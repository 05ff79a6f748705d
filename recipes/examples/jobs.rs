//! Puts jobs into a queue and works on them: `docs/recipes/queues.md`.
//!
//! `ZK_CONNECT=127.0.0.1:2181 cargo run -p zk-recipes --example jobs -- put 3`, or `work`, or `stall`: to take one and never
//! end.
#![expect(clippy::print_stdout, reason = "a program to watch")]

use std::time::Duration;

use zk_recipes::{Client, Error, ErrorKind, Queue};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let servers = std::env::var("ZK_CONNECT").unwrap_or_else(|_| "127.0.0.1:2181".to_owned());
    let zk = Client::builder(servers).connect().await?;
    let jobs = Queue::new(&zk, "/demo/jobs")?;
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["put", count] => {
            let count: u32 = count.parse()?;
            jobs.put_all((1..=count).map(|job| format!("job {job}")))
                .await?;
        }
        ["work"] => work(&jobs).await?,
        ["stall"] => {
            let claimed = jobs.claim().await?;
            let job = String::from_utf8_lossy(claimed.data()).into_owned();
            println!("{job} is stalled");
            zk.create("/demo/stalled", "").await?;
            println!("{}", claimed.lost().await);
            match claimed.complete().await {
                Ok(()) => println!("{job} is done late"),
                Err(error) => println!("{error}"),
            }
        }
        _ => return Err("put COUNT, work, or stall".into()),
    }
    zk.close().await?;
    Ok(())
}

/// Works until nothing is left, items that others work on included.
async fn work(jobs: &Queue) -> Result<(), Error> {
    while !jobs.is_empty().await? {
        let claimed = match jobs.claim().timeout(Duration::from_secs(1)).await {
            Ok(claimed) => claimed,
            Err(error) if error.kind() == ErrorKind::WaitTimedOut => continue,
            Err(error) => return Err(error),
        };
        let job = String::from_utf8_lossy(claimed.data()).into_owned();
        let attempt = claimed.attempt();
        tokio::time::sleep(Duration::from_millis(300)).await;
        match claimed.complete().await {
            Ok(()) => println!("{job} is done (attempt {attempt})"),
            Err(error) => println!("{error}"),
        }
    }
    println!("all jobs are done");
    Ok(())
}
