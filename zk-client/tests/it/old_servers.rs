//! Servers older than those this client is for: they answer what they do not know with one error, then hang up.

use std::sync::Arc;
use std::time::Duration;

use zk_client::{Client, CreateMode, Error, ErrorKind, Fate, PipeTransport, TokioClock};
use zk_embedded::{PipeServer, ServerConfig, Version};

const V3_4: Version = Version::new(3, 4, 13);

async fn client_of(server: &PipeServer) -> Client {
    Client::builder("old")
        .transport(Arc::new(PipeTransport::to(server)))
        .clock(Arc::new(TokioClock::new()))
        .seed(1)
        .connect()
        .await
        .unwrap()
}

fn is_clean(error: &Error, needs: &str) {
    assert_eq!(
        (error.kind(), error.fate()),
        (ErrorKind::Unimplemented, Fate::NotApplied),
        "{error}"
    );
    assert!(error.to_string().contains(needs), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_server_of_3_4_ends_what_it_does_not_know_with_one_clean_error_and_no_hang() {
    let config = ServerConfig::profile(V3_4);
    let server = PipeServer::builder()
        .configure(|it| *it = config)
        .in_memory();
    let zk = client_of(&server).await;
    let session = zk.session_id();
    let started = tokio::time::Instant::now();
    for mode in [
        CreateMode::Persistent,
        CreateMode::Ephemeral,
        CreateMode::EphemeralSequential,
    ] {
        let error = zk.create("/a", "").mode(mode).await.unwrap_err();
        is_clean(
            &error,
            "needs ZooKeeper 3.5; this client supports no older one",
        );
    }
    let mode = zk_client::AddWatchMode::Persistent;
    let error = zk.watch("/", mode).await.unwrap_err();
    is_clean(&error, "needs ZooKeeper 3.6");
    let error = zk.ephemerals("/").await.unwrap_err();
    is_clean(&error, "needs ZooKeeper 3.6");
    // What it knows it answers, in the same session.
    zk.get("/").await.unwrap();
    zk.children("/").with_stat().await.unwrap();
    zk.barrier().await.unwrap();
    assert_eq!((zk.session_id(), zk.generation()), (session, 1));
    assert!(
        started.elapsed() < Duration::from_secs(3),
        "{:?}",
        started.elapsed()
    );
    zk.close().await.unwrap();
    assert_eq!(server.hooks().sessions(), []);
}

#[tokio::test(start_paused = true)]
async fn a_server_of_3_4_hangs_up_once_over_watches_that_are_dropped_and_is_not_asked_again() {
    let config = ServerConfig::profile(V3_4);
    let server = PipeServer::builder()
        .configure(|it| *it = config)
        .in_memory();
    let zk = client_of(&server).await;
    for _ in 0..5 {
        drop(zk.get("/").watch().await.unwrap());
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    assert_eq!(zk.stats().connections_lost, 1);
    zk.get("/").await.unwrap();
}
