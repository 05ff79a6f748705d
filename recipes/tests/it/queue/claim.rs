//! Claims: who has an item, who completes it, and where it is after that.

use std::time::Duration;

use zk_recipes::{Entry, Error, ErrorKind, Queue, QueueLayout};

use super::{LAYOUTS, SOON, claim, entry, items, queue, queue_of, take, text, try_take};
use crate::kit::{ROUND_TRIP, World, settle, spawned};

#[tokio::test(start_paused = true)]
async fn a_claimed_item_stays_and_is_passed_over_by_all_others() {
    for layout in LAYOUTS {
        let world = World::new();
        let (ours, theirs) = (
            queue_of(&world).await.layout(layout),
            queue_of(&world).await.layout(layout),
        );
        for data in ["a", "b", "c"] {
            ours.put(entry(layout, data)).await.unwrap();
        }
        let a = claim(&ours).await;
        let b = claim(&theirs).await;
        assert_eq!((a.data(), b.data()), (&b"a"[..], &b"b"[..]), "{layout:?}");
        assert_eq!(items(&world).len(), 3);
        assert_eq!(take(&theirs).await, "c");
        assert_eq!(try_take(&ours).await.unwrap(), None);
        assert!(ours.try_claim().await.unwrap().is_none());
        a.complete().await.unwrap();
        b.complete().await.unwrap();
        assert_eq!(items(&world), [""; 0]);
    }
}

/// K11: the lock of an entry that was consumed.
#[tokio::test(start_paused = true)]
async fn k11_two_consumers_that_race_leave_no_lock() {
    for layout in [QueueLayout::KazooLocking, QueueLayout::Fifo] {
        let world = World::new();
        let producer = queue_of(&world).await.layout(layout);
        producer
            .put_all((0..20).map(|n| n.to_string()))
            .await
            .unwrap();
        let mut consumers = Vec::new();
        for _ in 0..2 {
            let queue = queue_of(&world).await.layout(layout);
            consumers.push(spawned(async move {
                while let Some(claimed) = queue.try_claim().await.unwrap() {
                    claimed.complete().await.unwrap();
                }
            }));
        }
        for consumer in consumers {
            consumer.await.unwrap();
        }
        settle().await;
        assert_eq!(items(&world), [""; 0]);
        let locks: Vec<String> = world.hooks.paths();
        let is_lock = |path: &&String| path.contains("/taken/") || path.contains("/_locks_jobs/");
        assert_eq!(locks.iter().filter(is_lock).count(), 0, "{locks:?}");
    }
}

/// C42, A8: an item that comes back is the same node.
#[tokio::test(start_paused = true)]
async fn c42_an_item_that_is_given_back_a_hundred_times_keeps_its_name_id_and_place() {
    let world = World::new();
    let queue = queue_of(&world).await.layout(QueueLayout::Id);
    queue.put(Entry::new("a").id("x/1")).await.unwrap();
    queue.put(Entry::new("b").id("x/2")).await.unwrap();
    let before = items(&world);
    for attempt in 1..=100 {
        let claimed = claim(&queue).await;
        assert_eq!(
            (claimed.data(), claimed.item().id()),
            (&b"a"[..], Some("x_1"))
        );
        assert_eq!(claimed.attempt(), attempt);
        claimed.release().await.unwrap();
    }
    assert_eq!(items(&world), before);
}

#[tokio::test(start_paused = true)]
async fn a8_a_failing_item_keeps_priority_and_due_time() {
    let world = World::new();
    let queue = queue_of(&world).await.layout(QueueLayout::Priority);
    queue.put(Entry::new("urgent").priority(1)).await.unwrap();
    queue.put(Entry::new("fails").priority(5)).await.unwrap();
    assert_eq!(take(&queue).await, "urgent");
    drop(claim(&queue).await);
    settle().await;
    queue
        .put(Entry::new("urgent too").priority(1))
        .await
        .unwrap();
    assert_eq!(take(&queue).await, "urgent too");
    assert_eq!(claim(&queue).await.item().priority(), Some(5));
}

#[tokio::test(start_paused = true)]
async fn a8_an_item_that_fails_for_ever_is_moved_aside_after_so_many_attempts() {
    let world = World::new();
    let queue = queue_of(&world).await.max_attempts(3);
    queue.put("poison").await.unwrap();
    queue.put("good").await.unwrap();
    let mut claimed = Vec::new();
    while let Some(item) = queue.try_claim().await.unwrap() {
        claimed.push((text(item.item()), item.attempt()));
        match item.data() {
            b"good" => item.complete().await.unwrap(),
            _ => item.release().await.unwrap(),
        }
    }
    let attempts = |n| ("poison".to_owned(), n);
    assert_eq!(
        claimed,
        [
            attempts(1),
            attempts(2),
            attempts(3),
            ("good".to_owned(), 1)
        ]
    );
    let aside = world.left(queue.aside_path());
    assert_eq!(aside.len(), 1);
    let data = world.hooks.node(&aside[0]).unwrap().data.unwrap();
    assert_eq!(data, &b"\0\x01\0\x01\x01\0\0\0\x06poison\x02"[..]);
}

