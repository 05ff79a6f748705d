//! Counters and values.

use std::time::Duration;

use zk_recipes::{AtomicInt, AtomicLong, BlockCounter, CompareAndSet, Layout, SharedCount};

use crate::deadline;

use super::server::Server;

const SOON: Duration = Duration::from_secs(10);

pub async fn changes_of_a_counter_form_one_chain(server: &Server) {
    let mut tasks = Vec::new();
    for layout in [Layout::Curator, Layout::Kazoo] {
        for _ in 0..3 {
            let zk = server.client().await;
            let counter = AtomicLong::new(&zk, &format!("/counters/{layout:?}")).unwrap();
            let counter = counter.layout(layout);
            tasks.push(tokio::spawn(async move {
                for _ in 0..10 {
                    let change = counter.increment().await.unwrap();
                    assert_eq!(change.after, change.before + 1);
                }
            }));
        }
    }
    for task in tasks {
        task.await.unwrap();
    }
    let zk = server.client().await;
    for layout in [Layout::Curator, Layout::Kazoo] {
        let counter = AtomicLong::new(&zk, &format!("/counters/{layout:?}")).unwrap();
        let counter = counter.layout(layout);
        assert_eq!(counter.get().await.unwrap(), 30);
        assert!(counter.compare_and_set(30, -5).await.unwrap().is_done());
        let found = counter.compare_and_set(30, 0).await.unwrap();
        assert_eq!(found, CompareAndSet::Found(-5));
        assert_eq!(counter.replace(7).await.unwrap().before, -5);
    }
    let blocks = BlockCounter::new(AtomicInt::new(&zk, "/counters/ids").unwrap(), 3).unwrap();
    for number in 0..7 {
        assert_eq!(blocks.next().await.unwrap(), number);
    }
}

pub async fn a_shared_count_is_followed_in_the_order_of_its_writes(server: &Server) {
    let (zk, other) = (server.client().await, server.client().await);
    let ours = SharedCount::new(&zk, "/values/count", 3).unwrap();
    let theirs = SharedCount::new(&other, "/values/count", 4).unwrap();
    let mut changes = ours.changes();
    let seed = ours.get().await.unwrap();
    assert_eq!((seed.value, theirs.get().await.unwrap().value), (3, 3));
    assert_eq!(changes.next().await.unwrap(), seed);
    assert!(theirs.try_set(&seed, 4).await.unwrap().is_done());
    assert!(!ours.try_set(&seed, 5).await.unwrap().is_done());
    theirs.set(6).await.unwrap();
    let last = async {
        let mut before = seed.mzxid;
        loop {
            let change = changes.next().await.unwrap();
            assert!(change.mzxid > before);
            before = change.mzxid;
            if change.value == 6 {
                break;
            }
        }
    };
    deadline(SOON).until("the last value", last).await;
    drop(changes);
    other.barrier().await.unwrap();
}
