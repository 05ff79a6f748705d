//! A thousand waiters: whom one release wakes, and what one turn costs.

mod election;
mod mutex;
mod rw_lock;
mod semaphore;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;
use zk_recipes::Client;
use zk_wire::OpCode;

use crate::kit::{Asked, Counted, World, settle};

const WAITERS: usize = 1000;

/// Neighbours in the queue have sessions of their own; a thousand connections would make the server slow, not the lock.
const SESSIONS: usize = 50;

struct Waiter<G> {
    zk: Client,
    polls: Arc<AtomicUsize>,
    guard: JoinHandle<G>,
}

/// Those who wait behind whoever holds, in the order of their arrival.
struct Queue<G>(Vec<Waiter<G>>);

impl<G: Send + 'static> Queue<G> {
    async fn new<F>(world: &World, count: usize, acquire: impl Fn(&Client, usize) -> F) -> Self
    where
        F: Future<Output = G> + Send + 'static,
    {
        let mut sessions = Vec::new();
        for _ in 0..count.min(SESSIONS) {
            sessions.push(world.client().await);
        }
        let mut queue = Vec::with_capacity(count);
        for (place, zk) in sessions.iter().cycle().take(count).enumerate() {
            let (polls, future) = Counted::new(acquire(zk, place));
            let guard = tokio::spawn(future);
            // One after the other, not one upon the other: the link keeps the order.
            tokio::time::sleep(Duration::from_millis(1)).await;
            let zk = zk.clone();
            queue.push(Waiter { zk, polls, guard });
        }
        settle().await;
        Self(queue)
    }

    fn seen(&self, world: &World) -> Seen {
        let polls = |waiter: &Waiter<G>| waiter.polls.load(Ordering::Relaxed);
        let asked = |waiter: &Waiter<G>| world.asked(waiter.zk.session_id().unwrap());
        Seen {
            polls: self.0.iter().map(polls).collect(),
            asked: self.0.iter().take(SESSIONS).map(asked).collect(),
        }
    }

    /// What is done to the queue, and what its waiters saw and asked when everything has arrived.
    async fn after(&self, world: &World, act: impl Future<Output = ()>) -> Wake {
        let before = self.seen(world);
        act.await;
        settle().await;
        let after = self.seen(world);
        let pairs = || after.asked.iter().zip(&before.asked);
        Wake {
            woken: (0..self.0.len())
                .filter(|at| after.polls[*at] > before.polls[*at])
                .collect(),
            events: pairs()
                .map(|(after, before)| after.since(before, OpCode::Notification))
                .sum(),
            turns: pairs().map(|(after, before)| turn(after, before)).collect(),
            through: self
                .0
                .iter()
                .enumerate()
                .filter(|(_, waiter)| waiter.guard.is_finished())
                .map(|(at, _)| at)
                .collect(),
        }
    }
}

impl<G> Drop for Queue<G> {
    fn drop(&mut self) {
        for waiter in &self.0 {
            waiter.guard.abort();
        }
    }
}

/// What there was to see at some moment.
struct Seen {
    polls: Vec<usize>,
    asked: Vec<Asked>,
}

/// Whom something woke.
struct Wake {
    /// The places of those whose futures were polled.
    woken: Vec<usize>,
    /// How many events the servers sent to all.
    events: u64,
    /// What each session asked.
    turns: Vec<Turn>,
    /// The places of those who hold, or held.
    through: Vec<usize>,
}

impl Wake {
    /// What all but these sessions asked.
    fn others(&self, but: &[usize]) -> u64 {
        let others = self.turns.iter().enumerate();
        others
            .filter(|(at, _)| !but.contains(at))
            .map(|(_, turn)| turn.all())
            .sum()
    }
}

/// The kinds of requests that a session made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Turn {
    create: u64,
    list: u64,
    /// Reads that set a watch: of the own node, and of the one ahead.
    read: u64,
    delete: u64,
    /// Transactions.
    write: u64,
    /// Watches that are no longer wanted.
    unwatch: u64,
    other: u64,
}

impl Turn {
    /// Nothing asked.
    const NONE: Self = Self {
        create: 0,
        list: 0,
        read: 0,
        delete: 0,
        write: 0,
        unwatch: 0,
        other: 0,
    };

    fn all(self) -> u64 {
        self.create + self.list + self.read + self.delete + self.write + self.unwatch + self.other
    }
}

fn turn(after: &Asked, before: &Asked) -> Turn {
    let since = |op| after.since(before, op);
    let mut turn = Turn {
        create: since(OpCode::Create2),
        list: since(OpCode::GetChildren),
        read: since(OpCode::GetData),
        delete: since(OpCode::Delete),
        // Holding for longer than a sixth of the session timeout would cost checks besides; these tests do not.
        write: since(OpCode::Multi),
        unwatch: since(OpCode::RemoveWatches),
        other: 0,
    };
    turn.other = after.all_since(before) - turn.all();
    turn
}

/// What a session asks while `act` runs, and then until everything has arrived.
async fn cost(world: &World, zk: &Client, act: impl Future<Output = ()>) -> Turn {
    let session = zk.session_id().unwrap();
    let before = world.asked(session);
    act.await;
    settle().await;
    turn(&world.asked(session), &before)
}
