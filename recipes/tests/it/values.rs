//! Shared values and their changes.

use std::time::Duration;

use tokio::time::{sleep, timeout};
use zk_embedded::Match;
use zk_recipes::{ErrorKind, OnExpiry, SharedCount, SharedValue};
use zk_wire::OpCode;

use crate::kit::{World, settle};

const PATH: &str = "/values/v";

#[tokio::test(start_paused = true)]
async fn changes_yield_what_is_there_and_then_what_is_written_in_its_order() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let ours = SharedValue::new(&zk, PATH, "seed").unwrap();
    let theirs = SharedValue::new(&other, PATH, "other seed").unwrap();
    let mut changes = ours.changes();
    assert_eq!(ours.get().await.unwrap().value, "seed");
    assert_eq!(theirs.get().await.unwrap().value, "seed", "made once");
    let first = changes.next().await.unwrap();
    assert_eq!(first.value, "seed");
    let mut last = first.mzxid;
    for n in 0..5 {
        theirs.set(n.to_string()).await.unwrap();
        let change = changes.next().await.unwrap();
        assert_eq!(change.value, n.to_string());
        assert!(change.mzxid > last);
        last = change.mzxid;
    }
    // Of a burst the last is told, whatever is skipped.
    for n in 0..20 {
        theirs.set(format!("burst {n}")).await.unwrap();
    }
    let mut told = Vec::new();
    while told.last().is_none_or(|value| value != "burst 19") {
        told.push(changes.next().await.unwrap().value);
    }
    assert!(told.len() <= 20);
    drop(changes);
    settle().await;
    assert_eq!((zk.stats().watches, world.hooks.watch_count()), (0, 0));
}

/// A2: that somebody has deleted the handle's mark refuses no write of the value.
#[tokio::test(start_paused = true)]
async fn a2_a_set_is_not_refused_for_a_mark_that_somebody_deleted() {
    let world = World::new();
    let (zk, operator) = (world.client().await, world.client().await);
    let value = SharedValue::new(&zk, PATH, "seed").unwrap();
    value.set("one").await.unwrap();
    let current = value.get().await.unwrap();
    operator.delete(&world.left(PATH)[0]).await.unwrap();
    let ended = value.try_set(&current, "two").await.unwrap();
    assert!(ended.is_done(), "{ended:?}");
    assert_eq!(value.get().await.unwrap().value, "two");
    let refused = value.try_set(&current, "three").await.unwrap();
    assert!(!refused.is_done(), "{refused:?}");
}

/// C38: what changed during an outage is told once, and an outage alone tells nothing.
#[tokio::test(start_paused = true)]
async fn c38_an_outage_tells_what_changed_once_and_nothing_if_nothing_did() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let ours = SharedCount::new(&zk, PATH, 1).unwrap();
    let theirs = SharedCount::new(&other, PATH, 1).unwrap();
    ours.get().await.unwrap();
    let mut changes = ours.changes();
    assert_eq!(changes.next().await.unwrap().value, 1);
    for _ in 0..3 {
        world.hooks.cut_session(zk.session_id().unwrap());
        let nothing = timeout(Duration::from_secs(3), changes.next()).await;
        assert!(nothing.is_err(), "told {nothing:?}");
    }
    for n in 2..5 {
        world.hooks.refuse_connections(true);
        world.hooks.cut_session(zk.session_id().unwrap());
        theirs.set(n).await.unwrap();
        world.hooks.refuse_connections(false);
        let change = timeout(Duration::from_secs(20), changes.next()).await;
        assert_eq!(change.unwrap().unwrap().value, n);
        let nothing = timeout(Duration::from_secs(3), changes.next()).await;
        assert!(nothing.is_err(), "told twice: {nothing:?}");
    }
    world.hooks.expire(zk.session_id().unwrap());
    let nothing = timeout(Duration::from_secs(10), changes.next()).await;
    assert!(nothing.is_err(), "an expiry changed nothing");
    theirs.set(9).await.unwrap();
    let change = timeout(Duration::from_secs(1), changes.next()).await;
    assert_eq!(change.unwrap().unwrap().value, 9);
}