/// Q6: of two that believe they have an item one completes it.
#[tokio::test(start_paused = true)]
async fn two_consumers_of_which_one_lost_its_session_do_not_both_complete() {
    for layout in LAYOUTS {
        let world = World::new();
        let (first, second) = (world.client().await, world.client().await);
        let first_queue = queue(&first).layout(layout);
        first_queue.put(entry(layout, "x")).await.unwrap();
        let one = claim(&first_queue).await;
        world.hooks.expire(first.session_id().unwrap());
        let two = claim(&queue(&second).layout(layout)).await;
        assert!(two.token() > one.token());
        assert_eq!(two.attempt(), 2);
        let error = one.complete().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LockLost);
        assert!(error.to_string().contains("token"), "{error}");
        assert_eq!(items(&world).len(), 1, "nothing was done");
        two.complete().await.unwrap();
        assert_eq!(items(&world), [""; 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_was_completed_or_released_is_over_and_was_not_lost() {
    for how in ["complete", "answer lost", "release", "drop"] {
        let world = World::new();
        let zk = world.client().await;
        let queue = queue(&zk);
        queue.put("x").await.unwrap();
        let claimed = claim(&queue).await;
        settle().await;
        let (held, lost) = (claimed.held(), spawned(claimed.lost()));
        assert!(held.is_held());
        match how {
            "drop" => drop(claimed),
            "release" => claimed.release().await.unwrap(),
            "complete" => claimed.complete().await.unwrap(),
            _ => {
                super::lost::cut_next(&world, &zk, true);
                claimed.complete().await.unwrap();
            }
        }
        settle().await;
        assert!(!held.is_held() && !lost.is_finished(), "{how}");
        let stats = zk.stats();
        assert_eq!((stats.duties, stats.watches), (1, 0), "{how}: the mark's");
    }
}

/// Both claims are of one session, and somebody deleted the first lock: version and lock tell them apart.
#[tokio::test(start_paused = true)]
async fn a33_a_claim_whose_lock_was_deleted_is_lost_and_completes_nothing() {
    for layout in [QueueLayout::KazooLocking, QueueLayout::Simple] {
        let world = World::new();
        let (zk, operator) = (world.client().await, world.client().await);
        let queue = queue(&zk).layout(layout);
        queue.put("x").await.unwrap();
        let one = claim(&queue).await;
        operator.delete(one.held().node()).await.unwrap();
        let lost = tokio::time::timeout(SOON, one.lost()).await.unwrap();
        assert!(lost.to_string().contains("the claim of"), "{lost}");
        let two = claim(&queue).await;
        settle().await;
        let error = one.complete().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LockLost, "{error}");
        settle().await;
        assert!(two.held().is_held(), "the other one is unaffected");
        two.complete().await.unwrap();
    }
}

/// A7: a lock that is deleted after the loss of a session must not be the next owner's.
#[tokio::test(start_paused = true)]
async fn a7_the_successors_lock_survives_whatever_its_predecessor_does_after_its_session() {
    for how in ["drop", "release", "complete"] {
        let world = World::new();
        let (first, second) = (world.client().await, world.client().await);
        let first_queue = queue(&first);
        first_queue.put("x").await.unwrap();
        let one = claim(&first_queue).await;
        world.hooks.expire(first.session_id().unwrap());
        let two = claim(&queue(&second)).await;
        match how {
            "drop" => drop(one),
            "release" => one.release().await.unwrap(),
            _ => assert!(one.complete().await.is_err()),
        }
        settle().await;
        assert!(two.held().is_held(), "{how}");
        assert!(world.hooks.node(two.held().node()).is_some(), "{how}");
        two.complete().await.unwrap();
    }
}

/// One process, one session: a lock that is being deleted is not mistaken for the next one of the same name.
#[tokio::test(start_paused = true)]
async fn many_workers_of_one_session_hand_an_item_around_and_leave_no_lock() {
    let world = World::new();
    let zk = world.client().await;
    let producer = queue(&zk);
    producer.put("x").await.unwrap();
    let mut workers = Vec::new();
    for worker in 0..6 {
        let queue = if worker % 2 == 0 {
            producer.clone()
        } else {
            queue(&zk)
        };
        workers.push(spawned(async move {
            for _ in 0..8 {
                let claimed = claim(&queue).await;
                tokio::time::sleep(Duration::from_millis(3)).await;
                drop(claimed);
            }
        }));
    }
    for worker in workers {
        worker.await.unwrap();
    }
    settle().await;
    assert_eq!(world.left("/queues/_locks_jobs"), [""; 0]);
    assert_eq!(
        (zk.stats().duties, zk.stats().watches),
        (1, 0),
        "the mark's"
    );
    assert_eq!(claim(&producer).await.attempt(), 49);
}

#[tokio::test(start_paused = true)]
async fn what_the_work_comes_to_is_written_if_and_only_if_the_item_is_completed() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let queue = queue(&zk);
    zk.create("/done", "0").await.unwrap();
    queue.put("x").await.unwrap();
    let one = claim(&queue).await;
    let wrong = zk.multi().set("/done", "1", 7);
    assert_eq!(
        one.complete_with(wrong).await.unwrap_err().kind(),
        ErrorKind::BadVersion
    );
    settle().await;
    let two = claim(&queue).await;
    world.hooks.expire(zk.session_id().unwrap());
    let three = claim(&super::queue(&other)).await;
    let late = zk.multi().set("/done", "2", None);
    assert_eq!(
        two.complete_with(late).await.unwrap_err().kind(),
        ErrorKind::LockLost
    );
    assert_eq!(other.get("/done").await.unwrap().data, "0");
    let writes = other.multi().set("/done", "3", 0);
    three.complete_with(writes).await.unwrap();
    assert_eq!(other.get("/done").await.unwrap().data, "3");
    assert_eq!(items(&world), [""; 0]);
}

async fn consume(queue: &Queue, fails: bool) -> Result<u32, Error> {
    let work = async |item: zk_recipes::Item| {
        assert_eq!(item.data(), b"x");
        match fails {
            true => Err(Error::new(ErrorKind::Misuse, "the work failed")),
            false => Ok(item.attempts()),
        }
    };
    queue.consume(|item, _| work(item)).await
}

#[tokio::test(start_paused = true)]
async fn work_that_fails_gives_its_item_back_and_work_that_does_not_completes_it() {
    let world = World::new();
    let queue = queue_of(&world).await;
    queue.put("x").await.unwrap();
    for _ in 0..2 {
        assert_eq!(
            consume(&queue, true).await.unwrap_err().kind(),
            ErrorKind::Misuse
        );
        settle().await;
        assert_eq!(items(&world).len(), 1);
    }
    assert_eq!(consume(&queue, false).await.unwrap(), 3);
    assert_eq!(items(&world), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn work_is_dropped_when_its_claim_is_lost() {
    let world = World::new();
    let zk = world.client().await;
    let queue = queue(&zk);
    queue.put("x").await.unwrap();
    let work = spawned(async move {
        queue
            .consume(|_, held| async move {
                std::future::pending::<()>().await;
                drop(held);
                Ok::<(), Error>(())
            })
            .await
    });
    settle().await;
    settle().await;
    world.hooks.expire(zk.session_id().unwrap());
    let error = tokio::time::timeout(SOON, work)
        .await
        .unwrap()
        .unwrap()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LockLost);
    assert!(error.to_string().contains("work"), "{error}");
    assert_eq!(items(&world).len(), 1);
}

/// Curator's lock safety: consumers of both heed the locks, and Curator's do not count claims.
#[tokio::test(start_paused = true)]
async fn with_a_lock_path_an_item_that_curator_works_on_is_neither_taken_nor_claimed() {
    let world = World::new();
    let (zk, curator) = (world.client().await, world.client().await);
    let queue = queue(&zk).lock_path("/queues/locks").unwrap();
    let placed = queue.put("x").await.unwrap().node.unwrap();
    let name = placed.rsplit('/').next().unwrap().to_owned();
    let lock = format!("/queues/locks/{name}");
    curator.create("/queues/locks", "").await.unwrap();
    let session = zk.session_id().unwrap();
    let before = world.asked(session);
    let taking = spawned(queue.take());
    // The item and the locks have been read, the transaction is about to leave: the lock comes between.
    tokio::time::sleep(ROUND_TRIP * 17 / 10).await;
    let ephemeral = zk_recipes::CreateMode::Ephemeral;
    curator.create(&lock, "").mode(ephemeral).await.unwrap();
    settle().await;
    let tried = world.asked(session).since(&before, zk_wire::OpCode::Multi);
    assert_eq!(tried, 1, "it was refused");
    assert!(!taking.is_finished());
    assert_eq!(items(&world), [&*placed], "it is Curator's");
    assert!(queue.try_claim().await.unwrap().is_none());
    curator.delete(&lock).await.unwrap();
    let taken = tokio::time::timeout(SOON, taking).await.unwrap();
    assert_eq!(text(&taken.unwrap().unwrap()), "x");
    assert_eq!(world.left("/queues/locks"), [""; 0]);
}
