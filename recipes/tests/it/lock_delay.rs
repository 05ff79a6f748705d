//! A pause after holders that went without a word.

use std::time::Duration;

use tokio::time::{Instant, timeout};
use zk_embedded::Match;
use zk_recipes::{Client, ErrorKind, Layout, Mutex};
use zk_wire::OpCode;

use crate::kit::{ROUND_TRIP, World, polled, settle, spawned, warm_lock};

const LOCK: &str = "/locks/a";
const PAUSE: Duration = Duration::from_secs(15);
const LIMIT: Duration = Duration::from_secs(60);
const NONE: [String; 0] = [];

async fn delayed(zk: &Client) -> Mutex {
    warm_lock(zk, LOCK).await.lock_delay(PAUSE)
}

#[tokio::test(start_paused = true)]
async fn a_release_is_followed_at_once() {
    for layout in [Layout::Curator, Layout::Kazoo] {
        let world = World::new();
        let (zk, other) = (world.client().await, world.client().await);
        let mutex = Mutex::new(&zk, LOCK)
            .unwrap()
            .layout(layout)
            .lock_delay(PAUSE);
        let theirs = Mutex::new(&other, LOCK)
            .unwrap()
            .layout(layout)
            .lock_delay(PAUSE);
        let guard = mutex.acquire().await.unwrap();
        let lost = spawned(guard.lost());
        let next = spawned(theirs.acquire());
        settle().await;
        let start = Instant::now();
        assert!(guard.release().await.unwrap().was_held);
        let guard = timeout(LIMIT, next).await.unwrap().unwrap().unwrap();
        // The change, and a read that finds nothing.
        assert!(start.elapsed() <= 2 * ROUND_TRIP, "{:?}", start.elapsed());
        assert_eq!(world.left(LOCK), [guard.held().node()]);
        assert!(!lost.is_finished(), "a release is no loss");
        let third = spawned(mutex.acquire());
        settle().await;
        let start = Instant::now();
        drop(spawned(async move { guard.release().await }));
        drop(timeout(LIMIT, third).await.unwrap().unwrap().unwrap());
        assert!(start.elapsed() <= 2 * ROUND_TRIP, "{:?}", start.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_went_without_a_word_is_followed_after_the_pause() {
    for how in ["expiry", "deletion", "drop"] {
        let world = World::new();
        let (zk, other) = (world.client().await, world.client().await);
        let operator = world.client().await;
        let guard = delayed(&zk).await.acquire().await.unwrap();
        let theirs = Mutex::new(&other, LOCK).unwrap().lock_delay(PAUSE);
        let next = spawned(theirs.acquire());
        settle().await;
        let start = Instant::now();
        match how {
            "expiry" => assert!(world.hooks.expire(zk.session_id().unwrap())),
            "deletion" => operator.delete(guard.held().node()).await.unwrap(),
            _ => drop(guard),
        }
        // Nobody gets in between meanwhile.
        settle().await;
        let theirs = Mutex::new(&operator, LOCK).unwrap().lock_delay(PAUSE);
        assert!(theirs.try_acquire().await.unwrap().is_none());
        drop(timeout(LIMIT, next).await.unwrap().unwrap().unwrap());
        let waited = start.elapsed();
        assert!(
            waited >= PAUSE && waited < PAUSE + 4 * ROUND_TRIP,
            "{how}: {waited:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_counts_against_the_timeout_and_a_place_lost_in_it_is_no_hold() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let operator = world.client().await;
    let mutex = delayed(&zk).await;
    let theirs = Mutex::new(&other, LOCK).unwrap().lock_delay(PAUSE);
    let guard = mutex.acquire().await.unwrap();
    let impatient = spawned(theirs.acquire().timeout(Duration::from_secs(10)));
    settle().await;
    drop(guard);
    let error = timeout(LIMIT, impatient)
        .await
        .unwrap()
        .unwrap()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AcquireTimedOut);
    settle().await;
    assert_eq!(world.left(LOCK), NONE);
    let guard = mutex.acquire().await.unwrap();
    let next = spawned(theirs.acquire());
    settle().await;
    drop(guard);
    settle().await;
    let [place] = &world.left(LOCK)[..] else {
        panic!("it pauses");
    };
    operator.delete(place).await.unwrap();
    let guard = timeout(LIMIT, next).await.unwrap().unwrap().unwrap();
    assert_ne!(guard.held().node(), place);
    settle().await;
    assert_eq!(world.left(LOCK), [guard.held().node()]);
}

#[tokio::test(start_paused = true)]
async fn a_release_is_told_from_a_loss_also_when_its_answer_is_lost() {
    for applied in [true, false] {
        let world = World::new();
        let zk = world.client().await;
        let mutex = delayed(&zk).await;
        let guard = mutex.acquire().await.unwrap();
        let lost = spawned(guard.lost());
        settle().await;
        let multi = world.hooks.on(Match::op(OpCode::Multi));
        let rule = if applied {
            multi.cut_after_apply()
        } else {
            multi.cut_before_apply()
        };
        assert!(
            timeout(LIMIT, guard.release())
                .await
                .unwrap()
                .unwrap()
                .was_held
        );
        assert_eq!(world.hooks.fired(rule), 1);
        assert_eq!(world.left(LOCK), NONE, "applied: {applied}");
        assert!(!lost.is_finished());
        assert_eq!(zk.stats().duties, 0);
    }
    let world = World::new();
    let (zk, operator) = (world.client().await, world.client().await);
    let guard = delayed(&zk).await.acquire().await.unwrap();
    operator.delete(guard.held().node()).await.unwrap();
    settle().await;
    assert!(
        !guard.release().await.unwrap().was_held,
        "it was lost before"
    );
}

#[tokio::test(start_paused = true)]
async fn c20_a_release_dropped_at_any_poll_lets_go_all_the_same() {
    for polls in 0.. {
        let world = World::new();
        let zk = world.client().await;
        let guard = delayed(&zk).await.acquire().await.unwrap();
        settle().await;
        let ready = polled(guard.release(), polls).await.is_some();
        settle().await;
        assert_eq!(world.left(LOCK), NONE, "after {polls} polls");
        let stats = zk.stats();
        assert_eq!((stats.watches, stats.duties), (0, 0), "after {polls} polls");
        if ready {
            assert!(polls > 1);
            break;
        }
    }
}
