//! Nothing is lost and nothing is consumed twice, whatever connections and sessions do meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::sleep;
use zk_recipes::{Error, ErrorKind, Fate, Queue, QueueLayout};

use super::{items, queue, text};
use crate::kit::{World, settle, spawned};

/// What everybody knows of what they did.
#[derive(Default)]
struct Ledger {
    /// The nodes of what was put, by data.
    put: BTreeMap<String, Option<String>>,
    maybe_put: BTreeSet<String>,
    consumed: Vec<String>,
    /// Data whose completion, and nodes whose taking is not known.
    maybe_completed: BTreeSet<String>,
    maybe_taken: BTreeSet<String>,
}

/// Chance from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % end
    }
}

type Shared = Arc<(Mutex<Ledger>, AtomicBool)>;

async fn produce(queue: Queue, name: usize, shared: Shared) {
    for n in 0..12 {
        let data = format!("{name}-{n}");
        let put = queue.put(data.clone()).await;
        let mut ledger = shared.0.lock().unwrap();
        match put {
            Ok(placed) => drop(ledger.put.insert(data, placed.node)),
            Err(error) if error.fate() == Fate::Unknown => drop(ledger.maybe_put.insert(data)),
            Err(error) => panic!("{error}"),
        }
    }
}

/// The path of an item that was taken or not.
fn unknown(error: &Error) -> Option<String> {
    match (error.kind(), error.fate()) {
        (ErrorKind::WaitTimedOut, _) => None,
        // After an expiry, or where marks of others went while the first of a handle was not settled.
        (_, Fate::Unknown) => error.path().map(str::to_owned),
        other => panic!("{other:?}: {error}"),
    }
}

async fn take(queue: Queue, shared: Shared) {
    loop {
        let ends = shared.1.load(Ordering::Relaxed);
        // The short ones are dropped at any point.
        let limit = Duration::from_millis(if ends { 5_000 } else { 37 });
        let taken = queue.take_many(2).timeout(limit).await;
        let mut ledger = shared.0.lock().unwrap();
        match taken {
            Ok(taken) => ledger.consumed.extend(taken.iter().map(text)),
            Err(error) => match unknown(&error) {
                Some(path) => drop(ledger.maybe_taken.insert(path)),
                None if ends => return,
                None => {}
            },
        }
    }
}

async fn work(queue: Queue, shared: Shared, mut dice: Dice) {
    loop {
        let ends = shared.1.load(Ordering::Relaxed);
        let limit = Duration::from_millis(if ends { 5_000 } else { 53 });
        let claimed = match queue.claim().timeout(limit).await {
            Ok(claimed) => claimed,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WaitTimedOut, "{error}");
                if ends {
                    return;
                }
                continue;
            }
        };
        sleep(Duration::from_millis(dice.below(40))).await;
        if dice.below(4) == 0 {
            continue;
        }
        let data = text(claimed.item());
        let completed = claimed.complete().await;
        let mut ledger = shared.0.lock().unwrap();
        match completed {
            Ok(()) => ledger.consumed.push(data),
            Err(error) if error.kind() == ErrorKind::LockLost => {}
            Err(error) => {
                assert_eq!(error.fate(), Fate::Unknown, "{error}");
                ledger.maybe_completed.insert(data);
            }
        }
    }
}

async fn run(seed: u64, layout: QueueLayout) {
    let world = World::new();
    let shared = Shared::default();
    let mut tasks = Vec::new();
    let mut producers = Vec::new();
    for name in 0..6 {
        let zk = world.builder().seed(seed * 100 + name as u64).connect();
        let queue = queue(&zk.await.unwrap()).layout(layout);
        let shared = Arc::clone(&shared);
        match name % 3 {
            0 => producers.push(spawned(produce(queue, name, shared))),
            1 => tasks.push(spawned(take(queue, shared))),
            _ => tasks.push(spawned(work(queue, shared, Dice(seed + name as u64)))),
        }
    }
    let mut dice = Dice(seed);
    let (mut faults, mut rounds) = (0, 0);
    while producers.iter().any(|producer| !producer.is_finished()) || faults < 20 {
        sleep(Duration::from_millis(dice.below(45))).await;
        rounds += 1;
        assert!(rounds < 2_000, "seed {seed}: it never ends");
        let sessions = world.hooks.sessions();
        let Some(session) = sessions.get(usize::try_from(dice.below(6)).unwrap()) else {
            continue;
        };
        match dice.below(5) {
            0 => drop(world.hooks.expire(session.id)),
            _ => drop(world.hooks.cut_session(session.id)),
        }
        faults += 1;
    }
    shared.1.store(true, Ordering::Relaxed);
    for task in tasks.into_iter().chain(producers) {
        task.await.unwrap();
    }
    settle().await;
    let ledger = shared.0.lock().unwrap();
    assert_eq!(items(&world), [""; 0], "seed {seed}");
    let mut consumed = ledger.consumed.clone();
    consumed.sort();
    let all = consumed.len();
    consumed.dedup();
    assert_eq!(
        consumed.len(),
        all,
        "seed {seed}: something was consumed twice"
    );
    for data in &consumed {
        let is_known = ledger.put.contains_key(data) || ledger.maybe_put.contains(data);
        assert!(is_known, "seed {seed}: nobody put {data}");
    }
    // Of a batch only the first item is named.
    let mut excused = ledger.maybe_taken.len() * 2;
    for data in ledger.put.keys() {
        if consumed.binary_search(data).is_ok() || ledger.maybe_completed.contains(data) {
            continue;
        }
        assert!(excused > 0, "seed {seed}: {data} is lost");
        excused -= 1;
    }
    let ephemerals: usize = world
        .hooks
        .sessions()
        .iter()
        .map(|one| one.ephemerals)
        .sum();
    assert_eq!(ephemerals, 0, "seed {seed}: {:?}", world.hooks.paths());
    assert_eq!(world.hooks.watch_count(), 0, "seed {seed}");
    assert!(all > 10, "seed {seed}: {all} were consumed");
}

#[tokio::test(start_paused = true)]
async fn q1_q6_every_item_is_consumed_once_through_cuts_and_expiries() {
    for seed in 1..7 {
        run(seed, QueueLayout::Fifo).await;
    }
}

#[tokio::test(start_paused = true)]
async fn q1_q6_every_entry_of_a_locking_queue_is_consumed_once_through_cuts_and_expiries() {
    for seed in 1..7 {
        run(seed, QueueLayout::KazooLocking).await;
    }
}
