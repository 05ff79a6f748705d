//! A real server of 3.4.13, which is older than those this client is for.

use std::time::Duration;

use zk_recipes::{AddWatchMode, Client, CreateMode, ErrorKind, Fate, Mutex};
use zk_tests::{RealServer, deadline};

/// How long all of it may take: nothing waits for a deadline.
const LIMIT: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_3_4_13_ends_what_it_does_not_know_with_one_clean_error_and_no_hang() {
    let server = RealServer::start_oldest();
    let version = server.four_letter("srvr").unwrap();
    assert!(
        version.starts_with("Zookeeper version: 3.4.13"),
        "{version}"
    );
    deadline(LIMIT).until("the answers", answers(&server)).await;
}

async fn answers(server: &RealServer) {
    let zk = Client::builder(server.connect_string())
        .connect()
        .await
        .unwrap();
    let session = zk.session_id();
    // One right behind the other: none may be lost to the hanging up over the one before.
    let mut errors = Vec::new();
    for mode in [CreateMode::Persistent, CreateMode::EphemeralSequential] {
        errors.push(zk.create("/a", "").mode(mode).await.unwrap_err());
    }
    errors.push(zk.watch("/", AddWatchMode::Persistent).await.unwrap_err());
    errors.push(zk.ephemerals("/").await.unwrap_err());
    for error in &errors {
        let what = (error.kind(), error.fate());
        assert_eq!(
            what,
            (ErrorKind::Unimplemented, Fate::NotApplied),
            "{error}"
        );
        assert!(error.to_string().contains("needs ZooKeeper 3."), "{error}");
    }
    // What it knows it answers, in the same session.
    zk.get("/").await.unwrap();
    assert_eq!(zk.children("/").await.unwrap(), ["zookeeper"]);
    zk.sync("/").await.unwrap();
    drop(zk.get("/").watch().await.unwrap());
    zk.get("/").await.unwrap();
    assert_eq!((zk.session_id(), zk.generation()), (session, 1));
    let lock = Mutex::new(&zk, "/lock").unwrap();
    let error = lock.acquire().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unimplemented, "{error}");
    zk.close().await.unwrap();
}
