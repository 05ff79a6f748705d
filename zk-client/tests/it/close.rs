//! The end of a client.

use std::time::Duration;

use zk_client::{CreateMode, ErrorKind, State};
use zk_embedded::PipeServer;

use crate::kit::{World, settle};

#[tokio::test(start_paused = true)]
async fn t21_close_ends_the_session_on_the_server_after_everything_queued() {
    let world = World::new();
    let zk = world.client().await;
    zk.create("/mine", "")
        .mode(CreateMode::Ephemeral)
        .await
        .unwrap();
    let last = zk.create("/last", "").submit();
    zk.close().await.unwrap();
    last.await.unwrap();
    assert_eq!(world.hooks.paths(), ["/last"]);
    assert_eq!(world.hooks.sessions(), []);
    assert_eq!(zk.state(), State::Closed);
    let error = zk.get("/last").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    assert_eq!(
        error.to_string(),
        "cannot read /last: the client is closed; it was not sent"
    );
    zk.close().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn close_without_a_connection_ends_within_the_grace() {
    let world = World::new();
    let zk = world.client().await;
    world.hooks.refuse_connections(true);
    world.hooks.cut_all();
    settle().await;
    let start = tokio::time::Instant::now();
    zk.close().await.unwrap();
    assert!(
        start.elapsed() <= Duration::from_secs(3),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn zk2368_a_state_stream_ends_with_closed() {
    let world = World::new();
    let zk = world.client().await;
    let mut states = zk.watch_state();
    zk.close().await.unwrap();
    assert_eq!(states.changed().await, Some(State::Closed));
    assert_eq!(states.changed().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_connect_that_is_dropped_leaves_no_session() {
    for polls in 1..6_u64 {
        let world = World::new();
        {
            let mut connect = Box::pin(world.builder().connect());
            let limit = Duration::from_millis(3 * polls);
            let _ = tokio::time::timeout(limit, &mut connect).await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(world.hooks.sessions(), [], "dropped after {polls}");
        assert_eq!(world.hooks.connection_count(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_does_not_hang_its_clients() {
    let server = PipeServer::builder().in_memory();
    let transport = std::sync::Arc::new(zk_client::PipeTransport::to(&server));
    let zk = zk_client::Client::builder("embedded")
        .transport(transport)
        .clock(std::sync::Arc::new(zk_client::TokioClock::new()))
        .connect()
        .await
        .unwrap();
    server.shutdown().await;
    let error = zk.create("/a", "").await.unwrap_err();
    assert!(
        matches!(
            error.kind(),
            ErrorKind::TimedOut | ErrorKind::ConnectionLost
        ),
        "{error}"
    );
    zk.close().await.unwrap();
}
