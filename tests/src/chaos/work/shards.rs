//! A queue in parts.

use std::time::Duration;

use zk_checkers::{Function, Outcome};
use zk_recipes::{Election, Queue, ShardedQueue};

use super::super::calls::Ask;
use super::super::worker::Worker;

pub(in super::super) const SHARDS: &str = "/chaos/shards";
pub(in super::super) const GROWERS: &str = "/chaos/growers";

/// Puts into a part and takes from all.
pub(super) async fn shards(mut worker: Worker) {
    let sharded = sharded(&worker);
    while worker.lives() {
        // More is put than taken, at first.
        if worker.dice.percent(60) {
            put(&mut worker, &sharded).await;
        } else {
            take_from_all(&mut worker, &sharded).await;
        }
        worker.rest().await;
    }
    worker.end_writing().await;
    // An item of a take that failed may be there again.
    let mut empty = 0;
    while empty < 3 {
        match take_from_all(&mut worker, &sharded).await {
            Some(0) => empty += 1,
            _ => empty = 0,
        }
    }
}

/// Adds parts while it leads.
pub(super) async fn grow(worker: Worker) {
    let sharded = sharded(&worker);
    let election = Election::new(&worker.zk, GROWERS).expect("a path");
    let mut end = std::pin::pin!(worker.end_of_life());
    while worker.lives() {
        tokio::select! {
            grown = sharded.grow(&election) => {
                if let Err(error) = grown {
                    worker.failed("growers", &error);
                }
            }
            () = &mut end => {}
        }
    }
}

fn sharded(worker: &Worker) -> ShardedQueue {
    let queue = Queue::new(&worker.zk, SHARDS).expect("a path");
    let sharded = ShardedQueue::new(&queue).threshold(4).max_parts(5);
    sharded.check_every(Duration::from_millis(300))
}

async fn put(worker: &mut Worker, sharded: &ShardedQueue) {
    let part = match sharded.pick().await {
        Ok(part) => part,
        Err(error) => return worker.failed("shards", &error),
    };
    let item = format!("<{}>", worker.id());
    let ask = Ask {
        recipe: "shards",
        function: Function::Put,
        path: part.path(),
        limit: None,
    };
    let placed = worker.make(
        ask,
        part.put(item.clone()),
        |op, history| {
            op.data = history.data(item.as_bytes());
            op.expected = Some(0);
        },
        |_, _, _| {},
    );
    if placed.await.is_some() {
        worker.diary.count("items put");
    }
}

/// How many it took; `None` if something failed.
async fn take_from_all(worker: &mut Worker, sharded: &ShardedQueue) -> Option<usize> {
    let parts = match sharded.parts().await {
        Ok(parts) => parts,
        Err(error) => {
            worker.failed("shards", &error);
            return None;
        }
    };
    let mut count = 0;
    for part in parts {
        let handle = worker.id();
        let ask = Ask {
            recipe: "shards",
            function: Function::Take,
            path: part.path(),
            limit: None,
        };
        let taken = worker.make(
            ask,
            part.try_take(),
            |op, history| {
                op.recipe = history.text(&handle);
                op.sequential = true;
            },
            |op, history, item| match item {
                Some(item) => op.reply = history.data(item.data()),
                None => op.outcome = Outcome::NotApplied,
            },
        );
        if taken.await?.is_some() {
            count += 1;
            worker.diary.count("shards");
        }
    }
    Some(count)
}
