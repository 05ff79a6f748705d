//! Ending a hold from outside: by request, by force, by time.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use zk_recipes::{ErrorKind, HoldError, LockLostWhy, Mutex, Semaphore};

use crate::kit::{ROUND_TRIP, World, polled, settle, spawned, warm_lock};

const LOCK: &str = "/locks/a";
const BROKEN: &str = "/locks/a-__broken__";
const LIMIT: Duration = Duration::from_secs(5);

#[tokio::test(start_paused = true)]
async fn a_holder_hears_that_somebody_asks_for_the_lock() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let mutex = warm_lock(&zk, LOCK).await;
    let theirs = Mutex::new(&other, LOCK).unwrap();
    let guard = mutex.acquire().await.unwrap();
    let revoked = spawned(guard.held().revoked());
    let next = spawned(theirs.acquire());
    settle().await;
    assert!(!revoked.is_finished());
    // What Curator's Revoker writes.
    let holder = theirs.contenders().await.unwrap().swap_remove(0);
    theirs.revoke(&holder).await.unwrap();
    timeout(LIMIT, revoked).await.unwrap().unwrap();
    let data = world.hooks.node(&holder.node).unwrap().data.unwrap();
    assert_eq!(&data[..], b"__REVOKE__");
    assert!(guard.held().is_held(), "nothing forces it");
    // Who asks later, and who was away, is told at once.
    assert!(world.hooks.cut_session(zk.session_id().unwrap()));
    timeout(LIMIT, guard.held().revoked()).await.unwrap();
    settle().await;
    assert!(!next.is_finished(), "a request is no release");
    assert!(guard.release().await.unwrap().was_held);
    drop(timeout(LIMIT, next).await.unwrap().unwrap().unwrap());
    let error = theirs.revoke(&holder).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoNode);
    assert!(error.to_string().contains("is gone already"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_awaited_in_vain_keeps_nothing_when_the_hold_is_over() {
    let world = World::new();
    let zk = world.client().await;
    let guard = warm_lock(&zk, LOCK).await.acquire().await.unwrap();
    let revoked = spawned(guard.held().revoked());
    settle().await;
    guard.release().await.unwrap();
    settle().await;
    assert!(!revoked.is_finished());
    assert_eq!(zk.stats().watches, 0);
    drop(zk);
    settle().await;
    assert_eq!(
        world.hooks.sessions(),
        [],
        "it does not keep the session open"
    );
}

#[tokio::test(start_paused = true)]
async fn a_revoked_dropped_at_any_poll_leaves_the_hold_as_it_is() {
    let world = World::new();
    let zk = world.client().await;
    let guard = warm_lock(&zk, LOCK).await.acquire().await.unwrap();
    settle().await;
    let watches = zk.stats().watches;
    for polls in 0..5 {
        assert!(polled(guard.held().revoked(), polls).await.is_none());
        settle().await;
        assert!(guard.held().is_held());
        assert_eq!((zk.stats().watches, zk.stats().duties), (watches, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_hold_that_is_broken_is_lost_and_on_record() {
    let world = World::new();
    let (zk, operator) = (world.client().await, world.client().await);
    let mutex = warm_lock(&zk, LOCK).await;
    let guard = mutex.acquire().contender("host-7\npid 3").await.unwrap();
    let next = spawned(mutex.acquire());
    settle().await;
    let theirs = Mutex::new(&operator, LOCK).unwrap();
    let holder = theirs.contenders().await.unwrap().swap_remove(0);
    let lost = spawned(guard.lost());
    let broken = theirs
        .break_hold(&holder, "host-7 is on fire")
        .await
        .unwrap();
    let lost = timeout(LIMIT, lost).await.unwrap().unwrap();
    assert_eq!(lost.why, LockLostWhy::NodeDeleted);
    assert!(!guard.release().await.unwrap().was_held);
    drop(timeout(LIMIT, next).await.unwrap().unwrap().unwrap());
    assert_eq!(broken.record, format!("{BROKEN}/break-0000000000"));
    let record = world.hooks.node(&broken.record).unwrap();
    assert_eq!(record.stat.ephemeral_owner.as_raw(), 0, "it stays");
    let text = String::from_utf8(record.data.unwrap().to_vec()).unwrap();
    let [node, contender, session, token, by, reason] = &text.lines().collect::<Vec<_>>()[..]
    else {
        panic!("{text}");
    };
    assert_eq!(*node, format!("node: {}", holder.node));
    assert_eq!(*contender, "contender: host-7 pid 3");
    assert_eq!(*session, format!("session: {}", holder.session));
    assert_eq!(*token, format!("token: {}", holder.token));
    assert!(by.starts_with("by: ") && by.contains(" pid "), "{by}");
    assert_eq!(*reason, "reason: host-7 is on fire");
    // Once is enough, and only one of this lock.
    let error = theirs.break_hold(&holder, "again").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoNode);
    let elsewhere = Mutex::new(&operator, "/locks/b").unwrap();
    let error = elsewhere
        .break_hold(&holder, "wrong one")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse);
    assert_eq!(world.left(BROKEN).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_node_of_the_same_name_that_is_another_is_not_broken() {
    let world = World::new();
    let (zk, operator) = (world.client().await, world.client().await);
    let mutex = warm_lock(&zk, LOCK).await;
    let unprotected = format!("{LOCK}/lock-0000000007");
    operator.create(&unprotected, "old").await.unwrap();
    let old = mutex.contenders().await.unwrap().swap_remove(0);
    operator.delete(&unprotected).await.unwrap();
    operator.create(&unprotected, "new").await.unwrap();
    let error = mutex.break_hold(&old, "it is old").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoNode);
    assert_eq!(world.left(LOCK), [unprotected]);
    assert_eq!(world.left(BROKEN), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_break_or_request_dropped_at_any_poll_is_done_or_not() {
    for forced in [true, false] {
        for polls in 0.. {
            let world = World::new();
            let (zk, operator) = (world.client().await, world.client().await);
            let guard = warm_lock(&zk, LOCK).await.acquire().await.unwrap();
            let theirs = Mutex::new(&operator, LOCK).unwrap();
            let holder = theirs.contenders().await.unwrap().swap_remove(0);
            let ready = if forced {
                polled(theirs.break_hold(&holder, "why"), polls)
                    .await
                    .is_some()
            } else {
                polled(theirs.revoke(&holder), polls).await.is_some()
            };
            settle().await;
            let broken = world.left(BROKEN).len();
            assert_eq!(guard.held().is_held(), broken == 0, "after {polls} polls");
            let data = world.hooks.node(&holder.node).and_then(|node| node.data);
            let revoked = data.is_some_and(|data| &data[..] == b"__REVOKE__");
            assert_eq!(operator.stats().in_flight, 0);
            if ready {
                assert!(polls > 1 && (broken == 1 || revoked));
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn work_that_takes_too_long_is_dropped_and_the_lock_released() {
    let world = World::new();
    let zk = world.client().await;
    let mutex = warm_lock(&zk, LOCK).await;
    let limit = Duration::from_millis(300);
    let start = Instant::now();
    let work = mutex.acquire().max_hold(limit);
    let error = work
        .hold(|_| std::future::pending::<()>())
        .await
        .unwrap_err();
    assert_eq!(start.elapsed(), ROUND_TRIP + limit + ROUND_TRIP);
    assert!(matches!(error, HoldError::TooLong { .. }));
    let text = error.to_string();
    assert!(text.starts_with("stopped: /locks/a (token "), "{text}");
    assert!(
        text.ends_with("was held for 300ms, which is as long as it may be"),
        "{text}"
    );
    assert_eq!(world.left(LOCK), Vec::<String>::new());
    let work = mutex.acquire().max_hold(limit);
    let done = work.hold(|_| async {
        sleep(limit / 2).await;
        7
    });
    assert_eq!(done.await.unwrap(), 7);
    let semaphore = Semaphore::new(&zk, "/limits/a", 1).unwrap();
    let work = semaphore.acquire().max_hold(limit);
    let error = work
        .hold(|_| std::future::pending::<()>())
        .await
        .unwrap_err();
    assert!(matches!(error, HoldError::TooLong { .. }));
}
