//! Connections that fail, and what is left of them.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use zk_client::{CreateMode, ErrorKind, Fate, State};

use super::links::Links;
use crate::kit::{World, settle};

#[tokio::test(start_paused = true)]
async fn zk1753_zk1174_zk3112_zk4736_zk1494_a_thousand_failed_attempts_leave_no_connection_open() {
    let world = World::new();
    let (transport, state) = Links::to(&world);
    let zk = world
        .builder()
        .transport(transport)
        .connect()
        .await
        .unwrap();
    // Servers that hang up at once, then such that never answer.
    world.hooks.refuse_connections(true);
    world.hooks.cut_all();
    let attempts = |wanted| {
        let state = Arc::clone(&state);
        async move {
            while state.dials.load(Relaxed) < wanted {
                sleep(Duration::from_secs(10)).await;
                assert!(state.open.load(Relaxed) <= 1);
            }
        }
    };
    attempts(1_000).await;
    state.black_hole.store(true, Relaxed);
    attempts(1_100).await;
    state.black_hole.store(false, Relaxed);
    world.hooks.refuse_connections(false);
    // What waits learns that the session has ended meanwhile.
    assert_eq!(
        zk.exists("/").await.unwrap_err().kind(),
        ErrorKind::SessionExpired
    );
    zk.exists("/").await.unwrap();
    assert_eq!(state.open.load(Relaxed), 1);
    assert_eq!(world.hooks.connection_count(), 1);
    zk.close().await.unwrap();
    settle().await;
    assert_eq!(state.open.load(Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn zk4210_b34_a_write_that_fails_is_a_lost_connection_for_all_that_was_sent_and_no_other() {
    let world = World::new();
    let (transport, state) = Links::to(&world);
    let zk = world
        .builder()
        .transport(transport)
        .connect()
        .await
        .unwrap();
    state.writes_fail.store(true, Relaxed);
    let sent: Vec<_> = (0..20)
        .map(|n| zk.create(&format!("/{n}"), "").submit())
        .collect();
    for create in sent {
        let error = create.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionLost);
        assert_eq!(error.fate(), Fate::Unknown);
    }
    assert!(
        matches!(zk.state(), State::Suspended { .. }),
        "{}",
        zk.state()
    );
    let waits = zk.create("/later", "").submit();
    state.writes_fail.store(false, Relaxed);
    waits.await.unwrap();
    assert_eq!(world.hooks.paths(), ["/later"]);
    assert_eq!((zk.generation(), state.open.load(Relaxed)), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn zk1576_zk3095_b19_a_name_that_cannot_be_resolved_does_not_keep_from_the_next() {
    let world = World::new();
    for ensemble in [
        "bogus,embedded",
        "embedded,bogus",
        "bogus,bogus:2182,embedded",
    ] {
        let (transport, _) = Links::to(&world);
        let builder = world.builder_of(ensemble).transport(transport);
        let begun = tokio::time::Instant::now();
        let zk = builder.connect().await.unwrap();
        assert!(begun.elapsed() < Duration::from_secs(1), "{ensemble}");
        assert_eq!(zk.server().as_deref(), Some("embedded:2181"));
        world.hooks.cut_all();
        zk.exists("/a").await.unwrap();
        zk.create("/a", "")
            .mode(CreateMode::Ephemeral)
            .await
            .unwrap();
        zk.close().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn zk63_zk846_zk3706_b28_a_close_ends_in_time_in_every_state_and_leaves_nothing() {
    let tasks = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    for state in [
        "connected",
        "silent",
        "refused",
        "black hole",
        "expired",
        "handshake",
    ] {
        let world = World::new();
        settle().await;
        let before = tasks();
        let (transport, link) = Links::to(&world);
        let zk = world
            .builder()
            .transport(transport)
            .connect()
            .await
            .unwrap();
        match state {
            "silent" => link.deaf.store(true, Relaxed),
            "refused" => world.hooks.refuse_connections(true),
            "black hole" => link.black_hole.store(true, Relaxed),
            "expired" => drop(world.hooks.expire(zk.session_id().unwrap())),
            _ => {}
        }
        let pending = zk.create("/pending", "").submit();
        if !matches!(state, "connected" | "silent") {
            world.hooks.cut_all();
        }
        if state != "handshake" {
            settle().await;
        }
        let close = timeout(Duration::from_millis(3_100), zk.close()).await;
        close.expect(state).unwrap();
        let answer = timeout(Duration::from_millis(1), pending).await;
        answer.expect(state).ok();
        drop(zk);
        settle().await;
        assert_eq!(tasks(), before, "{state}");
        assert_eq!(link.open.load(Relaxed), 0, "{state}");
    }
}
