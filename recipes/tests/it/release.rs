//! What a release tells when answers are lost, and when the lock was lost just before.

use std::time::Duration;

use zk_embedded::Match;
use zk_recipes::{HoldError, LockLostWhy};
use zk_wire::OpCode;

use crate::kit::{World, warm_lock};

#[tokio::test(start_paused = true)]
async fn a_release_whose_answer_was_lost_held_the_lock_to_the_end() {
    let world = World::new();
    let zk = world.client().await;
    let guard = warm_lock(&zk, "/locks/a").await.acquire().await.unwrap();
    let cut = world.hooks.on(Match::op(OpCode::Delete)).cut_after_apply();
    assert!(guard.release().await.unwrap().was_held);
    assert_eq!(world.hooks.fired(cut), 1);
    assert_eq!(world.left("/locks/a"), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn work_whose_release_is_cut_counts_as_done() {
    let world = World::new();
    let zk = world.client().await;
    let mutex = warm_lock(&zk, "/locks/a").await;
    for cut_after in [false, true] {
        let cut = world.hooks.on(Match::op(OpCode::Delete).nth(1));
        let cut = if cut_after {
            cut.cut_after_apply()
        } else {
            cut.cut_before_apply()
        };
        assert_eq!(mutex.hold(|_| async { 7 }).await.unwrap(), 7);
        assert_eq!(world.hooks.fired(cut), 1);
        world.hooks.clear();
    }
}

#[tokio::test(start_paused = true)]
async fn a_lock_lost_just_before_its_release_is_told_as_lost() {
    let world = World::new();
    let (zk, operator) = (world.client().await, world.client().await);
    let mutex = warm_lock(&zk, "/locks/a").await;
    let error = mutex
        .hold(|held| async move {
            let deleted = operator.delete(held.node()).submit();
            // The node goes after 5 ms; the news of it takes 5 ms more.
            tokio::time::sleep(Duration::from_millis(7)).await;
            drop(deleted);
        })
        .await
        .unwrap_err();
    let HoldError::Lost(lost) = error else {
        panic!("{error}");
    };
    assert_eq!(lost.why, LockLostWhy::NodeDeleted);
}

#[tokio::test(start_paused = true)]
async fn a_loss_that_is_waited_for_does_not_keep_the_session_after_the_release() {
    let world = World::new();
    let zk = world.client().await;
    let mutex = warm_lock(&zk, "/locks/a").await;
    let guard = mutex.acquire().await.unwrap();
    let lost = tokio::spawn(guard.lost());
    guard.release().await.unwrap();
    drop((zk, mutex));
    world.hooks.until(|core| core.sessions().is_empty()).await;
    assert!(!lost.is_finished(), "a released lock is never lost");
}
