//! Defects that other clients had: each by its id in `docs/defects.md`.

use std::future::IntoFuture;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};
use zk_client::{Acl, Client, CreateMode, ErrorCode, ErrorKind, Fate, OnExpiry, State};
use zk_embedded::Match;
use zk_wire::OpCode;

use crate::kit::{World, settle};

/// Everything that may be asked, queued while there is no connection.
#[tokio::test(start_paused = true)]
async fn c68_c69_k24_a_close_ends_every_pending_call_within_its_grace() {
    let world = World::new();
    let zk = world.client().await;
    zk.create("/a", "").await.unwrap();
    world.hooks.refuse_connections(true);
    world.hooks.cut_all();
    settle().await;
    let mut pending = Vec::new();
    for n in 0..50 {
        let create = zk.create(&format!("/a/{n}"), "").submit();
        let get = zk.get("/a").submit();
        pending.push(tokio::spawn(async { create.await.map(drop) }));
        pending.push(tokio::spawn(async { get.await.map(drop) }));
    }
    let parents = zk.create("/x/y/z", "").parents();
    pending.push(tokio::spawn(async { parents.await.map(drop) }));
    settle().await;
    zk.close().await.unwrap();
    for call in pending {
        let ended = timeout(Duration::from_secs(1), call).await;
        let error = ended.expect("it hangs").unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed);
        assert_eq!(error.fate(), Fate::NotApplied);
    }
    assert_eq!(world.hooks.paths(), ["/a"]);
}

#[tokio::test(start_paused = true)]
async fn c72_a_path_that_begins_like_the_chroot_is_not_shortened_twice() {
    let world = World::new();
    let zk = world.client().await;
    zk.create("/ns/ns", "").parents().await.unwrap();
    let inside = zk.chroot("/ns").unwrap();
    let created = inside.create("/ns/x", "").await.unwrap();
    assert_eq!(created.path, "/ns/x");
    assert!(world.hooks.node("/ns/ns/x").is_some());
}

#[tokio::test(start_paused = true)]
async fn c73_fifty_creates_that_need_the_same_parents_all_succeed() {
    let world = World::new();
    let clients = [world.client().await, world.client().await];
    let creates: Vec<_> = (0..50)
        .map(|n| {
            let create = clients[n % 2].create(&format!("/p/q/r/{n}"), "").parents();
            tokio::spawn(create.into_future())
        })
        .collect();
    for create in creates {
        create.await.unwrap().unwrap();
    }
    assert_eq!(clients[0].children("/p/q/r").await.unwrap().len(), 50);
}

#[tokio::test(start_paused = true)]
async fn c70_c74_parents_are_made_below_closed_ancestors_or_refused_once() {
    let world = World::new();
    let zk = world.client().await;
    zk.create("/app", "").await.unwrap();
    zk.set_acl("/", [Acl::read_only()]).await.unwrap();
    zk.create("/app/a/b/c", "").parents().await.unwrap();
    let asked = world.hooks.count(OpCode::Create2);
    let error = zk.create("/other/a/b", "").parents().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoAuth);
    assert!(world.hooks.count(OpCode::Create2) - asked <= 3);
}

