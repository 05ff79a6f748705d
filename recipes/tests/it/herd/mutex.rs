//! Waiters for a mutex.

use zk_recipes::{Client, LockGuard, MultiGuard, MultiLock, Mutex, ReentrantGuard, ReentrantMutex};

use super::{Queue, Turn, WAITERS, cost};
use crate::kit::{World, settle, spawned, warm_lock};

const LOCK: &str = "/locks/a";

async fn queue(world: &World, count: usize) -> Queue<LockGuard> {
    let acquire = |zk: &Client, _| {
        let mutex = Mutex::new(zk, LOCK).unwrap();
        async move { mutex.acquire().await.unwrap() }
    };
    Queue::new(world, count, acquire).await
}

#[tokio::test(start_paused = true)]
async fn t16_of_a_thousand_waiters_one_release_wakes_one_and_asks_no_list() {
    let world = World::new();
    let zk = world.client().await;
    let holder = warm_lock(&zk, LOCK).await.acquire().await.unwrap();
    let queue = queue(&world, WAITERS).await;
    assert_eq!(world.left(LOCK).len(), WAITERS + 1);
    let release = async { assert!(holder.release().await.unwrap().was_held) };
    let wake = queue.after(&world, release).await;
    assert_eq!(wake.woken, [0], "the first in the queue, and nobody else");
    assert_eq!(wake.through, [0]);
    assert_eq!(wake.events, 1);
    assert_eq!(wake.others(&[]), 0, "the next holds without a question");
    // The next gives up: whoever is behind looks once, and nobody else.
    let give_up = async { queue.0[1].guard.abort() };
    let wake = queue.after(&world, give_up).await;
    let look = Turn {
        list: 1,
        read: 1,
        ..Turn::NONE
    };
    assert_eq!(wake.turns[2], look, "a list, and a watch of the one ahead");
    assert_eq!(wake.turns[1].delete, 1);
    assert_eq!(wake.others(&[1, 2]), 0);
    assert!(wake.woken.iter().all(|place| [1, 2].contains(place)));
}

/// Create, list, watch of the own node, watch of the one ahead, delete: the whole turn of a contender that was next. One
/// more list and watch if somebody ahead of it went before it was next.
#[tokio::test(start_paused = true)]
async fn a_turn_among_others_costs_a_known_number_of_requests() {
    let world = World::new();
    let zk = world.client().await;
    let mutex = warm_lock(&zk, LOCK).await;
    let fresh = world.client().await;
    let theirs = Mutex::new(&fresh, LOCK).unwrap();
    let next = Turn {
        create: 1,
        list: 1,
        read: 2,
        delete: 1,
        ..Turn::NONE
    };
    for gone_ahead in [false, true] {
        let holder = mutex.acquire().await.unwrap();
        let first = queue(&world, usize::from(gone_ahead)).await;
        let spent = cost(&world, &fresh, async {
            let waiting = spawned(theirs.acquire());
            settle().await;
            drop(first);
            settle().await;
            holder.release().await.unwrap();
            waiting.await.unwrap().unwrap().release().await.unwrap();
        });
        let more = u64::from(gone_ahead);
        let expected = Turn {
            list: next.list + more,
            read: next.read + more,
            ..next
        };
        assert_eq!(
            spent.await,
            expected,
            "somebody ahead gave up: {gone_ahead}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_thousand_owners_one_release_wakes_one_and_asks_no_list() {
    let world = World::new();
    let zk = world.client().await;
    let holder = ReentrantMutex::new(warm_lock(&zk, LOCK).await);
    let outer = holder.acquire("a").await.unwrap();
    let inner = holder.acquire("a").await.unwrap();
    let acquire = |zk: &Client, place| {
        let mutex = ReentrantMutex::new(Mutex::new(zk, LOCK).unwrap());
        async move { mutex.acquire(&format!("owner-{place}")).await.unwrap() }
    };
    let queue: Queue<ReentrantGuard> = Queue::new(&world, WAITERS, acquire).await;
    assert_eq!(world.left(LOCK).len(), WAITERS + 1);
    let leave = async { assert!(inner.release().await.unwrap().was_held) };
    let wake = queue.after(&world, leave).await;
    assert!(wake.woken.is_empty(), "the owner is still inside");
    let release = async { assert!(outer.release().await.unwrap().was_held) };
    let wake = queue.after(&world, release).await;
    assert_eq!(wake.woken, [0]);
    assert_eq!(wake.through, [0]);
    assert_eq!(wake.events, 1);
    assert_eq!(wake.others(&[]), 0, "the next holds without a question");
}

/// They wait for the first of the paths that they have no hold of; the last two are free for whoever has that.
#[tokio::test(start_paused = true)]
async fn of_a_thousand_who_want_several_locks_one_release_wakes_one() {
    const PATHS: [&str; 3] = ["/locks/a", "/locks/b", "/locks/c"];
    let world = World::new();
    let zk = world.client().await;
    let all = MultiLock::new(&zk, PATHS).unwrap();
    all.acquire().await.unwrap().release().await.unwrap();
    let holder = all.acquire().await.unwrap();
    let acquire = |zk: &Client, _| {
        let all = MultiLock::new(zk, PATHS).unwrap();
        async move { all.acquire().await.unwrap() }
    };
    let queue: Queue<MultiGuard> = Queue::new(&world, WAITERS, acquire).await;
    assert_eq!(world.left(PATHS[0]).len(), WAITERS + 1);
    let release = async { assert!(holder.release().await.unwrap().was_held) };
    let wake = queue.after(&world, release).await;
    assert_eq!(wake.woken, [0]);
    assert_eq!(wake.through, [0]);
    assert_eq!(wake.events, 1);
    let goes_on = Turn {
        create: 2,
        list: 2,
        read: 2,
        ..Turn::NONE
    };
    assert_eq!(
        wake.turns[0], goes_on,
        "the other two, each with a list and a watch of its own node"
    );
    assert_eq!(wake.others(&[0]), 0);
}
