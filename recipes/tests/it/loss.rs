//! How a holder learns that its hold is over.

use std::future::Future;
use std::task::Poll;
use std::time::Duration;

use zk_recipes::{ErrorKind, Fate, LockLostWhy, Mutex, OnExpiry};

use crate::kit::{World, settle, warm_lock};

#[tokio::test(start_paused = true)]
async fn deleting_the_holders_node_by_hand_fires_lost() {
    let world = World::new();
    let zk = world.client().await;
    let operator = world.client().await;
    let guard = warm_lock(&zk, "/locks/a").await.acquire().await.unwrap();
    let lost = tokio::spawn(guard.lost());
    settle().await;
    assert!(!lost.is_finished());
    operator.delete(guard.held().node()).await.unwrap();
    let lost = lost.await.unwrap();
    assert_eq!(
        (lost.why, lost.token),
        (LockLostWhy::NodeDeleted, guard.token())
    );
    assert!(!guard.held().is_held());
    assert!(!guard.held().is_safe());
    assert!(!guard.release().await.unwrap().was_held);
}

#[tokio::test(start_paused = true)]
async fn a_node_deleted_while_the_holder_was_away_is_noticed_on_return() {
    let world = World::new();
    let zk = world.client().await;
    let operator = world.client().await;
    let guard = warm_lock(&zk, "/locks/a").await.acquire().await.unwrap();
    settle().await;
    world.hooks.cut_session(zk.session_id().unwrap());
    operator.delete(guard.held().node()).await.unwrap();
    let lost = guard.lost().await;
    assert_eq!(lost.why, LockLostWhy::NodeDeleted);
    assert_eq!(zk.generation(), 1, "the session lives");
}

#[tokio::test(start_paused = true)]
async fn writing_to_the_holders_node_is_no_loss() {
    let world = World::new();
    let zk = world.client().await;
    let operator = world.client().await;
    let guard = warm_lock(&zk, "/locks/a").await.acquire().await.unwrap();
    for _ in 0..3 {
        operator
            .set(guard.held().node(), "please go")
            .await
            .unwrap();
        settle().await;
        assert!(guard.held().is_held());
    }
    operator.delete(guard.held().node()).await.unwrap();
    assert_eq!(guard.lost().await.why, LockLostWhy::NodeDeleted);
}

#[tokio::test(start_paused = true)]
async fn t10_expiry_is_a_loss_and_the_next_session_locks_again() {
    let world = World::new();
    let zk = world.client().await;
    let mutex = warm_lock(&zk, "/locks/a").await;
    let guard = mutex.acquire().await.unwrap();
    let token = guard.token();
    world.hooks.expire(zk.session_id().unwrap());
    assert_eq!(guard.lost().await.why, LockLostWhy::SessionExpired);
    let again = mutex.acquire().await.unwrap();
    assert_eq!(zk.generation(), 2);
    assert!(again.token() > token);
    drop(guard);
    settle().await;
    assert!(
        again.held().is_held(),
        "the old guard has nothing to release"
    );
    assert!(world.hooks.node(again.held().node()).is_some());
}

#[tokio::test(start_paused = true)]
async fn c18_a_waiter_outlives_the_expiry_of_its_session() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let holder = warm_lock(&other, "/locks/a").await.acquire().await.unwrap();
    let mutex = Mutex::new(&zk, "/locks/a").unwrap();
    let waiter = tokio::spawn(async move { mutex.acquire().await });
    settle().await;
    world.hooks.expire(zk.session_id().unwrap());
    settle().await;
    settle().await;
    drop(holder);
    let guard = waiter.await.unwrap().unwrap();
    assert_eq!(zk.generation(), 2);
    guard.release().await.unwrap();
    world.until_empty("/locks/a").await;
}