#[tokio::test(start_paused = true)]
async fn c82_session_timeouts_of_any_length_are_negotiated() {
    let world = World::new();
    for timeout in [
        Duration::ZERO,
        Duration::from_millis(u64::from(u32::MAX)),
        Duration::MAX,
    ] {
        let builder = world.builder().session_timeout(timeout);
        let zk = builder.connect().await.unwrap();
        zk.create("/a", "").await.unwrap();
        sleep(Duration::from_secs(60)).await;
        zk.delete("/a").await.unwrap();
        assert_eq!(zk.generation(), 1, "asked for {timeout:?}");
        zk.close().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn c84_clients_that_come_and_go_leave_nothing_running() {
    let world = World::new();
    settle().await;
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    for n in 0..1000 {
        let zk = world.client().await;
        let (_, _watch) = zk.exists("/a").watch().await.unwrap();
        if n % 2 == 0 {
            zk.close().await.unwrap();
        }
    }
    settle().await;
    assert_eq!(tasks(), before);
    assert_eq!(world.hooks.connection_count(), 0);
    assert_eq!(world.hooks.sessions(), []);
    assert_eq!(world.hooks.watch_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn k26_a_client_whose_credentials_are_refused_on_a_reconnect_stops_and_closes() {
    let world = World::new();
    let builder = world.builder().auth("digest", "user:secret");
    let zk = builder.connect().await.unwrap();
    let refusal = Match::op(OpCode::Auth).always();
    world.hooks.on(refusal).error(ErrorCode::AuthFailed);
    world.hooks.cut_all();
    let waiting = zk.get("/a").await.unwrap_err();
    assert_eq!(waiting.kind(), ErrorKind::AuthFailed);
    assert_eq!(zk.state(), State::AuthFailed);
    let closed = timeout(Duration::from_secs(1), zk.close()).await;
    closed.expect("it hangs").unwrap();
    let error = zk.get("/a").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AuthFailed);
}

#[tokio::test(start_paused = true)]
async fn a26_the_last_of_many_states_reaches_a_listener_that_slept() {
    let world = World::new();
    let builder = world.builder().on_expiry(OnExpiry::Stop);
    let zk = builder.connect().await.unwrap();
    let mut states = zk.watch_state();
    for _ in 0..100 {
        world.hooks.cut_all();
        sleep(Duration::from_secs(2)).await;
        assert!(zk.state().is_connected());
    }
    world.hooks.expire(zk.session_id().unwrap());
    sleep(Duration::from_secs(2)).await;
    let state = states.changed().await;
    assert_eq!(state, Some(State::Expired { generation: 1 }));
}

#[tokio::test(start_paused = true)]
async fn a27_a_multi_whose_answer_was_lost_is_unknown_and_not_sent_again() {
    let world = World::new();
    let zk = world.client().await;
    world.hooks.on(Match::op(OpCode::Multi)).cut_after_apply();
    let multi = zk.multi().create("/a", "", CreateMode::Persistent);
    let error = multi.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionLost);
    assert_eq!(error.fate(), Fate::Unknown);
    assert_eq!(world.hooks.count(OpCode::Multi), 1);
    assert!(world.hooks.node("/a").is_some());
}

/// Replies fill the link for three session timeouts.
#[tokio::test(start_paused = true)]
async fn k19_a_flood_of_replies_does_not_cost_the_session() {
    let world = World::new();
    let zk = world.client().await;
    zk.create("/large", vec![7; 100_000]).await.unwrap();
    let until = tokio::time::Instant::now() + zk.session_timeout() * 3;
    let flood = async |zk: Client| {
        while tokio::time::Instant::now() < until {
            let reads: Vec<_> = (0..8).map(|_| zk.get("/large").submit()).collect();
            for read in reads {
                assert_eq!(read.await.unwrap().data.len(), 100_000);
            }
            // The next burst comes when a ping is about to be due.
            sleep(Duration::from_millis(500)).await;
        }
    };
    flood(zk.clone()).await;
    assert_eq!(zk.generation(), 1);
    assert_eq!(zk.stats().connections_lost, 0);
}

/// C80: the thread of events had died of a listener's error, and nothing could end the session any more.
#[tokio::test(start_paused = true)]
async fn c80_a_listener_that_panics_takes_neither_events_nor_states_from_others() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    zk.create("/a", "").await.unwrap();
    let (_, mut first) = zk.get("/a").watch().await.unwrap();
    let mut states = zk.watch_state();
    let dies = tokio::spawn(async move {
        first.next().await;
        std::panic::resume_unwind(Box::new("a listener failed"));
    });
    let dies_too = tokio::spawn(async move {
        states.changed().await;
        std::panic::resume_unwind(Box::new("a listener failed"));
    });
    let (_, mut second) = zk.get("/a").watch().await.unwrap();
    let mut states = zk.watch_state();
    other.set("/a", "1").await.unwrap();
    assert!(second.next().await.is_some());
    assert!(dies.await.unwrap_err().is_panic());
    world.hooks.expire(zk.session_id().unwrap());
    let wanted = State::Connected {
        generation: 2,
        read_only: false,
    };
    while states.changed().await != Some(wanted) {}
    assert!(dies_too.await.unwrap_err().is_panic());
    assert_eq!(zk.get("/a").await.unwrap().data, "1");
}

/// C81: while the outage lasted, session after session was ended.
#[tokio::test(start_paused = true)]
async fn c81_an_outage_of_many_session_timeouts_ends_one_session() {
    let world = World::new();
    let zk = world.client().await;
    let mut states = zk.watch_state();
    let told = tokio::spawn(async move {
        let mut expired = 0;
        while let Some(state) = states.changed().await {
            expired += usize::from(matches!(state, State::Expired { .. }));
            if matches!(state, State::Connected { generation: 2, .. }) {
                break;
            }
        }
        expired
    });
    world.hooks.refuse_connections(true);
    world.hooks.cut_all();
    sleep(zk.session_timeout() * 20).await;
    world.hooks.refuse_connections(false);
    let told = timeout(Duration::from_secs(60), told).await;
    let expired = told.expect("it never came back").unwrap();
    assert!(expired <= 1, "{expired}");
    assert_eq!(zk.generation(), 2);
    assert_eq!(world.hooks.sessions().len(), 1);
}

/// K17: watches that came or went while the others were set again were lost, or broke the loop that did it.
#[tokio::test(start_paused = true)]
async fn k17_watches_that_come_and_go_while_others_are_set_again_fire_once_each() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    zk.create("/k", "").await.unwrap();
    for n in 0..60 {
        zk.create(&format!("/k/{n}"), "").await.unwrap();
    }
    for pause in 0..40 {
        let mut stay = Vec::new();
        let mut go = Vec::new();
        for n in 0..40 {
            let (_, watch) = zk.get(&format!("/k/{n}")).watch().await.unwrap();
            if n % 2 == 0 {
                stay.push(watch);
            } else {
                go.push(watch);
            }
        }
        world.hooks.cut_session(zk.session_id().unwrap());
        // Somewhere between the end of the connection and the answer to the request that sets them again.
        sleep(Duration::from_millis(pause)).await;
        drop(go);
        let come: Vec<_> = (40..60)
            .map(|n| zk.get(&format!("/k/{n}")).watch().submit())
            .collect();
        for watch in come {
            stay.push(watch.await.unwrap().1);
        }
        settle().await;
        assert_eq!(zk.stats().watches, stay.len(), "{pause} ms");
        assert_eq!(world.hooks.watch_count(), stay.len(), "{pause} ms");
        for n in 0..60 {
            other.set(&format!("/k/{n}"), "").await.unwrap();
        }
        for mut watch in stay {
            let event = timeout(Duration::from_secs(1), watch.next()).await;
            assert!(matches!(
                event.expect("it is lost"),
                Some(zk_client::WatchEvent::Fired { .. })
            ));
            assert_eq!(watch.next().await, None, "once");
        }
        assert_eq!(world.hooks.watch_count(), 0);
    }
}
