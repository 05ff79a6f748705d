//! Connections come and go, the session stays; and when it ends, everybody learns it.

use std::time::Duration;

use zk_client::{Acl, ErrorKind, OnExpiry, State};

use crate::kit::{World, settle};

#[tokio::test(start_paused = true)]
async fn c79_goe37691e_b25_the_session_survives_broken_connections() {
    let world = World::new();
    let zk = world.client().await;
    let mut states = zk.watch_state();
    assert_eq!(
        states.changed().await,
        Some(State::Connected {
            generation: 1,
            read_only: false
        })
    );
    let session = zk.session_id();
    for _ in 0..20 {
        world.hooks.cut_all();
        assert_eq!(
            states.changed().await,
            Some(State::Suspended { generation: 1 })
        );
        assert_eq!(
            states.changed().await,
            Some(State::Connected {
                generation: 1,
                read_only: false
            })
        );
        zk.exists("/").await.unwrap();
    }
    assert_eq!((zk.session_id(), zk.generation()), (session, 1));
}

#[tokio::test(start_paused = true)]
async fn an_idle_session_lives_on_its_pings() {
    let world = World::new();
    let zk = world.client().await;
    let session = zk.session_id();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(zk.session_id(), session);
    assert_eq!(zk.stats().connections_lost, 0);
}

#[tokio::test(start_paused = true)]
async fn an_expired_session_is_replaced_and_counted() {
    let world = World::new();
    let zk = world.client().await;
    let mut states = zk.watch_state();
    states.changed().await;
    zk.create("/a", "")
        .mode(zk_client::CreateMode::Ephemeral)
        .await
        .unwrap();
    let first = zk.session_id().unwrap();
    world.hooks.expire(first);
    loop {
        if states.changed().await
            == Some(State::Connected {
                generation: 2,
                read_only: false,
            })
        {
            break;
        }
    }
    assert_ne!(zk.session_id(), Some(first));
    assert!(zk.exists("/a").await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn b08_a_client_told_to_stop_at_expiry_stops() {
    let world = World::new();
    let zk = world
        .builder()
        .on_expiry(OnExpiry::Stop)
        .connect()
        .await
        .unwrap();
    world.hooks.expire(zk.session_id().unwrap());
    settle().await;
    assert_eq!(zk.state(), State::Expired { generation: 1 });
    assert_eq!(
        zk.get("/").await.unwrap_err().kind(),
        ErrorKind::SessionExpired
    );
    settle().await;
    assert_eq!(world.hooks.connection_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn b08_a_client_that_stopped_at_expiry_is_closed_at_once_and_tells_no_more_states() {
    let world = World::new();
    let builder = world.builder().on_expiry(OnExpiry::Stop);
    let zk = builder.connect().await.unwrap();
    let mut states = zk.watch_state();
    world.hooks.expire(zk.session_id().unwrap());
    settle().await;
    let expired = State::Expired { generation: 1 };
    let start = tokio::time::Instant::now();
    zk.close().await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(zk.state(), expired);
    assert_eq!(states.changed().await, Some(expired));
    assert_eq!(states.changed().await, None);
}

#[tokio::test(start_paused = true)]
async fn zk375_go3449f0a_goff6eb7f_b86_credentials_are_presented_on_every_connection_before_requests()
 {
    let world = World::new();
    let zk = world
        .builder()
        .auth("digest", "alice:secret")
        .auth("digest", "bob:other")
        .connect()
        .await
        .unwrap();
    for (path, user, password) in [("/alice", "alice", "secret"), ("/bob", "bob", "other")] {
        zk.create(path, "")
            .acl([Acl::digest(user, password)])
            .await
            .unwrap();
    }
    for _ in 0..100 {
        world.hooks.cut_all();
        // Queued while suspended, so it leaves as early as anything can.
        zk.set("/alice", "x")
            .await
            .or_else(|e| {
                if e.kind() == ErrorKind::ConnectionLost {
                    Ok(Default::default())
                } else {
                    Err(e)
                }
            })
            .unwrap();
        zk.get("/bob").await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_credential_is_named_without_its_secret() {
    let world = World::new();
    let error = world
        .builder()
        .auth("nonsense", "secret")
        .connect()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AuthFailed);
    assert!(
        error
            .to_string()
            .starts_with("embedded:2181 refused the credentials of nonsense"),
        "{error}"
    );
    assert!(!format!("{error:?}").contains("secret"));
}
