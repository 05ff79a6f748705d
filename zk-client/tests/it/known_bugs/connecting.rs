//! Getting a session.

use std::time::Duration;

use zk_client::{CreateMode, ErrorKind, PipeTransport};
use zk_embedded::PipeServer;

use crate::kit::World;

#[tokio::test(start_paused = true)]
async fn b07_a_client_that_is_one_too_many_gets_in_when_another_has_left() {
    let server = PipeServer::builder().configure(|config| config.max_connections = 2);
    let server = server.in_memory();
    let client = || {
        let transport = std::sync::Arc::new(PipeTransport::to(&server));
        let clock = std::sync::Arc::new(zk_client::TokioClock::new());
        let builder = zk_client::Client::builder("embedded");
        builder.transport(transport).clock(clock).connect()
    };
    let (first, _second) = (client().await.unwrap(), client().await.unwrap());
    let third = tokio::spawn(client());
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!third.is_finished());
    assert_eq!(server.hooks().connection_count(), 2);
    first.close().await.unwrap();
    let third = third.await.unwrap().unwrap();
    third.create("/a", "").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn zk466_an_empty_credential_is_refused_or_accepted_but_ends_nobody_else() {
    let world = World::new();
    let other = world.client().await;
    for (scheme, auth) in [
        ("digest", ""),
        ("digest", ":"),
        ("digest", "user:"),
        ("", ""),
    ] {
        let connect = world.builder().auth(scheme, auth).connect().await;
        match connect {
            Ok(zk) => zk
                .create("/a", "")
                .mode(CreateMode::Ephemeral)
                .await
                .map(drop)
                .unwrap(),
            Err(error) => assert_eq!(error.kind(), ErrorKind::AuthFailed, "{scheme}:{auth}"),
        }
    }
    other.exists("/").await.unwrap();
    assert_eq!(other.stats().connections_lost, 0);
}

#[tokio::test(start_paused = true)]
async fn zk4296_zk4514_a_client_may_be_closed_at_any_moment_of_a_handshake() {
    let world = World::new();
    for moment in 0..60 {
        let zk = world.client().await;
        world.hooks.cut_all();
        tokio::time::sleep(Duration::from_micros(500 * moment)).await;
        zk.close().await.unwrap();
        assert_eq!(world.hooks.sessions(), [], "closed after {moment} × 0.5 ms");
        assert_eq!(zk.get("/").await.unwrap_err().kind(), ErrorKind::Closed);
    }
}
