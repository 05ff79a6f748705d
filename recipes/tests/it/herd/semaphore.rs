//! Those who wait for a permit: one at the entrance, the others in the queue before it.

use zk_recipes::{Client, Semaphore, SemaphoreMutex};

use super::{Queue, Turn, WAITERS, cost};
use crate::kit::{World, settle, spawned};

const PATH: &str = "/limits/a";

#[tokio::test(start_paused = true)]
async fn of_a_thousand_who_wait_one_release_lets_in_one_and_brings_one_to_the_entrance() {
    let world = World::new();
    let zk = world.client().await;
    let semaphore = Semaphore::new(&zk, PATH, 2).unwrap();
    let one = semaphore.acquire().await.unwrap();
    let _two = semaphore.acquire().await.unwrap();
    settle().await;
    let acquire = |zk: &Client, _| {
        let semaphore = Semaphore::new(zk, PATH, 2).unwrap();
        async move { semaphore.acquire().await.unwrap() }
    };
    let queue = Queue::new(&world, WAITERS, acquire).await;
    let release = async { assert!(one.release().await.unwrap().was_held) };
    let wake = queue.after(&world, release).await;
    assert_eq!(wake.through, [0], "one comes in");
    assert_eq!(wake.woken, [0, 1], "and one to the entrance");
    // The lease that went; the own node at the entrance, and the one ahead of the next.
    assert_eq!(wake.events, 3);
    let comes_in = Turn {
        list: 1,
        read: 1,
        delete: 1,
        unwatch: 1,
        ..Turn::NONE
    };
    assert_eq!(wake.turns[0], comes_in);
    let is_at_the_entrance = Turn {
        create: 1,
        list: 2,
        ..Turn::NONE
    };
    assert_eq!(wake.turns[1], is_at_the_entrance);
    assert_eq!(wake.others(&[0, 1]), 0);
}

/// A semaphore of one: one has the entrance, and the others are in the queue before it.
#[tokio::test(start_paused = true)]
async fn of_a_thousand_who_wait_for_a_semaphore_mutex_one_release_lets_in_one_and_brings_one_to_the_entrance()
 {
    let world = World::new();
    let zk = world.client().await;
    let holder = SemaphoreMutex::new(&zk, PATH).unwrap();
    let holder = holder.acquire().await.unwrap();
    settle().await;
    let acquire = |zk: &Client, _| {
        let mutex = SemaphoreMutex::new(zk, PATH).unwrap();
        async move { mutex.acquire().await.unwrap() }
    };
    let queue = Queue::new(&world, WAITERS, acquire).await;
    let release = async { assert!(holder.release().await.unwrap().was_held) };
    let wake = queue.after(&world, release).await;
    assert_eq!(wake.through, [0], "one comes in");
    assert_eq!(wake.woken, [0, 1], "and one to the entrance");
    assert_eq!(wake.events, 3);
    assert_eq!(wake.others(&[0, 1]), 0);
}

/// At the entrance: create, list, watch of the own node and of the one ahead, delete. For the lease: create, list, list with
/// a watch, list when one went, whose watch is removed, watch of the own node, delete.
#[tokio::test(start_paused = true)]
async fn a_permit_that_is_waited_for_costs_a_known_number_of_requests() {
    let world = World::new();
    let (zk, other, fresh) = (
        world.client().await,
        world.client().await,
        world.client().await,
    );
    let semaphore = |zk| Semaphore::new(zk, PATH, 1).unwrap();
    let holder = semaphore(&zk).acquire().await.unwrap();
    settle().await;
    let ahead = spawned(semaphore(&other).acquire());
    settle().await;
    let spent = cost(&world, &fresh, async {
        let waiting = spawned(semaphore(&fresh).acquire());
        settle().await;
        holder.release().await.unwrap();
        let ahead = ahead.await.unwrap().unwrap();
        settle().await;
        ahead.release().await.unwrap();
        waiting.await.unwrap().unwrap().release().await.unwrap();
    });
    let expected = Turn {
        create: 2,
        list: 4,
        read: 3,
        delete: 2,
        unwatch: 1,
        ..Turn::NONE
    };
    assert_eq!(spent.await, expected);
}
