//! Latches that are counted down.

use std::time::Duration;

use tokio::time::{sleep, timeout};
use zk_embedded::Match;
use zk_recipes::{CountDownLatch, ErrorKind};
use zk_wire::OpCode;

use super::spawned;
use crate::kit::{World, settle};

const PATH: &str = "/latches/l";

#[tokio::test(start_paused = true)]
async fn a_latch_opens_after_its_last_count_and_stays_open() {
    let world = World::new();
    let waiter = world.client().await;
    let latch = CountDownLatch::new(&waiter, PATH, 3).unwrap();
    assert_eq!(latch.remaining().await.unwrap(), 3);
    let wait = spawned(latch.wait());
    let mut counters = Vec::new();
    for _ in 0..3 {
        settle().await;
        assert!(!wait.is_finished());
        let zk = world.client().await;
        let latch = CountDownLatch::new(&zk, PATH, 3).unwrap();
        counters.push(latch.count_down().await.unwrap());
    }
    assert_eq!(counters, [2, 1, 0]);
    timeout(Duration::from_secs(1), wait)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    latch.wait().await.unwrap();
    assert_eq!(
        latch.count_down().await.unwrap(),
        0,
        "an open latch stays open"
    );
    drop(latch);
    settle().await;
    assert_eq!(world.hooks.watch_count(), 0);
    world.until_empty(PATH).await;
}

/// A1: a count whose answer is lost counts once, so that the latch opens neither early nor never.
#[tokio::test(start_paused = true)]
async fn a1_counts_whose_answers_are_lost_count_once_each() {
    for applied in [true, false] {
        let world = World::new();
        let zk = world.client().await;
        let latch = CountDownLatch::new(&zk, PATH, 5).unwrap();
        let wait = spawned(latch.wait());
        for left in (0..5).rev() {
            settle().await;
            assert!(!wait.is_finished());
            let rule = world.hooks.on(Match::op(OpCode::Multi).path(PATH).times(1));
            if applied {
                rule.cut_after_apply();
            } else {
                rule.cut_before_apply();
            }
            assert_eq!(latch.count_down().await.unwrap(), left);
        }
        timeout(Duration::from_secs(5), wait)
            .await
            .unwrap()
            .unwrap()
            .unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_a_latch_outlives_an_expiry_and_reports_its_timeout_and_foreign_data() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let latch = CountDownLatch::new(&zk, PATH, 1).unwrap();
    let error = latch
        .wait()
        .timeout(Duration::from_millis(50))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WaitTimedOut);
    let wait = spawned(latch.wait());
    settle().await;
    world.hooks.expire(zk.session_id().unwrap());
    sleep(Duration::from_secs(5)).await;
    assert!(!wait.is_finished());
    let theirs = CountDownLatch::new(&other, PATH, 1).unwrap();
    theirs.count_down().await.unwrap();
    timeout(Duration::from_secs(1), wait)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    other.set(PATH, "x").await.unwrap();
    assert_eq!(
        latch.wait().await.unwrap_err().kind(),
        ErrorKind::Undecodable
    );
    let open = CountDownLatch::new(&zk, "/latches/none", 0).unwrap();
    open.wait().await.unwrap();
}
