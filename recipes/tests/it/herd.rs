//! A thousand waiters: what one release wakes, and what one turn costs.

use zk_recipes::{Client, LockGuard, Mutex};
use zk_wire::OpCode;

use crate::kit::{Asked, World, settle};

const LOCK: &str = "/locks/a";
const WAITERS: usize = 1000;

/// Neighbours in the queue have sessions of their own; a thousand connections would make the server slow, not the lock.
const SESSIONS: usize = 50;

struct Waiter {
    zk: Client,
    guard: tokio::task::JoinHandle<LockGuard>,
}

impl Waiter {
    fn asked(&self, world: &World) -> Asked {
        world.asked(self.zk.session_id().unwrap())
    }
}

/// Waiters in a queue behind whoever holds.
async fn queue(world: &World, count: usize) -> Vec<Waiter> {
    let mut sessions = Vec::new();
    for _ in 0..count.min(SESSIONS) {
        sessions.push(world.client().await);
    }
    let mut queue = Vec::with_capacity(count);
    for zk in sessions.iter().cycle().take(count) {
        let mutex = Mutex::new(zk, LOCK).unwrap();
        let guard = tokio::spawn(async move { mutex.acquire().await.unwrap() });
        // One after the other, not one upon the other: the link keeps the order.
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        let zk = zk.clone();
        queue.push(Waiter { zk, guard });
    }
    settle().await;
    queue
}

/// The kinds of requests that a session has made in all, but for those of connecting.
fn cycle(asked: &Asked, before: &Asked) -> [u64; 6] {
    let kinds = [
        OpCode::Create2,
        OpCode::GetChildren,
        OpCode::GetData,
        OpCode::Exists,
        OpCode::Delete,
    ];
    let counts = kinds.map(|op| asked.since(before, op));
    let [create, list, get, exists, delete] = counts;
    let confirms = asked.since(before, OpCode::Multi);
    let others = asked.all_since(before) - counts.iter().sum::<u64>() - confirms;
    [create, list, get, exists, delete, others]
}

#[tokio::test(start_paused = true)]
async fn of_a_thousand_waiters_one_release_wakes_one_and_asks_no_list() {
    let world = World::new();
    let zk = world.client().await;
    let mutex = Mutex::new(&zk, LOCK).unwrap();
    let holder = mutex.acquire().await.unwrap();
    let mut waiters = queue(&world, WAITERS).await;
    assert_eq!(world.left(LOCK).len(), WAITERS + 1);
    let sessions = |waiters: &[Waiter]| -> Vec<Asked> {
        let sessions = waiters.iter().take(SESSIONS);
        sessions.map(|waiter| waiter.asked(&world)).collect()
    };
    let before = sessions(&waiters);
    holder.release().await.unwrap();
    settle().await;
    // But for what proves to the holder that it holds.
    let requests: u64 = sessions(&waiters)
        .iter()
        .zip(&before)
        .map(|(asked, before)| asked.all_since(before) - asked.since(before, OpCode::Multi))
        .sum();
    assert_eq!(
        requests, 0,
        "the next holds without a question, and nobody else is told"
    );
    let woken = waiters.iter().filter(|waiter| waiter.guard.is_finished());
    assert_eq!(woken.count(), 1);
    assert!(waiters[0].guard.is_finished(), "the first in the queue");
    // The next gives up: whoever is behind looks once, and nobody else.
    let before = sessions(&waiters);
    waiters[1].guard.abort();
    settle().await;
    let lists: Vec<u64> = sessions(&waiters)
        .iter()
        .zip(&before)
        .map(|(asked, before)| asked.since(before, OpCode::GetChildren))
        .collect();
    assert_eq!(lists[2], 1);
    assert_eq!(lists.iter().sum::<u64>(), 1);
    for waiter in waiters.drain(..) {
        waiter.guard.abort();
    }
}

/// Create, list, one read with a watch, one list when the predecessor went before its turn, one watch of the own node,
/// delete: a whole turn of a contender that had others ahead.
#[tokio::test(start_paused = true)]
async fn a_turn_among_others_costs_a_known_number_of_requests() {
    let world = World::new();
    let zk = world.client().await;
    let mutex = Mutex::new(&zk, LOCK).unwrap();
    let holder = mutex.acquire().await.unwrap();
    let first = queue(&world, 1).await.pop().unwrap();
    let fresh = world.client().await;
    let before = world.asked(fresh.session_id().unwrap());
    let next = Mutex::new(&fresh, LOCK).unwrap();
    let next = tokio::spawn(async move { next.acquire().await.unwrap() });
    settle().await;
    // The one ahead gives up before it held, and then the holder lets go.
    first.guard.abort();
    settle().await;
    holder.release().await.unwrap();
    next.await.unwrap().release().await.unwrap();
    let asked = world.asked(fresh.session_id().unwrap());
    // Own node and predecessor are watched in one write each, the new predecessor after one list.
    assert_eq!(cycle(&asked, &before), [1, 2, 3, 0, 1, 0]);

    let before = world.asked(fresh.session_id().unwrap());
    let holder = mutex.acquire().await.unwrap();
    let next = Mutex::new(&fresh, LOCK).unwrap();
    let next = tokio::spawn(async move { next.acquire().await.unwrap() });
    settle().await;
    holder.release().await.unwrap();
    next.await.unwrap().release().await.unwrap();
    let asked = world.asked(fresh.session_id().unwrap());
    // Who was next asks for no second list.
    assert_eq!(cycle(&asked, &before), [1, 1, 2, 0, 1, 0]);
}
