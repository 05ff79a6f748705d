//! Barriers that one removes, and flags that one sets.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use zk_embedded::Match;
use zk_recipes::{Barrier, Client, ErrorKind, EventFlag, Fate, OnExpiry};
use zk_wire::{ErrorCode, OpCode};

use super::spawned;
use crate::kit::{World, settle};

const PATH: &str = "/barriers/b";

fn barrier(zk: &Client) -> Barrier {
    Barrier::new(zk, PATH).unwrap()
}

#[tokio::test(start_paused = true)]
async fn b1_everybody_waits_while_the_barrier_is_set_and_passes_when_it_is_removed() {
    let world = World::new();
    let operator = barrier(&world.client().await);
    operator.set().await.unwrap();
    operator.set().await.unwrap();
    let mut waiting = Vec::new();
    for _ in 0..5 {
        waiting.push(spawned(barrier(&world.client().await).wait()));
    }
    sleep(Duration::from_secs(5)).await;
    assert!(waiting.iter().all(|wait| !wait.is_finished()));
    assert!(operator.is_set().await.unwrap());
    assert!(operator.remove().await.unwrap());
    for wait in waiting {
        timeout(Duration::from_secs(1), wait)
            .await
            .unwrap()
            .unwrap()
            .unwrap();
    }
    assert!(!operator.remove().await.unwrap());
}

/// A15, and A30 below: nothing is left of a wait, whichever way it ends.
#[tokio::test(start_paused = true)]
async fn a15_no_watch_is_left_by_a_wait_that_passes_times_out_or_is_dropped() {
    let world = World::new();
    let zk = world.client().await;
    let barrier = barrier(&zk);
    barrier.wait().await.unwrap();
    settle().await;
    assert_eq!(
        (zk.stats().watches, world.hooks.watch_count()),
        (0, 0),
        "not set"
    );
    barrier.set().await.unwrap();
    let start = Instant::now();
    let limit = Duration::from_millis(500);
    let error = barrier.wait().timeout(limit).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WaitTimedOut);
    assert_eq!(
        error.to_string(),
        "waited 500ms for /barriers/b in vain: it is still there"
    );
    assert!(start.elapsed() - limit < Duration::from_millis(5));
    settle().await;
    assert_eq!(
        (zk.stats().watches, world.hooks.watch_count()),
        (0, 0),
        "timed out"
    );
    let wait = spawned(barrier.wait());
    settle().await;
    barrier.remove().await.unwrap();
    wait.await.unwrap().unwrap();
    settle().await;
    assert_eq!(
        (zk.stats().watches, world.hooks.watch_count()),
        (0, 0),
        "passed"
    );
}

