//! Candidates with priorities.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::{AT, election, warm_election};
use crate::kit::{World, settle};

const LIMIT: Duration = Duration::from_secs(60);

type Led = Arc<Mutex<Vec<(String, u64)>>>;

/// A candidate that leads for as long as it may; every term it has is noted.
fn stands(
    world: &World,
    zk: zk_recipes::Client,
    priority: Option<u32>,
    led: &Led,
) -> tokio::task::JoinHandle<()> {
    let name = format!("{priority:?}");
    let mut election = election(&zk, &name);
    if let Some(priority) = priority {
        election = election.priority(priority);
    }
    let (led, hooks) = (Arc::clone(led), world.hooks.clone());
    tokio::spawn(async move {
        let work = |term: zk_recipes::Term| {
            led.lock().unwrap().push((name.clone(), term.epoch()));
            let at = term.held().node().to_owned();
            let hooks = hooks.clone();
            async move {
                loop {
                    sleep(Duration::from_millis(100)).await;
                    // Its node is there for as long as the work is.
                    assert!(hooks.node(&at).is_some());
                }
            }
        };
        election.lead(work).await.unwrap()
    })
}

#[tokio::test(start_paused = true)]
async fn the_candidate_of_the_highest_priority_leads_whenever_it_came() {
    for order in [[1, 2, 3], [3, 2, 1], [2, 3, 1]] {
        let world = World::new();
        warm_election(&world.client().await, "x").await;
        let led = Led::default();
        let mut candidates = Vec::new();
        for priority in order {
            let zk = world.client().await;
            candidates.push((
                priority,
                zk.clone(),
                stands(&world, zk, Some(priority), &led),
            ));
            settle().await;
        }
        sleep(Duration::from_secs(5)).await;
        let last = led.lock().unwrap().last().cloned().unwrap();
        assert_eq!(last.0, "Some(3)", "{order:?}: {:?}", led.lock().unwrap());
        // The best goes: the second best is the leader in the end.
        let best = candidates.iter().position(|(priority, ..)| *priority == 3);
        candidates.remove(best.unwrap()).2.abort();
        sleep(Duration::from_secs(5)).await;
        let led = led.lock().unwrap().clone();
        assert_eq!(led.last().unwrap().0, "Some(2)", "{order:?}: {led:?}");
        assert!(led.is_sorted_by(|a, b| a.1 < b.1), "{led:?}");
        assert!(led.len() <= 6, "terms without need: {led:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn candidates_without_a_priority_are_left_alone_and_leave_others_alone() {
    let world = World::new();
    let led = Led::default();
    let first = world.client().await;
    warm_election(&first, "x").await;
    let plain = stands(&world, first, None, &led);
    settle().await;
    let better = stands(&world, world.client().await, Some(9), &led);
    sleep(Duration::from_secs(30)).await;
    assert_eq!(led.lock().unwrap().len(), 1);
    plain.abort();
    sleep(Duration::from_secs(5)).await;
    assert_eq!(led.lock().unwrap().last().unwrap().0, "Some(9)");
    let _other = stands(&world, world.client().await, None, &led);
    sleep(Duration::from_secs(30)).await;
    assert_eq!(led.lock().unwrap().len(), 2);
    better.abort();
}

#[tokio::test(start_paused = true)]
async fn a_latch_with_a_priority_makes_room_too() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let (low, low_driver) = election(&zk, "low").priority(1).latch();
    let low_driver = tokio::spawn(low_driver);
    let first = timeout(LIMIT, low.leader()).await.unwrap().unwrap();
    let (high, high_driver) = election(&other, "high").priority(2).latch();
    let high_driver = tokio::spawn(high_driver);
    let second = timeout(LIMIT, high.leader()).await.unwrap().unwrap();
    assert!(second.epoch() > first.epoch());
    assert!(!low.is_leader());
    high.close();
    timeout(LIMIT, high_driver).await.unwrap().unwrap().unwrap();
    let third = timeout(LIMIT, low.leader()).await.unwrap().unwrap();
    assert!(third.epoch() > second.epoch());
    low.close();
    timeout(LIMIT, low_driver).await.unwrap().unwrap().unwrap();
    assert_eq!(world.left(AT), Vec::<String>::new());
}
