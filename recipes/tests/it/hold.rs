//! The scoped form.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use zk_recipes::{HoldError, LockLostWhy, OnDoubt};

use crate::kit::{World, settle, warm_lock};

#[tokio::test(start_paused = true)]
async fn t4_work_runs_under_the_lock_which_is_free_when_it_returns() {
    let world = World::new();
    let zk = world.client().await;
    let mutex = warm_lock(&zk, "/locks/a").await;
    let (token, left) = mutex
        .hold(async |held| (held.token(), world.left("/locks/a").len()))
        .await
        .unwrap();
    assert!(token > 0);
    assert_eq!(left, 1);
    assert_eq!(
        world.left("/locks/a"),
        Vec::<String>::new(),
        "released before hold() returned"
    );
}

#[tokio::test(start_paused = true)]
async fn work_is_dropped_when_the_lock_is_lost() {
    let world = World::new();
    let zk = world.client().await;
    let operator = world.client().await;
    let mutex = warm_lock(&zk, "/locks/a").await;
    let held = mutex.hold(|held| {
        let delete = operator.delete(held.node()).submit();
        async move {
            delete.await.unwrap();
            std::future::pending::<()>().await;
        }
    });
    match held.await {
        Err(HoldError::Lost(lost)) => {
            assert_eq!(lost.why, LockLostWhy::NodeDeleted);
            assert_eq!(lost.path, "/locks/a");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn t8_work_is_dropped_in_doubt_unless_told_to_go_on() {
    for on_doubt in [OnDoubt::Stop, OnDoubt::Continue] {
        let world = World::new();
        let zk = world.client().await;
        let mutex = warm_lock(&zk, "/locks/a").await;
        let finished = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&finished);
        world.hooks.hold_commits(false);
        let hooks = world.hooks.clone();
        let timeout = zk.session_timeout();
        let held = mutex.acquire().on_doubt(on_doubt).hold(|_| async move {
            hooks.hold_commits(true);
            tokio::time::sleep(timeout * 2).await;
            hooks.hold_commits(false);
            end.store(true, Ordering::Relaxed);
        });
        let result = held.await;
        world.hooks.hold_commits(false);
        match on_doubt {
            OnDoubt::Continue => {
                result.unwrap();
                assert!(finished.load(Ordering::Relaxed));
            }
            _ => {
                assert!(matches!(result, Err(HoldError::Doubt { .. })), "{result:?}");
                assert!(!finished.load(Ordering::Relaxed));
            }
        }
        world.until_empty("/locks/a").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_hold_that_is_dropped_drops_its_work_and_releases() {
    let world = World::new();
    let zk = world.client().await;
    let mutex = warm_lock(&zk, "/locks/a").await;
    let work = mutex.hold(|_| std::future::pending::<()>());
    assert!(
        tokio::time::timeout(Duration::from_secs(1), work)
            .await
            .is_err()
    );
    settle().await;
    assert_eq!(world.left("/locks/a"), Vec::<String>::new());
}
