//! Starting, stopping, and everything that can be in the way.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::time::Instant;
use zk_embedded::{EmbeddedServer, PipeServer};
use zk_wire::CreateMode;

use crate::client::{Client, create, get};

#[tokio::test]
async fn a_taken_port_is_named_with_a_way_out() {
    let first = EmbeddedServer::builder().start().await.unwrap();
    let port = first.addr().port();
    let error = EmbeddedServer::builder()
        .port(port)
        .start()
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "port {port} on 127.0.0.1 is taken, perhaps by another ZooKeeper: choose another port, \
             or 0 for any free one"
        )
    );
}

#[tokio::test]
async fn a_server_listens_on_the_loopback_alone() {
    let server = EmbeddedServer::builder().start().await.unwrap();
    assert!(server.addr().ip().is_loopback());
    assert_eq!(
        server.connect_string(),
        format!("127.0.0.1:{}", server.addr().port())
    );
}

#[tokio::test]
async fn a_shutdown_hangs_up_and_frees_the_port() {
    let server = EmbeddedServer::builder().start().await.unwrap();
    let address = server.addr();
    let mut client = Client::over_tcp(&server).await;
    let hooks = server.hooks();
    server.shutdown().await;
    assert_eq!(hooks.connection_count(), 0);
    client.hung_up().await;
    assert!(TcpStream::connect(address).await.is_err());
    let again = EmbeddedServer::builder()
        .port(address.port())
        .start()
        .await
        .unwrap();
    assert_eq!(again.addr(), address);
}

#[tokio::test]
async fn dropping_a_server_stops_it() {
    let server = EmbeddedServer::builder().start().await.unwrap();
    let mut client = Client::over_tcp(&server).await;
    drop(server);
    client.hung_up().await;
    let server = PipeServer::builder().in_memory();
    let mut client = Client::over_pipe(&server).await;
    let connector = server.connector();
    drop(server);
    client.hung_up().await;
    assert!(connector.connect().is_err());
}

#[test]
fn a_server_may_be_dropped_and_asked_after_its_runtime_has_gone() {
    let runtime = Runtime::new().unwrap();
    let (server, hooks) = runtime.block_on(async {
        let server = EmbeddedServer::builder().start().await.unwrap();
        let mut client = Client::over_tcp(&server).await;
        client
            .call(&create("/a", CreateMode::Persistent))
            .await
            .unwrap();
        let hooks = server.hooks();
        (server, hooks)
    });
    drop(runtime);
    assert_eq!(hooks.paths(), ["/a"]);
    hooks.hold_commits(true);
    drop(server);
    assert_eq!(hooks.sessions().len(), 1);
    hooks.cut_all();
}

#[test]
fn hooks_work_on_a_plain_thread() {
    let runtime = Runtime::new().unwrap();
    let server = runtime.block_on(EmbeddedServer::builder().start()).unwrap();
    let mut client = runtime.block_on(Client::over_tcp(&server));
    assert!(server.hooks().expire(client.id()));
    runtime.block_on(client.hung_up());
}

#[tokio::test]
async fn many_servers_live_side_by_side_and_share_no_session_id() {
    let mut sessions = BTreeSet::new();
    let mut servers = Vec::new();
    for _ in 0..50 {
        let server = EmbeddedServer::builder().start().await.unwrap();
        let mut client = Client::over_tcp(&server).await;
        client
            .call(&create("/mine", CreateMode::Persistent))
            .await
            .unwrap();
        assert!(
            sessions.insert(client.id()),
            "session {} was given out twice",
            client.id()
        );
        servers.push(server);
    }
    for server in &servers {
        assert_eq!(server.hooks().paths(), ["/mine"]);
    }
}

#[tokio::test]
async fn half_of_a_hundred_starts_answer_their_first_request_within_20_ms() {
    let mut times = Vec::new();
    for _ in 0..100 {
        let begun = Instant::now();
        let server = EmbeddedServer::builder().start().await.unwrap();
        let mut client = Client::over_tcp(&server).await;
        let root = client.call(&get("/", false)).await;
        times.push(begun.elapsed());
        assert!(root.is_ok(), "{root:?}");
    }
    times.sort();
    let median = times[times.len() / 2];
    println!(
        "from start to first reply: fastest {:?}, median {median:?}, slowest {:?}",
        times[0],
        times[times.len() - 1]
    );
    assert!(median < Duration::from_millis(20), "median {median:?}");
}

#[tokio::test]
async fn nothing_is_left_of_a_client_that_hangs_up() {
    let server = EmbeddedServer::builder().start().await.unwrap();
    let mut client = Client::over_tcp(&server).await;
    client.call(&get("/", true)).await.unwrap();
    drop(client);
    let hooks = server.hooks();
    hooks.until(|core| core.connection_count() == 0).await;
    assert_eq!(hooks.watch_count(), 0);
}

#[tokio::test]
async fn four_letter_words_work_over_tcp() {
    let server = EmbeddedServer::builder().start().await.unwrap();
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stream, b"srvr")
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.contains("for development and tests only"),
        "{answer}"
    );
}