#[tokio::test(start_paused = true)]
async fn a30_a_removal_during_an_outage_is_seen_after_it() {
    for times in 1..4 {
        let world = World::new();
        let (zk, operator) = (world.client().await, barrier(&world.client().await));
        operator.set().await.unwrap();
        let wait = spawned(barrier(&zk).wait());
        settle().await;
        for _ in 0..times {
            world.hooks.cut_session(zk.session_id().unwrap());
            sleep(Duration::from_secs(1)).await;
        }
        assert!(!wait.is_finished(), "b4: an interruption lets nobody pass");
        world.hooks.refuse_connections(true);
        world.hooks.cut_session(zk.session_id().unwrap());
        operator.remove().await.unwrap();
        settle().await;
        assert!(!wait.is_finished());
        world.hooks.refuse_connections(false);
        timeout(Duration::from_secs(20), wait)
            .await
            .unwrap()
            .unwrap()
            .unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn b4_an_expiry_lets_nobody_pass_and_the_wait_goes_on_in_the_next_session() {
    let world = World::new();
    let (zk, operator) = (world.client().await, barrier(&world.client().await));
    operator.set().await.unwrap();
    let wait = spawned(barrier(&zk).wait());
    settle().await;
    world.hooks.expire(zk.session_id().unwrap());
    sleep(Duration::from_secs(10)).await;
    assert!(!wait.is_finished());
    assert_eq!(zk.generation(), 2);
    operator.remove().await.unwrap();
    timeout(Duration::from_secs(1), wait)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_wait_does_not_hang_where_no_further_session_is_wanted() {
    let world = World::new();
    let stop = world.builder().on_expiry(OnExpiry::Stop);
    let zk = stop.connect().await.unwrap();
    let operator = world.client().await;
    barrier(&operator).set().await.unwrap();
    let waits = [
        spawned(barrier(&zk).wait()),
        spawned(EventFlag::new(&zk, "/flag").unwrap().wait()),
    ];
    settle().await;
    world.hooks.expire(zk.session_id().unwrap());
    for wait in waits {
        let error = timeout(Duration::from_secs(5), wait)
            .await
            .unwrap()
            .unwrap()
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SessionExpired);
    }
}

#[tokio::test(start_paused = true)]
async fn k22_a_change_of_the_barriers_data_lets_nobody_pass() {
    let world = World::new();
    let zk = world.client().await;
    zk.create(PATH, "10.0.0.7").parents().await.unwrap();
    let wait = spawned(barrier(&zk).wait());
    for _ in 0..5 {
        settle().await;
        zk.set(PATH, "").null().await.unwrap();
    }
    settle().await;
    assert!(!wait.is_finished());
    zk.delete(PATH).await.unwrap();
    timeout(Duration::from_secs(1), wait)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn setting_and_removing_are_settled_when_their_answers_are_lost() {
    for applied in [true, false] {
        let world = World::new();
        let zk = world.client().await;
        let barrier = barrier(&zk);
        for _ in 0..3 {
            let create = world.hooks.on(Match::ops([OpCode::Create, OpCode::Create2])
                .path(PATH)
                .times(1));
            let delete = world
                .hooks
                .on(Match::op(OpCode::Delete).path(PATH).times(1));
            let rules = if applied {
                [create.cut_after_apply(), delete.cut_after_apply()]
            } else {
                [create.cut_before_apply(), delete.cut_before_apply()]
            };
            barrier.set().await.unwrap();
            assert!(world.hooks.node(PATH).is_some());
            assert!(barrier.remove().await.unwrap());
            assert!(world.hooks.node(PATH).is_none());
            assert_eq!(rules.map(|rule| world.hooks.fired(rule)), [1, 1]);
            world.hooks.clear();
        }
    }
}

/// The delete took place, its answer is lost, and somebody sets the barrier again: that one is not ours to remove.
#[tokio::test(start_paused = true)]
async fn a4_a_removal_whose_answer_is_lost_spares_a_barrier_that_was_set_since() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let ours = barrier(&zk);
    ours.set().await.unwrap();
    let rule = world
        .hooks
        .on(Match::op(OpCode::Delete).path(PATH).times(1))
        .cut_after_apply();
    world.hooks.refuse_connections(true);
    let removal = tokio::spawn(async move { ours.remove().await });
    while world.hooks.fired(rule) == 0 {
        sleep(Duration::from_millis(1)).await;
    }
    barrier(&other).set().await.unwrap();
    world.hooks.refuse_connections(false);
    assert!(
        timeout(Duration::from_secs(20), removal)
            .await
            .unwrap()
            .unwrap()
            .unwrap()
    );
    assert!(
        barrier(&other).is_set().await.unwrap(),
        "the other's barrier is gone"
    );
}

/// The answer is lost, and what would tell what became of it is refused: nobody can say that nothing was done.
#[tokio::test(start_paused = true)]
async fn b1_what_took_place_is_not_told_as_not_applied() {
    for sets in [true, false] {
        let world = World::new();
        let zk = world.client().await;
        let ours = barrier(&zk);
        ours.set().await.unwrap();
        let (lost, then) = if sets {
            ours.remove().await.unwrap();
            let creates = Match::ops([OpCode::Create, OpCode::Create2]);
            (creates.clone(), creates)
        } else {
            (Match::op(OpCode::Delete), Match::op(OpCode::Exists))
        };
        let rule = world.hooks.on(lost.path(PATH).times(1)).cut_after_apply();
        world.hooks.refuse_connections(true);
        let change = tokio::spawn(async move {
            if sets {
                ours.set().await
            } else {
                ours.remove().await.map(drop)
            }
        });
        while world.hooks.fired(rule) == 0 {
            sleep(Duration::from_millis(1)).await;
        }
        let refusal = world.hooks.on(then.path(PATH).times(1));
        refusal.error(ErrorCode::ThrottledOp);
        world.hooks.refuse_connections(false);
        let error = timeout(Duration::from_secs(20), change)
            .await
            .unwrap()
            .unwrap()
            .unwrap_err();
        assert_eq!(error.fate(), Fate::Unknown, "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_flag_lets_pass_once_it_is_set_and_holds_back_once_it_is_clear() {
    let world = World::new();
    let (zk, operator) = (world.client().await, world.client().await);
    let (flag, theirs) = (
        EventFlag::new(&zk, "/flags/f").unwrap(),
        EventFlag::new(&operator, "/flags/f").unwrap(),
    );
    let error = flag
        .wait()
        .timeout(Duration::from_millis(100))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "waited 100ms for /flags/f in vain: it is not there"
    );
    let wait = spawned(flag.wait());
    settle().await;
    world.hooks.refuse_connections(true);
    world.hooks.cut_session(zk.session_id().unwrap());
    theirs.set().await.unwrap();
    world.hooks.refuse_connections(false);
    timeout(Duration::from_secs(20), wait)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    flag.wait().await.unwrap();
    assert!(theirs.clear().await.unwrap());
    assert!(!flag.is_set().await.unwrap());
    let wait = spawned(flag.wait());
    settle().await;
    world.hooks.expire(zk.session_id().unwrap());
    sleep(Duration::from_secs(5)).await;
    assert!(!wait.is_finished());
    theirs.set().await.unwrap();
    timeout(Duration::from_secs(1), wait)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    settle().await;
    assert_eq!(world.hooks.watch_count(), 0);
}
