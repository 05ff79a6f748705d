//! Puts that are under way at once, each a future of its own: what others call background puts, their listeners and a flush.

use std::collections::BTreeSet;

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use zk_embedded::Match;
use zk_recipes::{Entry, Error, ErrorKind, Fate, Placed, Queue, QueueLayout};
use zk_wire::{ErrorCode, OpCode};

use super::{LAYOUTS, PATH, SOON, entry, items, queue};
use crate::kit::{ROUND_TRIP, World, spawned};

const COUNT: usize = 50;
/// The one that is too large for any server.
const LARGE: usize = 17;

type Putting = JoinHandle<Result<Placed, Error>>;

fn payload(n: usize) -> String {
    format!("payload {n:02}")
}

fn some(layout: QueueLayout, n: usize) -> Entry {
    match n {
        LARGE => entry(layout, &"x".repeat(2 << 20)),
        n => entry(layout, &payload(n)),
    }
}

/// All of them on one handle, none of them awaited.
fn start(queue: &Queue, layout: QueueLayout) -> Vec<Putting> {
    let all = 0..COUNT;
    all.map(|n| spawned(queue.put(some(layout, n)))).collect()
}

/// How each of them ended, in the order in which they were started; the last is awaited first.
async fn ended(puts: Vec<Putting>) -> Vec<Result<Placed, Error>> {
    let mut results = Vec::new();
    for put in puts.into_iter().rev() {
        results.push(timeout(SOON, put).await.unwrap().unwrap());
    }
    results.reverse();
    results
}

/// The items that have this payload.
fn with(world: &World, n: usize) -> Vec<String> {
    let mut paths = items(world);
    paths.retain(|path| {
        let data = world.hooks.node(path).unwrap().data.unwrap_or_default();
        String::from_utf8_lossy(&data).contains(&payload(n))
    });
    paths
}

/// Each was told the truth, about its own item.
fn judge(world: &World, results: &[Result<Placed, Error>]) {
    let mut nodes = BTreeSet::new();
    for (n, result) in results.iter().enumerate() {
        let there = with(world, n);
        match result {
            Ok(placed) => {
                let node = placed.node.clone().unwrap();
                assert_eq!(there, [&*node], "put {n}");
                let stat = world.hooks.node(&node).unwrap().stat;
                assert_eq!(stat.czxid, placed.zxid);
                assert!(nodes.insert(node), "two were told one node");
            }
            Err(error) if error.fate() == Fate::NotApplied => {
                assert_eq!(there, [""; 0], "put {n}: {error}");
            }
            Err(_) => assert!(there.len() < 2, "put {n}: {there:?}"),
        }
    }
}

fn failed(results: &[Result<Placed, Error>]) -> Vec<(usize, ErrorKind)> {
    let failed = results.iter().enumerate();
    let failed = failed.filter_map(|(n, result)| Some((n, result.as_ref().err()?.kind())));
    failed.collect()
}

#[tokio::test(start_paused = true)]
async fn fifty_puts_that_are_under_way_at_once_each_tell_their_own_node_or_their_own_error() {
    for layout in LAYOUTS {
        let world = World::new();
        let zk = world.client().await;
        let queue = queue(&zk).layout(layout);
        queue.put(entry(layout, "warm")).await.unwrap();
        // One of the others is refused by the server.
        let refused = Match::op(OpCode::Multi).path(PATH).nth(30);
        let refused = world.hooks.on(refused).error(ErrorCode::NoAuth);
        let begun = Instant::now();
        let results = ended(start(&queue, layout)).await;
        assert_eq!(world.hooks.fired(refused), 1);
        assert!(
            begun.elapsed() < ROUND_TRIP * 10,
            "they wait for each other"
        );
        let failed = failed(&results);
        assert_eq!(failed.len(), 2, "{layout}: {failed:?}");
        assert!(failed.contains(&(LARGE, ErrorKind::FrameTooLarge)));
        assert!(failed.iter().any(|(_, kind)| *kind == ErrorKind::NoAuth));
        let fates = results.iter().filter_map(|result| result.as_ref().err());
        assert!(fates.map(Error::fate).all(|fate| fate == Fate::NotApplied));
        judge(&world, &results);
        assert_eq!(items(&world).len(), COUNT - 2 + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn fifty_puts_whose_answers_are_lost_together_are_each_put_once_and_told_their_own_node() {
    for applied in [true, false] {
        for cut in [1, 20, 49] {
            let world = World::new();
            let zk = world.client().await;
            let queue = queue(&zk);
            queue.put("warm").await.unwrap();
            let rule = world.hooks.on(Match::op(OpCode::Multi).path(PATH).nth(cut));
            let rule = match applied {
                true => rule.cut_after_apply(),
                false => rule.cut_before_apply(),
            };
            let results = ended(start(&queue, QueueLayout::Fifo)).await;
            assert_eq!(world.hooks.fired(rule), 1, "{cut}");
            assert_eq!(failed(&results), [(LARGE, ErrorKind::FrameTooLarge)]);
            judge(&world, &results);
            assert_eq!(items(&world).len(), COUNT - 1 + 1);
        }
    }
}

/// To close the client is the flush: it ends when whatever was sent is decided, and nothing is put afterwards.
#[tokio::test(start_paused = true)]
async fn a_close_leaves_every_put_that_was_started_decided_and_told_as_it_is() {
    let (mut none, mut all) = (0, 0);
    for half in 0..8 {
        let world = World::new();
        let zk = world.client().await;
        let queue = queue(&zk);
        queue.put("warm").await.unwrap();
        let puts = start(&queue, QueueLayout::Fifo);
        sleep(ROUND_TRIP / 2 * half + ROUND_TRIP / 20).await;
        timeout(SOON, zk.close()).await.unwrap().unwrap();
        let there = items(&world);
        let results = ended(puts).await;
        judge(&world, &results);
        for (n, result) in results.iter().enumerate().filter(|(n, _)| *n != LARGE) {
            if let Err(error) = result {
                let told = (error.kind(), error.fate());
                assert_eq!(told, (ErrorKind::Closed, Fate::NotApplied), "{n}: {error}");
            }
        }
        let placed = results.iter().filter(|result| result.is_ok()).count();
        assert_eq!(there.len(), placed + 1, "at the end of the close");
        sleep(SOON).await;
        assert_eq!(items(&world), there, "nothing comes later");
        none += usize::from(placed <= 1);
        all += usize::from(placed == COUNT - 1);
    }
    assert!(none > 0 && all > 0, "{none} {all}");
}
