//! Latches: candidacies that go on by themselves.

use std::time::Duration;

use tokio::time::timeout;

use super::{AT, election, warm_election};
use crate::kit::{World, settle};

const LIMIT: Duration = Duration::from_secs(30);

#[tokio::test(start_paused = true)]
async fn a_latch_leads_again_in_a_later_term_after_a_loss() {
    let world = World::new();
    let zk = world.client().await;
    let (mut latch, driver) = election(&zk, "a").latch();
    assert!(!latch.is_leader());
    let driver = tokio::spawn(driver);
    let mut last = 0;
    for _ in 0..3 {
        let term = timeout(LIMIT, latch.leader()).await.unwrap().unwrap();
        assert!(latch.is_leader());
        assert_eq!(latch.term().unwrap().epoch(), term.epoch());
        assert!(term.epoch() > last);
        last = term.epoch();
        while timeout(LIMIT, latch.changed()).await.unwrap().is_none() {}
        world.hooks.expire(zk.session_id().unwrap());
        while timeout(LIMIT, latch.changed()).await.unwrap().is_some() {}
        assert!(!term.is_leader());
    }
    latch.close();
    driver.await.unwrap().unwrap();
    assert_eq!(world.left(AT), Vec::<String>::new());
    assert!(!latch.is_leader());
    assert!(latch.leader().await.is_none(), "the driver has ended");
}

#[tokio::test(start_paused = true)]
async fn a_latch_in_doubt_does_not_lead_and_stands_again() {
    let world = World::new();
    let zk = world.client().await;
    let (mut latch, driver) = election(&zk, "a").latch();
    let _driver = tokio::spawn(driver);
    let first = timeout(LIMIT, latch.changed()).await.unwrap().unwrap();
    world.hooks.refuse_connections(true);
    world.hooks.cut_all();
    assert!(timeout(LIMIT, latch.changed()).await.unwrap().is_none());
    assert!(!latch.is_leader());
    world.hooks.refuse_connections(false);
    let second = timeout(LIMIT, latch.leader()).await.unwrap().unwrap();
    assert!(second.epoch() > first.epoch());
}

#[tokio::test(start_paused = true)]
async fn c9_c10_a_latch_closed_or_dropped_at_any_time_leaves_no_candidate() {
    for led in [false, true] {
        for after in 0..12 {
            for close in [false, true] {
                let world = World::new();
                let (zk, other) = (world.client().await, world.client().await);
                let mut leadership =
                    Some(warm_election(&other, "b").await.elected().await.unwrap());
                if !led {
                    leadership.take();
                    settle().await;
                }
                let (latch, driver) = election(&zk, "a").latch();
                let driver = tokio::spawn(driver);
                tokio::time::sleep(Duration::from_millis(5) * after).await;
                if close {
                    latch.close();
                    latch.close();
                }
                drop(latch);
                timeout(LIMIT, driver).await.unwrap().unwrap().unwrap();
                settle().await;
                assert_eq!(world.left(AT).len(), usize::from(led), "{after} {close}");
                assert_eq!(zk.stats().watches, 0);
            }
        }
    }
}

/// Curator's `close(NOTIFY_LEADER)`, `getOurPath` and `getLastPathIsLeader`.
#[tokio::test(start_paused = true)]
async fn a_latch_that_closes_tells_its_listeners_and_its_last_term_still_names_its_node() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let ahead = warm_election(&other, "b").await.elected().await.unwrap();
    let ours = election(&zk, "a");
    let (mut latch, driver) = ours.latch();
    let driver = tokio::spawn(driver);
    settle().await;
    // While it waits, its node is the one among the candidates that is of its session.
    let candidates = ours.candidates().await.unwrap();
    let waits = candidates
        .iter()
        .find(|one| Some(one.session) == zk.session_id());
    let (node, text) = waits
        .map(|one| (one.node.clone(), one.text.clone()))
        .unwrap();
    assert_eq!(text, "a");
    assert!(
        timeout(Duration::from_secs(1), latch.leader())
            .await
            .is_err(),
        "it waits"
    );
    drop(ahead);
    let term = timeout(LIMIT, latch.changed()).await.unwrap().unwrap();
    assert_eq!(term.held().node(), node);
    let listener = latch.clone();
    let told = tokio::spawn(async move {
        let mut listener = listener;
        listener.changed().await.is_none()
    });
    settle().await;
    latch.close();
    driver.await.unwrap().unwrap();
    assert!(
        timeout(LIMIT, told).await.unwrap().unwrap(),
        "it leads no more"
    );
    assert!(latch.term().is_none() && !term.is_leader());
    assert_eq!(term.held().node(), node, "where it led last");
    assert!(world.hooks.node(&node).is_none());
}