/// C39: a node that exists with version 0 is a value. C37 and C59: order is by transaction, whatever the versions say.
#[tokio::test(start_paused = true)]
async fn c37_c39_c59_a_node_that_is_made_again_with_the_same_version_is_a_new_value() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    other.create(PATH, "first").parents().await.unwrap();
    let value = SharedValue::new(&zk, PATH, "seed").unwrap();
    let mut changes = value.changes();
    let first = changes.next().await.unwrap();
    assert_eq!((first.value, first.version), ("first".into(), 0));
    world.hooks.refuse_connections(true);
    world.hooks.cut_session(zk.session_id().unwrap());
    other.delete(PATH).await.unwrap();
    other.create(PATH, "second").await.unwrap();
    world.hooks.refuse_connections(false);
    let second = timeout(Duration::from_secs(20), changes.next())
        .await
        .unwrap()
        .unwrap();
    assert_eq!((second.value, second.version), ("second".into(), 0));
    assert!(second.mzxid > first.mzxid);
    // A removal is not told, what is made after it is.
    other.delete(PATH).await.unwrap();
    assert!(
        timeout(Duration::from_secs(3), changes.next())
            .await
            .is_err()
    );
    other.create(PATH, "third").await.unwrap();
    let third = timeout(Duration::from_secs(1), changes.next())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(third.value, "third");
}

/// C40: what is dropped is told nothing more, and costs nothing more.
#[tokio::test(start_paused = true)]
async fn c40_changes_that_were_dropped_are_asked_for_no_more() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let value = SharedValue::new(&zk, PATH, "seed").unwrap();
    value.get().await.unwrap();
    let mut changes = value.changes();
    changes.next().await.unwrap();
    drop(changes);
    settle().await;
    let session = zk.session_id().unwrap();
    let before = world.asked(session);
    SharedValue::new(&other, PATH, "")
        .unwrap()
        .set("x")
        .await
        .unwrap();
    settle().await;
    assert_eq!(world.asked(session).all_since(&before), 0);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_next_loses_no_value() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let ours = SharedCount::new(&zk, PATH, 0).unwrap();
    let theirs = SharedCount::new(&other, PATH, 0).unwrap();
    ours.get().await.unwrap();
    let mut changes = ours.changes();
    let mut told = Vec::new();
    for n in 1..=10 {
        theirs.set(n).await.unwrap();
        // Dropped at each millisecond of its round trips.
        for _ in 0..40 {
            let limit = Duration::from_millis(n.unsigned_abs().into());
            if let Ok(change) = timeout(limit, changes.next()).await {
                told.push(change.unwrap().value);
            }
        }
        sleep(Duration::from_millis(100)).await;
        if let Ok(change) = timeout(Duration::from_millis(100), changes.next()).await {
            told.push(change.unwrap().value);
        }
        assert_eq!(told.last(), Some(&n), "{told:?}");
    }
    assert!(told.windows(2).all(|pair| pair[0] < pair[1]), "{told:?}");
}

/// A version of −1 means any version to a server: a conditional write would not be one.
#[tokio::test(start_paused = true)]
async fn c37_a_version_that_means_any_version_is_refused() {
    let world = World::new();
    let zk = world.client().await;
    let value = SharedValue::new(&zk, PATH, "seed").unwrap();
    let mut previous = value.get().await.unwrap();
    previous.version = -1;
    let sets = world.hooks.count(OpCode::Multi);
    let error = value.try_set(&previous, "x").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadVersion);
    assert_eq!(world.hooks.count(OpCode::Multi), sets, "nothing was sent");
    assert_eq!(value.get().await.unwrap().value, "seed");
}

#[tokio::test(start_paused = true)]
async fn changes_end_with_an_error_where_no_further_session_is_wanted() {
    let world = World::new();
    let stop = world.builder().on_expiry(OnExpiry::Stop);
    let zk = stop.connect().await.unwrap();
    let value = SharedValue::new(&zk, PATH, "seed").unwrap();
    value.get().await.unwrap();
    let mut changes = value.changes();
    changes.next().await.unwrap();
    world.hooks.expire(zk.session_id().unwrap());
    let error = timeout(Duration::from_secs(5), changes.next())
        .await
        .unwrap()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SessionExpired);
}

#[tokio::test(start_paused = true)]
async fn the_seed_is_written_once_also_when_the_answer_is_lost() {
    for applied in [true, false] {
        let world = World::new();
        let zk = world.client().await;
        let count = SharedCount::new(&zk, PATH, 3).unwrap();
        let rule = world.hooks.on(Match::op(OpCode::Multi).path(PATH).times(1));
        if applied {
            rule.cut_after_apply();
        } else {
            rule.cut_before_apply();
        }
        let found = count.get().await.unwrap();
        assert_eq!((found.value, found.version), (3, 0));
    }
}
