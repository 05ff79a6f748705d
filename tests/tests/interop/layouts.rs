//! What the programs of others write, recorded: names and bytes that ours have to read and write.

mod discovery;
mod groups;
mod nodes;
mod queues;

use zk_recipes::Client;
use zk_tests::{Channel, RealServer, Talk};

/// A client of ours, and a channel of each of theirs.
async fn client() -> (String, Client) {
    let connect = RealServer::shared().connect_string();
    let zk = Client::builder(&connect).connect().await.unwrap();
    (connect, zk)
}

async fn curator(family: &str, connect: &str) -> Channel {
    Talk::curator().open(family, connect).await
}

async fn kazoo(family: &str, connect: &str) -> Channel {
    Talk::kazoo().open(family, connect).await
}

/// The children of a node in order, each with its data as text.
async fn children(zk: &Client, path: &str) -> Vec<(String, String)> {
    let mut names = zk.children(path).await.unwrap();
    names.sort();
    let mut all = Vec::new();
    for name in names {
        let node = zk.get(&format!("{path}/{name}")).await.unwrap();
        all.push((name, String::from_utf8_lossy(&node.data).into_owned()));
    }
    all
}