#[tokio::test(start_paused = true)]
async fn a_waiter_fails_at_expiry_if_there_is_no_next_session() {
    let world = World::new();
    let zk = world
        .builder()
        .on_expiry(OnExpiry::Stop)
        .connect()
        .await
        .unwrap();
    let other = world.client().await;
    let _holder = warm_lock(&other, "/locks/a").await.acquire().await.unwrap();
    let mutex = Mutex::new(&zk, "/locks/a").unwrap();
    let waiting = mutex.clone();
    let waiter = tokio::spawn(async move { waiting.acquire().await });
    settle().await;
    world.hooks.expire(zk.session_id().unwrap());
    assert_eq!(
        waiter.await.unwrap().unwrap_err().kind(),
        ErrorKind::SessionExpired
    );
    let error = mutex.acquire().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.fate()),
        (ErrorKind::SessionExpired, Fate::NotApplied)
    );
}

#[tokio::test(start_paused = true)]
async fn t23_a_fenced_write_of_a_holder_that_lost_its_node_changes_nothing() {
    let world = World::new();
    let zk = world.client().await;
    let operator = world.client().await;
    zk.create("/result", "old").await.unwrap();
    let guard = warm_lock(&zk, "/locks/a").await.acquire().await.unwrap();
    zk.set("/result", "mine")
        .fenced_by(&guard.held())
        .await
        .unwrap();
    let held = guard.held();
    let delete = operator.delete(held.node()).submit();
    // Sent before the news of the deletion can arrive: the server refuses it.
    tokio::time::sleep(Duration::from_millis(1)).await;
    let error = zk
        .set("/result", "stale")
        .fenced_by(&held)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.fate()),
        (ErrorKind::LockLost, Fate::NotApplied)
    );
    delete.await.unwrap();
    settle().await;
    // Afterwards it is not even sent.
    let before = world.asked(zk.session_id().unwrap());
    let error = zk.create("/late", "").fenced_by(&held).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LockLost);
    let error = zk
        .multi()
        .set("/result", "stale", None)
        .fenced_by(&held)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LockLost);
    assert_eq!(world.asked(zk.session_id().unwrap()).all_since(&before), 0);
    assert_eq!(&zk.get("/result").await.unwrap().data[..], b"mine");
}

#[tokio::test(start_paused = true)]
async fn a_fenced_write_that_waits_while_its_session_expires_is_refused_as_of_a_lost_lock() {
    let world = World::new();
    let zk = world.client().await;
    let guard = warm_lock(&zk, "/locks/a").await.acquire().await.unwrap();
    world.hooks.refuse_connections(true);
    world.hooks.cut_all();
    settle().await;
    let write = zk.create("/a", "").fenced_by(&guard).submit();
    world.hooks.expire(zk.session_id().unwrap());
    world.hooks.refuse_connections(false);
    let error = write.await.unwrap_err();
    assert_eq!(
        (error.kind(), error.fate()),
        (ErrorKind::LockLost, Fate::NotApplied),
        "{error}"
    );
    assert!(
        error
            .to_string()
            .starts_with("the hold of /locks/a (token "),
        "{error}"
    );
}

/// Found by the simulation: the process stands still while its read of the contender ahead is under way, the answer is
/// lost, and the session is over before it goes on. The read is asked again in the next session, where it has no node.
#[tokio::test(start_paused = true)]
async fn a_waiter_that_stood_still_over_the_end_of_its_session_stands_again() {
    for polls in 1..12 {
        let world = World::new();
        let (zk, other) = (world.client().await, world.client().await);
        let holder = warm_lock(&other, "/locks/a").await.acquire().await.unwrap();
        let mutex = Mutex::new(&zk, "/locks/a").unwrap();
        let mut acquire = Box::pin(async move { mutex.acquire().await });
        for _ in 0..polls {
            let once = std::future::poll_fn(|cx| Poll::Ready(acquire.as_mut().poll(cx).is_ready()));
            assert!(!once.await);
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        world.hooks.expire(zk.session_id().unwrap());
        settle().await;
        settle().await;
        assert_eq!(zk.generation(), 2, "{polls}");
        let acquire = tokio::spawn(acquire);
        settle().await;
        holder.release().await.unwrap();
        let guard = tokio::time::timeout(Duration::from_secs(10), acquire).await;
        let guard = guard.unwrap_or_else(|_| panic!("it hangs after {polls} polls"));
        assert_eq!(
            world.left("/locks/a"),
            [guard.unwrap().unwrap().held().node()]
        );
    }
}
