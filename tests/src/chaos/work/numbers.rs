//! Counters.

use zk_recipes::{AtomicInt, AtomicLong, BlockCounter};

use super::super::worker::Worker;

pub(in super::super) const LONG: &str = "/chaos/long";
pub(in super::super) const INT: &str = "/chaos/int";
pub(in super::super) const BLOCK: &str = "/chaos/block";

pub(super) async fn long(mut worker: Worker) {
    let counter = AtomicLong::new(&worker.zk, LONG).expect("a path");
    while worker.lives() {
        let added = counter.increment().await;
        worker.stepped("long", LONG, added, |change| (change.before, change.after));
        worker.rest().await;
    }
}

/// Up, down, and by comparing.
pub(super) async fn int(mut worker: Worker) {
    let counter = AtomicInt::new(&worker.zk, INT).expect("a path");
    while worker.lives() {
        let delta = i32::try_from(worker.dice.below(9)).unwrap_or_default() - 3;
        if delta == 0 {
            if let Ok(found) = counter.get().await {
                match counter.compare_and_set(found, found + 100).await {
                    Ok(set) if !set.is_done() => worker.diary.count("comparisons lost"),
                    set => worker.stepped("int", INT, set, |_| {
                        (i64::from(found), i64::from(found + 100))
                    }),
                }
            }
        } else {
            let added = counter.add(delta).await;
            worker.stepped("int", INT, added, |change| {
                (i64::from(change.before), i64::from(change.after))
            });
        }
        worker.rest().await;
    }
}

pub(super) async fn block(mut worker: Worker) {
    let counter = AtomicLong::new(&worker.zk, BLOCK).expect("a path");
    let counter = BlockCounter::new(counter, 5).expect("a size");
    while worker.lives() {
        for _ in 0..3 {
            match counter.next().await {
                Ok(number) => {
                    worker.diary.count("block");
                    worker.diary.page().numbers.push(number);
                }
                Err(error) => worker.failed("block", &error),
            }
        }
        worker.rest().await;
    }
}
