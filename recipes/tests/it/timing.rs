//! What an acquisition costs, in virtual time and requests.

use tokio::time::Instant;
use zk_wire::OpCode;

use crate::kit::{ROUND_TRIP, World, settle, warm_lock};

#[tokio::test(start_paused = true)]
async fn a_warm_acquire_takes_exactly_one_round_trip() {
    let world = World::new();
    let zk = world.client().await;
    let mutex = warm_lock(&zk, "/locks/a").await;
    for _ in 0..20 {
        let start = Instant::now();
        let guard = mutex.acquire().await.unwrap();
        assert_eq!(start.elapsed(), ROUND_TRIP);
        guard.release().await.unwrap();
        assert_eq!(start.elapsed(), ROUND_TRIP * 2);
    }
}

#[tokio::test(start_paused = true)]
async fn k06_a_try_acquire_takes_exactly_one_round_trip_whether_it_succeeds_or_not() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let mutex = warm_lock(&zk, "/locks/a").await;
    let start = Instant::now();
    let guard = mutex.try_acquire().await.unwrap().unwrap();
    assert_eq!(start.elapsed(), ROUND_TRIP);
    let refused = zk_recipes::Mutex::new(&other, "/locks/a").unwrap();
    let start = Instant::now();
    assert!(refused.try_acquire().await.unwrap().is_none());
    assert_eq!(start.elapsed(), ROUND_TRIP);
    settle().await;
    assert_eq!(world.left("/locks/a"), [guard.held().node()]);
}

#[tokio::test(start_paused = true)]
async fn an_uncontended_cycle_is_create_list_own_watch_and_delete() {
    let world = World::new();
    let zk = world.client().await;
    let mutex = warm_lock(&zk, "/locks/a").await;
    settle().await;
    let session = zk.session_id().unwrap();
    let before = world.asked(session);
    const CYCLES: u64 = 50;
    for _ in 0..CYCLES {
        mutex.acquire().await.unwrap().release().await.unwrap();
    }
    settle().await;
    let after = world.asked(session);
    for op in [
        OpCode::Create2,
        OpCode::GetChildren,
        OpCode::GetData,
        OpCode::Delete,
    ] {
        assert_eq!(after.since(&before, op), CYCLES, "{}", op.name());
    }
    // Its own writes confirm the session: a multi of checks is for longer holds.
    assert_eq!(after.since(&before, OpCode::Multi), 0);
    assert_eq!(after.all_since(&before), CYCLES * 4);
}

#[tokio::test(start_paused = true)]
async fn a_held_lock_costs_one_small_write_per_sixth_of_the_session_timeout() {
    let world = World::new();
    let zk = world.client().await;
    let mutex = warm_lock(&zk, "/locks/a").await;
    let guard = mutex.acquire().await.unwrap();
    let session = zk.session_id().unwrap();
    let timeout = zk.session_timeout();
    tokio::time::sleep(timeout).await;
    let before = world.asked(session);
    tokio::time::sleep(timeout * 10).await;
    let after = world.asked(session);
    let confirms = after.since(&before, OpCode::Multi);
    assert!(
        (58..=61).contains(&confirms),
        "{confirms} confirms in ten session timeouts"
    );
    assert!(guard.held().is_safe());
}
