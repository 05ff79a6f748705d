//! Three clients wait for each other while somebody breaks their connections: `docs/recipes/barriers.md`. The program fails if
//! anybody passed too early.
//!
//! `ZK_CONNECT=127.0.0.1:2181 cargo run -p zk-recipes --example barriers -- double`, or `single`, `latch`, `cyclic`, `flag`.
#![expect(clippy::print_stdout, reason = "it tells what it saw")]
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;
use zk_recipes::{
    Barrier, Client, CountDownLatch, CyclicBarrier, DoubleBarrier, Error, EventFlag, Wait,
};

const MEMBERS: u16 = 3;
const STEPS: usize = 60;
const COUNTS: u16 = 20;
const LIMIT: Duration = Duration::from_secs(60);

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let recipe = std::env::args().nth(1);
    match recipe.as_deref() {
        Some("single") => single().await,
        Some("double") => steps(double).await,
        Some("latch") => latch().await,
        Some("cyclic") => steps(cyclic).await,
        Some("flag") => flag().await,
        _ => Err("single, double, latch, cyclic or flag".into()),
    }
}

async fn client() -> Result<Client, Error> {
    let servers = std::env::var("ZK_CONNECT").unwrap_or_else(|_| "127.0.0.1:2181".to_owned());
    Client::builder(servers).connect().await
}

/// How many clients are at work in each step.
type AtWork = Arc<Vec<AtomicUsize>>;

/// Members that each do all steps.
async fn steps<F, W>(work: F) -> Result<(), Failure>
where
    F: Fn(Client, AtWork) -> W,
    W: Future<Output = Result<(), Error>> + Send + 'static,
{
    let at_work: AtWork = Arc::new((0..STEPS).map(|_| AtomicUsize::new(0)).collect());
    let mut members = JoinSet::new();
    for _ in 0..MEMBERS {
        members.spawn(work(client().await?, Arc::clone(&at_work)));
    }
    while let Some(member) = members.join_next().await {
        member??;
    }
    println!("{MEMBERS} members did {STEPS} steps together");
    Ok(())
}

async fn double(zk: Client, at_work: AtWork) -> Result<(), Error> {
    let barrier = DoubleBarrier::new(&zk, "/demo/barrier", MEMBERS)?;
    for step in at_work.iter() {
        let member = barrier.enter().timeout(LIMIT).await?;
        step.fetch_add(1, Ordering::SeqCst);
        sleep(Duration::from_millis(20)).await;
        member.leave().timeout(LIMIT).await?;
        assert_all_worked(step);
    }
    zk.close().await
}

async fn cyclic(zk: Client, at_work: AtWork) -> Result<(), Error> {
    let barrier = CyclicBarrier::new(&zk, "/demo/rounds", MEMBERS)?;
    for step in at_work.iter() {
        sleep(Duration::from_millis(40)).await;
        step.fetch_add(1, Ordering::SeqCst);
        barrier.arrive().timeout(LIMIT).await?;
        assert_all_worked(step);
    }
    zk.close().await
}

fn assert_all_worked(step: &AtomicUsize) {
    let worked = step.load(Ordering::SeqCst);
    assert_eq!(
        worked,
        usize::from(MEMBERS),
        "went on before all had worked"
    );
}

/// A barrier that somebody else removes.
async fn single() -> Result<(), Failure> {
    let zk = client().await?;
    Barrier::new(&zk, "/demo/migration")?.set().await?;
    println!("the barrier is set");
    pass(|zk| Ok(Barrier::new(zk, "/demo/migration")?.wait())).await?;
    zk.close().await?;
    println!("{MEMBERS} clients waited, and passed when it was removed");
    Ok(())
}

/// A flag that is set when somebody says so, and cleared again.
async fn flag() -> Result<(), Failure> {
    let zk = client().await?;
    let flag = EventFlag::new(&zk, "/demo/open")?;
    let (waited, set) = tokio::join!(
        pass(|zk| Ok(EventFlag::new(zk, "/demo/open")?.wait())),
        async {
            while !may_go(&zk).await {
                sleep(Duration::from_millis(50)).await;
            }
            flag.set().await
        }
    );
    set?;
    waited?;
    flag.clear().await?;
    let again = flag.wait().timeout(Duration::from_millis(200)).await;
    let holds_back = again.is_err();
    zk.close().await?;
    println!(
        "{MEMBERS} clients waited, and passed when it was set; cleared, it holds back: {holds_back}"
    );
    holds_back
        .then_some(())
        .ok_or_else(|| "a flag that is clear let somebody pass".into())
}

/// Clients that wait in the same way. Nobody may pass before somebody says so.
async fn pass(wait: impl Fn(&Client) -> Result<Wait, Error>) -> Result<(), Failure> {
    let mut waiting = JoinSet::new();
    for _ in 0..MEMBERS {
        let zk = client().await?;
        let wait = wait(&zk)?.timeout(LIMIT);
        waiting.spawn(async move {
            wait.await?;
            let in_time = may_go(&zk).await;
            zk.close().await?;
            Ok::<_, Error>(in_time)
        });
    }
    while let Some(passed) = waiting.join_next().await {
        if !passed?? {
            return Err("somebody passed too early".into());
        }
    }
    Ok(())
}

/// Whether somebody has said, by a node, that they may pass: it was made before.
async fn may_go(zk: &Client) -> bool {
    loop {
        if let Ok(found) = zk.exists("/demo/go").await {
            return found.is_some();
        }
    }
}

/// Clients that count down together, and one that waits.
async fn latch() -> Result<(), Failure> {
    let zk = client().await?;
    let latch = CountDownLatch::new(&zk, "/demo/latch", COUNTS * MEMBERS)?;
    let begun = Arc::new(AtomicUsize::new(0));
    let mut counting = JoinSet::new();
    for _ in 0..MEMBERS {
        let (zk, begun) = (client().await?, Arc::clone(&begun));
        let latch = CountDownLatch::new(&zk, "/demo/latch", COUNTS * MEMBERS)?;
        counting.spawn(async move {
            for _ in 0..COUNTS {
                sleep(Duration::from_millis(100)).await;
                begun.fetch_add(1, Ordering::SeqCst);
                latch.count_down().await?;
            }
            zk.close().await
        });
    }
    latch.wait().timeout(LIMIT).await?;
    let counts = begun.load(Ordering::SeqCst);
    while let Some(counted) = counting.join_next().await {
        counted??;
    }
    let left = latch.remaining().await?;
    zk.close().await?;
    println!("the latch opened after {counts} counts, {left} are left");
    (counts == usize::from(COUNTS * MEMBERS) && left == 0)
        .then_some(())
        .ok_or_else(|| "something was counted twice, or not at all".into())
}
