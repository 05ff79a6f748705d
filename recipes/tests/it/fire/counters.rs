//! Counters.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;
use zk_recipes::{AtomicLong, Change, Client, ErrorKind, Fate};

use super::{Fire, seeds};

const PATH: &str = "/counters/n";

/// What one client did.
#[derive(Default)]
struct Done {
    changes: Vec<Change<i64>>,
    unknown: usize,
}

async fn count(zk: Client, drained: watch::Receiver<bool>) -> Done {
    let counter = AtomicLong::new(&zk, PATH).unwrap();
    let mut done = Done::default();
    while !*drained.borrow() {
        match counter.increment().await {
            Ok(change) => done.changes.push(change),
            Err(error) if error.fate() == Fate::Unknown => done.unknown += 1,
            Err(error) => assert!(
                matches!(
                    error.kind(),
                    ErrorKind::Contended | ErrorKind::TimedOut | ErrorKind::SessionExpired
                ),
                "{error}"
            ),
        }
        sleep(Duration::from_millis(150)).await;
    }
    counter
        .increment()
        .await
        .map(|change| done.changes.push(change))
        .unwrap();
    drop(counter);
    zk.close().await.unwrap();
    done
}

/// A1: whatever breaks, the counter ends between the changes that are known to have taken place and those that may
/// have, and the known ones form one chain.
#[tokio::test(start_paused = true)]
async fn a1_changes_count_once_whatever_breaks() {
    let (mut changes, mut unknown) = (0, 0);
    for seed in seeds() {
        let mut fire = Fire::new(seed);
        let (drain, drained) = watch::channel(false);
        let mut clients = Vec::new();
        for _ in 0..4 {
            let zk = fire.client().await;
            clients.push(tokio::spawn(count(zk, drained.clone())));
        }
        fire.burn().await;
        drain.send_replace(true);
        let mut all = Done::default();
        for client in clients {
            let done = fire.bound_to("drained", seed, client).await.unwrap();
            all.changes.extend(done.changes);
            all.unknown += done.unknown;
        }
        let zk = fire.client().await;
        let counter = AtomicLong::new(&zk, PATH).unwrap();
        // A change, so that the number is not a lagging server's.
        let stored = counter.increment().await.unwrap().before;
        let known = i64::try_from(all.changes.len()).unwrap();
        let possible = known + i64::try_from(all.unknown).unwrap();
        assert!(
            (known..=possible).contains(&stored),
            "seed {seed}: {known} to {possible} changes, and {stored} are stored"
        );
        all.changes.sort_by_key(|change| change.before);
        let one_chain = all
            .changes
            .windows(2)
            .all(|pair| pair[0].after <= pair[1].before);
        assert!(one_chain, "seed {seed}: two changes of one number");
        assert!(
            all.changes
                .iter()
                .all(|change| change.after == change.before + 1)
        );
        drop(counter);
        let left = async {
            while !zk.children(PATH).await.unwrap().is_empty() {
                sleep(Duration::from_millis(100)).await;
            }
        };
        fire.bound_to("free of marks", seed, left).await;
        changes += all.changes.len();
        unknown += all.unknown;
    }
    println!("{changes} changes, {unknown} unknown");
    assert!(changes > 100 * seeds().len(), "{changes}");
}
