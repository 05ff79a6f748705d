//! Puts jobs into a queue and works on them: `docs/recipes/queues.md`.
//!
//! `ZK_CONNECT=127.0.0.1:2181 cargo run -p zk-recipes --example jobs -- put 3`, or `work`, or `stall`: to take one and never
//! end. `parts 60` puts so many into a queue that is divided as it grows, and takes them out again; it fails if one was lost or
//! came twice.
#![expect(clippy::print_stdout, reason = "a program to watch")]

use std::time::Duration;

use zk_recipes::{Client, Election, Error, ErrorKind, Queue, ShardedQueue};

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
        ["parts", count] => parts(&zk, count.parse()?).await?,
        _ => return Err("put COUNT, work, stall, or parts COUNT".into()),
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

/// Numbers that are put one by one, each into a part that has room, and then taken out of all parts.
async fn parts(zk: &Client, count: usize) -> Result<(), Box<dyn std::error::Error>> {
    let numbers = ShardedQueue::new(&Queue::new(zk, "/demo/numbers")?)
        .threshold(10)
        .check_every(Duration::from_millis(100));
    let election = Election::new(zk, "/demo/growing")?;
    let put = async {
        for number in 0..count {
            numbers.pick().await?.put(number.to_string()).await?;
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
        Ok::<_, Error>(())
    };
    tokio::select! {
        put = put => put?,
        // Adds a part whenever each has ten.
        failed = numbers.grow(&election) => failed?,
    }
    let parts = numbers.parts().await?;
    let mut taken = Vec::new();
    for part in &parts {
        while let Some(item) = part.try_take().await? {
            taken.push(std::str::from_utf8(item.data())?.parse::<usize>()?);
        }
    }
    taken.sort_unstable();
    let each_once = taken.into_iter().eq(0..count);
    println!(
        "{count} numbers went through {} parts, each once: {each_once}",
        parts.len()
    );
    (each_once && parts.len() > 1)
        .then_some(())
        .ok_or_else(|| "a number was lost or came twice, or the queue did not grow".into())
}
