//! Nodes without data, which are not nodes with empty data.

use zk_recipes::CreateMode;

use super::server::Server;

pub async fn b43_no_data_is_told_from_empty_data(server: &Server) {
    let zk = server.client().await;
    zk.create("/null", "ignored").null().await.unwrap();
    zk.create("/empty", "").await.unwrap();
    let (null, empty) = (
        zk.get("/null").await.unwrap(),
        zk.get("/empty").await.unwrap(),
    );
    assert_eq!((null.value(), null.data.len()), (None, 0));
    assert_eq!(empty.value().map(|data| data.len()), Some(0));
    assert_eq!((null.stat.data_length, empty.stat.data_length), (0, 0));
    assert_ne!(null.value(), empty.value());
}

pub async fn b43_data_can_be_taken_away_and_given_back(server: &Server) {
    let zk = server.client().await;
    zk.create("/node", "data").await.unwrap();
    let stat = zk.set("/node", "ignored").null().version(0).await.unwrap();
    assert_eq!((stat.version, stat.data_length), (1, 0));
    assert_eq!(zk.get("/node").await.unwrap().value(), None);
    zk.set("/node", "").await.unwrap();
    assert!(zk.get("/node").await.unwrap().value().is_some());
}

pub async fn a_transaction_writes_no_data_too(server: &Server) {
    let zk = server.client().await;
    zk.create("/old", "data").await.unwrap();
    zk.multi()
        .with(zk.create("/new", "").null())
        .with(zk.set("/old", "").null())
        .create("/plain", "", CreateMode::Persistent)
        .await
        .unwrap();
    let reads = zk.multi_read().get("/new").get("/old").get("/plain");
    let nulls: Vec<bool> = reads
        .await
        .unwrap()
        .into_iter()
        .map(|read| match read.unwrap() {
            zk_recipes::ReadValue::Node(node) => node.value().is_none(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(nulls, [true, true, false]);
}
