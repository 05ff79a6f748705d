//! On a paused clock everything takes exactly as long as it should.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use zk_embedded::{Match, PipeServer};
use zk_wire::{CreateMode, OpCode, Request};

use crate::client::{Client, create, exists, get};

const LATENCY: Duration = Duration::from_millis(5);
const ROUND_TRIP: Duration = Duration::from_millis(10);

fn server() -> PipeServer {
    PipeServer::builder().latency(LATENCY).in_memory()
}

#[tokio::test(start_paused = true)]
async fn a_request_is_answered_after_exactly_one_round_trip() {
    let server = server();
    let started = Instant::now();
    let mut client = Client::over_pipe(&server).await;
    assert_eq!(started.elapsed(), ROUND_TRIP, "the handshake");
    for round in 2..10 {
        client
            .call(&create("/n-", CreateMode::PersistentSequential))
            .await
            .unwrap();
        assert_eq!(started.elapsed(), ROUND_TRIP * round);
    }
}

#[tokio::test(start_paused = true)]
async fn pipelined_requests_share_the_round_trip() {
    let server = server();
    let mut client = Client::over_pipe(&server).await;
    let started = Instant::now();
    let requests: Vec<Request> = (0..100)
        .map(|_| create("/n-", CreateMode::PersistentSequential))
        .collect();
    client.send(&requests[..50]).await.unwrap();
    sleep(Duration::from_millis(3)).await;
    client.send(&requests[50..]).await.unwrap();
    for (at, request) in requests.iter().enumerate() {
        client.reply(request).await.unwrap().1.unwrap();
        let late = if at < 50 { 0 } else { 3 };
        assert_eq!(started.elapsed(), ROUND_TRIP + Duration::from_millis(late));
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_arrives_with_the_reply_to_its_cause() {
    let server = server();
    let mut watcher = Client::over_pipe(&server).await;
    let mut writer = Client::over_pipe(&server).await;
    watcher.call(&exists("/a", true)).await.unwrap_err();
    let started = Instant::now();
    let (event, created) = tokio::join!(
        async { (watcher.event().await, started.elapsed()) },
        async {
            writer
                .call(&create("/a", CreateMode::Persistent))
                .await
                .unwrap();
            started.elapsed()
        }
    );
    assert_eq!(event.0.path, "/a");
    assert_eq!((event.1, created), (ROUND_TRIP, ROUND_TRIP));
}

#[tokio::test(start_paused = true)]
async fn a_session_expires_in_virtual_time_and_not_in_real_time() {
    let server = server();
    let mut client = Client::over_pipe(&server).await;
    let started = Instant::now();
    client.hung_up().await;
    // Created at 5 ms for 10 s: the next tick after that is 10.5 s; hung up 5 ms later for the client.
    assert_eq!(started.elapsed(), Duration::from_millis(10_500 + 5 - 10));
    assert!(server.hooks().sessions().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_delay_is_added_to_the_round_trip_and_nothing_else_is() {
    let server = server();
    let mut client = Client::over_pipe(&server).await;
    let delay = Duration::from_millis(400);
    let rule = server
        .hooks()
        .on(Match::op(OpCode::GetData))
        .delay_reply(delay);
    let started = Instant::now();
    client.call(&get("/", false)).await.unwrap();
    assert_eq!(started.elapsed(), ROUND_TRIP + delay);
    assert_eq!(server.hooks().fired(rule), 1);
}

#[tokio::test(start_paused = true)]
async fn an_idle_server_sets_no_timer() {
    let server = server();
    let client = Client::over_pipe(&server).await;
    drop(client);
    let hooks = server.hooks();
    hooks.until(|core| core.sessions().is_empty()).await;
    assert_eq!(hooks.connection_count(), 0);
    let idle = hooks.until(|core| core.poll_timeout().is_none());
    tokio::time::timeout(Duration::ZERO, idle).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_latency_can_change_under_way() {
    let server = server();
    let mut client = Client::over_pipe(&server).await;
    server.set_latency(Duration::ZERO);
    let started = Instant::now();
    client.call(&get("/", false)).await.unwrap();
    assert_eq!(started.elapsed(), Duration::ZERO);
}
