//! From one holder to the next: wake-ups, requests, order.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;
use zk_recipes::{Client, LockGuard, Mutex};
use zk_wire::OpCode;

use crate::kit::{Counted, ROUND_TRIP, World, settle, warm_lock};

struct Waiter {
    zk: Client,
    polls: Arc<AtomicUsize>,
    guard: tokio::task::JoinHandle<LockGuard>,
}

async fn waiter(world: &World) -> Waiter {
    let zk = world.client().await;
    let mutex = Mutex::new(&zk, "/locks/a").unwrap();
    let (polls, future) = Counted::new(async move { mutex.acquire().await.unwrap() });
    let guard = tokio::spawn(future);
    settle().await;
    Waiter { zk, polls, guard }
}

#[tokio::test(start_paused = true)]
async fn go1d7be4e_a_waiter_asks_nothing_while_it_waits() {
    let world = World::new();
    let zk = world.client().await;
    let holder = warm_lock(&zk, "/locks/a").await.acquire().await.unwrap();
    let next = waiter(&world).await;
    let session = next.zk.session_id().unwrap();
    let (before, polls) = (world.asked(session), next.polls.load(Ordering::Relaxed));
    tokio::time::sleep(Duration::from_secs(600)).await;
    let after = world.asked(session);
    assert_eq!(after.all_since(&before), 0, "but for pings");
    assert_eq!(next.polls.load(Ordering::Relaxed), polls);
    drop(holder);
    drop(next.guard.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn the_next_in_line_holds_after_one_wake_up_and_no_list() {
    let world = World::new();
    let zk = world.client().await;
    let holder = warm_lock(&zk, "/locks/a").await.acquire().await.unwrap();
    let next = waiter(&world).await;
    let session = next.zk.session_id().unwrap();
    let (before, polls) = (world.asked(session), next.polls.load(Ordering::Relaxed));
    let start = Instant::now();
    drop(holder);
    let guard = next.guard.await.unwrap();
    // Half a round trip for the delete, half for the event: nothing is asked.
    assert_eq!(start.elapsed(), ROUND_TRIP);
    assert_eq!(
        next.polls.load(Ordering::Relaxed) - polls,
        1,
        "wake-ups per hand-over"
    );
    let after = world.asked(session);
    assert_eq!(
        after.since(&before, OpCode::GetChildren),
        0,
        "no second list"
    );
    assert_eq!(after.all_since(&before), 0, "requests per hand-over");
    guard.release().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn k08_others_list_once_when_the_one_ahead_of_them_goes() {
    let world = World::new();
    let zk = world.client().await;
    let holder = warm_lock(&zk, "/locks/a").await.acquire().await.unwrap();
    let first = waiter(&world).await;
    let second = waiter(&world).await;
    let session = second.zk.session_id().unwrap();
    let before = world.asked(session);
    let lists = || world.asked(session).since(&before, OpCode::GetChildren);
    // The one ahead gives up, without ever having held.
    first.guard.abort();
    assert!(first.guard.await.unwrap_err().is_cancelled());
    settle().await;
    assert_eq!(lists(), 1);
    assert!(!second.guard.is_finished(), "the holder is still there");
    drop(holder);
    second.guard.await.unwrap().release().await.unwrap();
    assert_eq!(lists(), 1, "it was next, so it did not list again");
}

#[tokio::test(start_paused = true)]
async fn a_waiter_whose_watches_are_removed_goes_on_waiting_and_holds_next() {
    let world = World::new();
    let zk = world.client().await;
    let holder = warm_lock(&zk, "/locks/a").await.acquire().await.unwrap();
    let next = waiter(&world).await;
    let nodes: Vec<String> = next
        .zk
        .children("/locks/a")
        .await
        .unwrap()
        .iter()
        .map(|name| format!("/locks/a/{name}"))
        .collect();
    let removed: usize = nodes.iter().map(|node| next.zk.remove_watches(node)).sum();
    assert_eq!(
        removed, 1,
        "the one on its predecessor; its own node's stays"
    );
    settle().await;
    assert!(!next.guard.is_finished());
    drop(holder);
    let held = tokio::time::timeout(Duration::from_secs(60), next.guard).await;
    let guard = held.expect("it waits for ever").unwrap();
    guard.release().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn k02_t16_one_release_wakes_one_waiter() {
    let world = World::new();
    let zk = world.client().await;
    let holder = warm_lock(&zk, "/locks/a").await.acquire().await.unwrap();
    let mut waiters = Vec::new();
    for _ in 0..8 {
        waiters.push(waiter(&world).await);
    }
    let polls = |waiters: &[Waiter]| -> Vec<usize> {
        waiters
            .iter()
            .map(|w| w.polls.load(Ordering::Relaxed))
            .collect()
    };
    let before = polls(&waiters);
    drop(holder);
    settle().await;
    let woken: Vec<usize> = polls(&waiters)
        .iter()
        .zip(&before)
        .map(|(a, b)| a - b)
        .collect();
    assert_eq!(woken, [1, 0, 0, 0, 0, 0, 0, 0]);
    for waiter in waiters {
        waiter.guard.await.unwrap().release().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_waiter_whose_own_node_was_deleted_never_holds_by_the_short_cut() {
    let world = World::new();
    let zk = world.client().await;
    let operator = world.client().await;
    let holder = warm_lock(&zk, "/locks/a").await.acquire().await.unwrap();
    let broken = waiter(&world).await;
    let last = waiter(&world).await;
    let nodes = Mutex::new(&operator, "/locks/a")
        .unwrap()
        .contenders()
        .await
        .unwrap();
    assert_eq!(nodes.len(), 3);
    // An operator breaks the second one's place, and the holder goes at once.
    let delete = operator.delete(&nodes[1].node).submit();
    settle().await;
    delete.await.unwrap();
    drop(holder);
    settle().await;
    assert!(last.guard.is_finished(), "the third is the holder now");
    assert!(
        !broken.guard.is_finished(),
        "the second lost its place and queues again"
    );
    let third = last.guard.await.unwrap();
    third.release().await.unwrap();
    let second = tokio::time::timeout(Duration::from_secs(5), broken.guard)
        .await
        .unwrap()
        .unwrap();
    second.release().await.unwrap();
    world.until_empty("/locks/a").await;
}

#[tokio::test(start_paused = true)]
async fn tokens_grow_with_every_holder_also_when_the_parent_was_recreated() {
    let world = World::new();
    let zk = world.client().await;
    let mutex = warm_lock(&zk, "/locks/a").await;
    let mut last = 0;
    for round in 0..10 {
        if round == 5 {
            zk.delete("/locks/a").await.unwrap();
        }
        let guard = mutex.acquire().await.unwrap();
        assert!(guard.token() > last, "token {} after {last}", guard.token());
        last = guard.token();
        guard.release().await.unwrap();
    }
}
