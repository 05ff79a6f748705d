//! Hooks on a running server.

use std::io;
use std::time::Duration;

use zk_embedded::{EmbeddedServer, Match, PipeServer};
use zk_wire::{CreateMode, ErrorCode, OpCode, Request};

use crate::client::{Client, create, exists, get};

#[tokio::test]
async fn a_create_whose_answer_was_lost_has_happened() {
    let server = PipeServer::builder().in_memory();
    let hooks = server.hooks();
    let mut client = Client::over_pipe(&server).await;
    hooks
        .on(Match::op(OpCode::Create2).path("/lock-"))
        .cut_after_apply();
    let request = create("/lock-", CreateMode::EphemeralSequential);
    client.send(std::slice::from_ref(&request)).await.unwrap();
    let lost = client.reply(&request).await.unwrap_err();
    assert_eq!(lost.kind(), io::ErrorKind::UnexpectedEof);
    assert_eq!(hooks.paths(), ["/lock-0000000000"]);
    let mut again = client.resume(&server).await.unwrap();
    assert_eq!(again.id(), client.id());
    assert!(again.call(&exists("/lock-0000000000", false)).await.is_ok());
}

#[tokio::test]
async fn hooks_reach_clients_that_are_waiting() {
    let server = EmbeddedServer::builder().start().await.unwrap();
    let hooks = server.hooks();
    let mut held = Client::over_tcp(&server).await;
    let mut doomed = Client::over_tcp(&server).await;
    hooks.hold_commits(true);
    let write = create("/a", CreateMode::Persistent);
    held.send(&[write.clone(), Request::Ping]).await.unwrap();
    assert!(
        held.reply(&Request::Ping).await.unwrap().1.is_ok(),
        "pings are answered"
    );
    hooks.until(|core| core.held_commits() == 1).await;
    assert!(hooks.paths().is_empty());
    hooks.hold_commits(false);
    assert!(held.reply(&write).await.unwrap().1.is_ok());
    assert!(hooks.expire(doomed.id()));
    doomed.hung_up().await;
    hooks.cut_all();
    held.hung_up().await;
    hooks.until(|core| core.connection_count() == 0).await;
    assert_eq!(hooks.sessions().len(), 1);
}

#[tokio::test]
async fn requests_of_one_operation_can_be_counted() {
    let server = PipeServer::builder().in_memory();
    let hooks = server.hooks();
    let mut client = Client::over_pipe(&server).await;
    let before = hooks.counts();
    client
        .call(&create("/a", CreateMode::Persistent))
        .await
        .unwrap();
    client.call(&get("/a", true)).await.unwrap();
    client.call(&get("/a", true)).await.unwrap();
    let since = |op| hooks.count(op) - before.get(&op).copied().unwrap_or(0);
    assert_eq!((since(OpCode::Create2), since(OpCode::GetData)), (1, 2));
    assert_eq!(since(OpCode::CreateSession), 0);
    assert_eq!(hooks.counts_of(client.id())[&OpCode::GetData], 2);
    assert_eq!(hooks.watch_count(), 1);
    let ops: Vec<_> = hooks
        .drain_log()
        .into_iter()
        .filter_map(|record| record.op)
        .collect();
    assert_eq!(
        ops,
        [
            OpCode::CreateSession,
            OpCode::Create2,
            OpCode::GetData,
            OpCode::GetData
        ]
    );
}

#[tokio::test]
async fn refused_connections_fail_on_both_faces_and_open_ones_stay() {
    let tcp = EmbeddedServer::builder().start().await.unwrap();
    let pipe = PipeServer::builder().in_memory();
    let mut open = Client::over_tcp(&tcp).await;
    tcp.hooks().refuse_connections(true);
    pipe.hooks().refuse_connections(true);
    assert_eq!(
        pipe.connect().unwrap_err().kind(),
        io::ErrorKind::ConnectionRefused
    );
    let stream = tokio::net::TcpStream::connect(tcp.addr()).await.unwrap();
    assert!(
        Client::shake(stream, &crate::client::hello(1000))
            .await
            .is_err()
    );
    assert!(open.call(&get("/", false)).await.is_ok());
    pipe.hooks().refuse_connections(false);
    Client::over_pipe(&pipe).await;
}

#[tokio::test]
async fn an_error_can_be_put_in_place_of_an_answer() {
    let server = PipeServer::builder().in_memory();
    let mut client = Client::over_pipe(&server).await;
    server
        .hooks()
        .on(Match::any().session(client.id()).nth(2))
        .error(ErrorCode::ThrottledOp);
    assert!(client.call(&get("/", false)).await.is_ok());
    assert_eq!(
        client.call(&get("/", false)).await,
        Err(ErrorCode::ThrottledOp)
    );
    assert!(client.call(&get("/", false)).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_reaper_and_the_sequence_answer_to_hooks() {
    let server = PipeServer::builder().in_memory();
    let hooks = server.hooks();
    let mut client = Client::over_pipe(&server).await;
    client
        .call(&create("/c", CreateMode::Container))
        .await
        .unwrap();
    assert!(hooks.set_sequence("/c", i32::MAX));
    client
        .call(&create("/c/", CreateMode::EphemeralSequential))
        .await
        .unwrap();
    assert_eq!(hooks.paths(), ["/c", "/c/2147483647"]);
    assert_eq!(hooks.node("/c").unwrap().stat.num_children, 1);
    hooks.expire(client.id());
    hooks.run_reaper();
    assert!(hooks.paths().is_empty());
}

#[tokio::test(start_paused = true)]
async fn waiting_for_what_never_comes_can_be_cancelled() {
    let server = PipeServer::builder().in_memory();
    let hooks = server.hooks();
    let never = hooks.until(|core| core.watch_count() == 77);
    assert!(
        tokio::time::timeout(Duration::from_secs(1), never)
            .await
            .is_err()
    );
}
