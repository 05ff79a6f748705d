//! The safe window through the whole library: it never outlasts what the server guarantees.

use std::time::Duration;

use tokio::time::Instant;
use zk_embedded::Match;
use zk_wire::OpCode;

use crate::kit::{World, settle, warm_lock};

#[tokio::test(start_paused = true)]
async fn a_hold_is_safe_all_the_time_on_a_healthy_link() {
    let world = World::new();
    let zk = world.client().await;
    let mutex = warm_lock(&zk, "/locks/a").await;
    let timeout = zk.session_timeout();
    tokio::time::sleep(timeout / 2).await;
    let guard = mutex.acquire().await.unwrap();
    // The create and one confirm after it complete the chain.
    settle().await;
    let start = Instant::now();
    while start.elapsed() < timeout * 20 {
        let left = guard.held().safe_for().expect("safe");
        // Until the confirms of this hold have replaced the pings before it, the window is shorter.
        if start.elapsed() > timeout {
            assert!(
                left > timeout / 5,
                "{left:?} left after {:?}",
                start.elapsed()
            );
        }
        assert!(left < timeout);
        tokio::time::sleep(Duration::from_millis(37)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_answers_pings_and_reads_but_commits_nothing_does_not_extend_the_window() {
    let world = World::new();
    let zk = world.client().await;
    let timeout = zk.session_timeout();
    let guard = warm_lock(&zk, "/locks/a").await.acquire().await.unwrap();
    tokio::time::sleep(timeout * 2).await;
    let held = guard.held();
    let until = held.safe_until().unwrap();
    world.hooks.hold_commits(true);
    let doubted = tokio::spawn(held.doubted());
    let cut = Instant::now();
    while cut.elapsed() < timeout * 3 {
        // Reads queue behind the confirm that waits on this connection, so the pings alone keep it up.
        tokio::time::sleep(timeout / 10).await;
        let now = held.safe_until().unwrap();
        // One confirm may have been under way.
        assert!(now <= until + timeout / 6, "extended by {:?}", now - until);
        assert!(held.is_held(), "nobody has said that it is lost");
        assert_eq!(held.is_safe(), now > zk.now());
    }
    assert!(zk.state().is_connected(), "the server answers pings");
    assert!(doubted.is_finished(), "the holder was told");
    world.hooks.hold_commits(false);
    settle().await;
    tokio::time::sleep(timeout).await;
    assert!(held.is_safe(), "fresh confirms dispel the doubt");
}

#[tokio::test(start_paused = true)]
async fn a_reply_delayed_by_80_percent_of_the_session_timeout_does_not_extend_the_window() {
    let world = World::new();
    let zk = world.client().await;
    let timeout = zk.session_timeout();
    let guard = warm_lock(&zk, "/locks/a").await.acquire().await.unwrap();
    tokio::time::sleep(timeout * 2).await;
    let held = guard.held();
    let delay = timeout * 4 / 5;
    world.hooks.on(Match::op(OpCode::Multi)).delay_reply(delay);
    let until = held.safe_until().unwrap();
    let start = Instant::now();
    let mut latest = until;
    while start.elapsed() < delay + timeout / 6 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        latest = latest.max(held.safe_until().unwrap());
        // Whatever is answered counts from when it was sent: never past one timeout from the last confirm that
        // could have been sent before the delay began.
        assert!(latest < zk.now() + timeout);
    }
    let allowed = until + timeout / 6 + timeout / 6;
    assert!(latest <= allowed, "extended by {:?}", latest - until);
}

#[tokio::test(start_paused = true)]
async fn a25_the_window_closes_before_the_server_deletes_the_node_of_a_silent_holder() {
    let world = World::new();
    let zk = world.client().await;
    let guard = warm_lock(&zk, "/locks/a").await.acquire().await.unwrap();
    tokio::time::sleep(zk.session_timeout() * 2).await;
    let held = guard.held();
    world.hooks.cut_session(zk.session_id().unwrap());
    world.hooks.refuse_connections(true);
    while held.is_safe() {
        assert!(
            world.hooks.node(held.node()).is_some(),
            "safe, but the node is gone"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(
        world.hooks.node(held.node()).is_some(),
        "it closes before, not after"
    );
}
