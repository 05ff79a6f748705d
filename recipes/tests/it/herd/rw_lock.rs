//! Readers and writers who wait. Each of them lists once more before it holds: one that becomes a reader may stand in an
//! old place.

use std::future::IntoFuture;

use zk_recipes::{Client, RwLock};

use super::{Queue, Turn, WAITERS, cost};
use crate::kit::{World, settle, spawned};

const LOCK: &str = "/locks/rw";

/// One list, and nothing else.
const LIST: Turn = Turn {
    list: 1,
    ..Turn::NONE
};

#[tokio::test(start_paused = true)]
async fn of_a_thousand_writers_and_readers_one_release_wakes_one_writer() {
    let world = World::new();
    let zk = world.client().await;
    let holder = RwLock::new(&zk, LOCK).unwrap().write().await.unwrap();
    // Writers at even places, readers at odd ones.
    let acquire = |zk: &Client, place: usize| {
        let lock = RwLock::new(zk, LOCK).unwrap();
        async move {
            if place % 2 == 0 {
                let guard = lock.write().into_future().await.unwrap();
                std::future::pending::<()>().await;
                drop(guard);
            } else {
                let guard = lock.read().into_future().await.unwrap();
                std::future::pending::<()>().await;
                drop(guard);
            }
        }
    };
    let queue = Queue::new(&world, WAITERS, acquire).await;
    assert_eq!(world.left(LOCK).len(), WAITERS + 1);
    let release = async { assert!(holder.release().await.unwrap().was_held) };
    let wake = queue.after(&world, release).await;
    assert_eq!(wake.woken, [0], "the writer at the head, and nobody else");
    assert_eq!(wake.events, 1);
    assert_eq!(wake.turns[0], LIST);
    assert_eq!(wake.others(&[0]), 0);
    // It goes: the one reader behind it comes in, and the writer behind that is left alone.
    let release = async { queue.0[0].guard.abort() };
    let wake = queue.after(&world, release).await;
    assert_eq!(wake.woken.iter().find(|place| **place > 1), None);
    assert_eq!(wake.turns[1], LIST);
    assert_eq!(wake.others(&[0, 1]), 0);
}

#[tokio::test(start_paused = true)]
async fn readers_behind_one_writer_come_in_together_with_one_list_each() {
    const READERS: usize = 200;
    let world = World::new();
    let zk = world.client().await;
    let holder = RwLock::new(&zk, LOCK).unwrap().write().await.unwrap();
    let acquire = |zk: &Client, _| {
        let lock = RwLock::new(zk, LOCK).unwrap();
        async move { lock.read().await.unwrap() }
    };
    let queue = Queue::new(&world, READERS, acquire).await;
    let release = async { assert!(holder.release().await.unwrap().was_held) };
    let wake = queue.after(&world, release).await;
    assert_eq!(wake.through.len(), READERS);
    let lists: u64 = wake.turns.iter().map(|turn| turn.list).sum();
    assert_eq!(lists, READERS as u64);
    assert_eq!(wake.turns.iter().map(|turn| turn.all()).sum::<u64>(), lists);
}

/// Create, list, watch of the own node, watch of the one ahead, one list when that goes, delete.
#[tokio::test(start_paused = true)]
async fn a_turn_of_a_reader_or_writer_costs_a_known_number_of_requests() {
    let world = World::new();
    let (zk, fresh) = (world.client().await, world.client().await);
    let (ours, theirs) = (
        RwLock::new(&zk, LOCK).unwrap(),
        RwLock::new(&fresh, LOCK).unwrap(),
    );
    let expected = Turn {
        create: 1,
        list: 2,
        read: 2,
        delete: 1,
        ..Turn::NONE
    };
    let holder = ours.write().await.unwrap();
    let spent = cost(&world, &fresh, async {
        let waiting = spawned(theirs.write());
        settle().await;
        holder.release().await.unwrap();
        waiting.await.unwrap().unwrap().release().await.unwrap();
    });
    assert_eq!(spent.await, expected, "a writer");
    let holder = ours.write().await.unwrap();
    let spent = cost(&world, &fresh, async {
        let waiting = spawned(theirs.read());
        settle().await;
        holder.release().await.unwrap();
        waiting.await.unwrap().unwrap().release().await.unwrap();
    });
    assert_eq!(spent.await, expected, "a reader");
}
