//! Queues: in which order they hand out, to whom, and what wakes those who wait.

use std::future::IntoFuture;
use std::time::Duration;

use zk_recipes::{CreateMode, Entry, ErrorKind, Queue, QueueLayout};

use crate::deadline;

use super::server::Server;

const SOON: Duration = Duration::from_secs(10);

pub async fn every_layout_hands_out_in_its_order_and_under_its_names(server: &Server) {
    let zk = server.client().await;
    for (at, layout, first, name) in [
        ("/q/a", QueueLayout::Fifo, "one", "queue-0000000000"),
        (
            "/q/b",
            QueueLayout::Priority,
            "two",
            "queue-1000000050000000000",
        ),
        (
            "/q/c",
            QueueLayout::Delay,
            "one",
            "queue-|00000000|0000000000",
        ),
        ("/q/d", QueueLayout::Id, "one", "queue-|a_b|0000000000"),
        ("/q/e", QueueLayout::Simple, "one", "qn-0000000000"),
        ("/q/f", QueueLayout::Kazoo, "two", "entry-005-0000000000"),
        (
            "/q/g",
            QueueLayout::KazooLocking,
            "two",
            "entries/entry-005-0000000000",
        ),
    ] {
        let queue = Queue::new(&zk, at).unwrap().layout(layout);
        let entry = |data: &str, priority| {
            let entry = Entry::new(data.to_owned());
            match layout {
                QueueLayout::Priority | QueueLayout::Kazoo | QueueLayout::KazooLocking => {
                    entry.priority(priority)
                }
                QueueLayout::Id => entry.id("a/b"),
                _ => entry,
            }
        };
        let placed = queue.put(entry("one", 5)).await.unwrap();
        assert_eq!(placed.node.unwrap(), format!("{at}/{name}"));
        queue.put(entry("two", 1)).await.unwrap();
        assert_eq!(queue.take().await.unwrap().data(), first.as_bytes());
        let last = queue.claim().await.unwrap();
        assert_eq!(last.data(), if first == "one" { b"two" } else { b"one" });
        last.complete().await.unwrap();
        assert_eq!(queue.len().await.unwrap(), 0);
    }
    let several = Queue::new(&zk, "/q/h").unwrap();
    several.put_all(["1", "2", "3"]).await.unwrap();
    let taken = several.take_many(9).await.unwrap();
    let taken: Vec<&[u8]> = taken.iter().map(|item| item.data()).collect();
    assert_eq!(taken, [b"1", b"2", b"3"]);
}

pub async fn an_item_is_worked_on_by_one_and_completed_by_the_last_who_claimed_it(server: &Server) {
    let (zk, other) = (server.client().await, server.client().await);
    for (at, layout) in [
        ("/q/i", QueueLayout::Fifo),
        ("/q/j", QueueLayout::KazooLocking),
    ] {
        let ours = Queue::new(&zk, at).unwrap().layout(layout);
        let theirs = Queue::new(&other, at).unwrap().layout(layout);
        ours.put("x").await.unwrap();
        let one = ours.claim().await.unwrap();
        other.sync(at).await.unwrap();
        assert!(theirs.try_claim().await.unwrap().is_none());
        assert!(theirs.try_take().await.unwrap().is_none());
        // Somebody deletes the lock, and both have claimed it.
        other.delete(one.held().node()).await.unwrap();
        let two = theirs.claim().timeout(SOON).await.unwrap();
        assert!(two.token() > one.token());
        assert_eq!(two.attempt(), 2);
        let error = one.complete().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LockLost);
        two.complete().await.unwrap();
        assert_eq!(theirs.len().await.unwrap(), 0);
    }
}

pub async fn a_consumer_that_waits_is_told_of_puts_given_back_items_and_due_times(server: &Server) {
    let (zk, other) = (server.client().await, server.client().await);
    let ours = Queue::new(&zk, "/q/k").unwrap();
    let theirs = Queue::new(&other, "/q/k").unwrap();
    // There is no such queue yet.
    let waits = tokio::spawn(theirs.claim().into_future());
    ours.put("x").await.unwrap();
    let claimed = deadline(SOON).until("the put", waits).await;
    let claimed = claimed.unwrap().unwrap();
    let waits = tokio::spawn(ours.take().into_future());
    claimed.release().await.unwrap();
    let taken = deadline(SOON).until("the item given back", waits).await;
    assert_eq!(taken.unwrap().unwrap().data(), b"x");
    let delayed = |zk| Queue::new(zk, "/q/l").unwrap().layout(QueueLayout::Delay);
    let (ours, theirs) = (delayed(&zk), delayed(&other));
    let delay = Duration::from_millis(300);
    ours.put(Entry::new("y").due_in(delay)).await.unwrap();
    other.sync("/q/l").await.unwrap();
    assert!(theirs.try_take().await.unwrap().is_none(), "early");
    let item = theirs.take().timeout(SOON).await.unwrap();
    // The leader's clock has passed it: what it makes from here on is not earlier.
    let now = other.create("/q/now", "").await.unwrap().stat.ctime;
    let due = item.due().unwrap().duration_since(std::time::UNIX_EPOCH);
    assert!(u128::try_from(now).unwrap() >= due.unwrap().as_millis());
}

pub async fn what_is_no_item_is_moved_aside_with_its_data(server: &Server) {
    let zk = server.client().await;
    let queue = Queue::new(&zk, "/q/m").unwrap();
    zk.create("/q/m", "").parents().await.unwrap();
    let bad = zk
        .create("/q/m/queue-", "10.0.0.1")
        .mode(CreateMode::PersistentSequential)
        .await
        .unwrap();
    queue.put("good").await.unwrap();
    let error = queue.claim().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Undecodable);
    assert!(error.to_string().contains(&bad.path), "{error}");
    let aside = zk.children(queue.aside_path()).await.unwrap();
    let moved = format!("{}/{}", queue.aside_path(), aside[0]);
    assert_eq!(zk.get(&moved).await.unwrap().data, "10.0.0.1");
    assert_eq!(queue.take().await.unwrap().data(), b"good");
}
