//! The end of a client, from several sides at once.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::timeout;
use zk_client::{ErrorCode, ErrorKind, OnExpiry, State};
use zk_embedded::Match;
use zk_wire::OpCode;

use super::links::Links;
use super::soon;
use crate::kit::{World, settle};

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

/// The handle is still there: whatever ran for it has gone all the same.
#[tokio::test(start_paused = true)]
async fn zk795_zk3059_zk4367_every_end_of_a_session_leaves_no_task() {
    let world = World::new();
    settle().await;
    let before = tasks();
    let builder = || {
        world
            .builder()
            .auth("digest", "user:secret")
            .on_expiry(OnExpiry::Stop)
    };

    let expired = builder().connect().await.unwrap();
    world.hooks.expire(expired.session_id().unwrap());
    settle().await;
    assert_eq!(expired.state(), State::Expired { generation: 1 });
    assert_eq!(tasks(), before);

    let refused = builder().connect().await.unwrap();
    let refusal = world
        .hooks
        .on(Match::op(OpCode::Auth))
        .error(ErrorCode::AuthFailed);
    world.hooks.cut_all();
    settle().await;
    assert_eq!(refused.state(), State::AuthFailed);
    assert_eq!(tasks(), before);
    world.hooks.remove(refusal);

    let closed = builder().connect().await.unwrap();
    closed.close().await.unwrap();
    settle().await;
    assert_eq!(tasks(), before);
    drop((expired, refused, closed));
}

#[tokio::test(start_paused = true)]
async fn goecf024c_go7f9aac4_go463724b_b30_closes_at_the_same_time_all_end_and_so_does_work_after_them()
 {
    let world = World::new();
    for silent in [false, true] {
        let (transport, link) = Links::to(&world);
        let zk = world
            .builder()
            .transport(transport)
            .connect()
            .await
            .unwrap();
        link.deaf.store(silent, Relaxed);
        let reads: Vec<_> = (0..50)
            .map(|_| {
                let zk = zk.clone();
                tokio::spawn(async move { zk.get("/").await.map(drop) })
            })
            .collect();
        let closes: Vec<_> = (0..10)
            .map(|_| {
                let zk = zk.clone();
                tokio::spawn(async move { zk.close().await })
            })
            .collect();
        for close in closes {
            let ended = timeout(Duration::from_secs(4), close).await;
            ended.expect("it hangs").unwrap().unwrap();
        }
        for read in reads {
            let ended = timeout(Duration::from_millis(1), read).await;
            let ended = ended.expect("it hangs").unwrap();
            assert_eq!(ended.is_err(), silent, "{ended:?}");
        }
        let late = timeout(Duration::from_millis(1), zk.get("/")).await;
        assert_eq!(late.unwrap().unwrap_err().kind(), ErrorKind::Closed);
        timeout(Duration::from_millis(1), zk.close())
            .await
            .unwrap()
            .unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn rs34b85ff_streams_outlive_their_client_and_end() {
    let world = World::new();
    let zk = world.client().await;
    let mut states = zk.watch_state();
    states.changed().await;
    let (_, mut watch) = zk.exists("/a").watch().await.unwrap();
    drop(zk);
    assert_eq!(soon(states.changed()).await, Some(State::Closed));
    assert_eq!(states.changed().await, None);
    assert_eq!(states.current(), State::Closed);
    while let Some(event) = watch.next().await {
        assert!(!matches!(event, zk_client::WatchEvent::Fired { .. }));
    }
    assert_eq!(watch.next().await, None);
}
