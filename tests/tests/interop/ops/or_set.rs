//! Nodes that are made, or written to where they are there already.

use zk_recipes::{Client, ErrorKind};
use zk_tests::{Channel, RealServer, Talk, word};

/// How often each side makes a node that the other then finds.
const TURNS: usize = 50;

/// Ours has no word for it: the kind of the error tells that the node is there.
async fn create_or_set(zk: &Client, path: &str, data: &str) {
    match zk.create(path, data.to_owned()).await {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NodeExists => {
            zk.set(path, data.to_owned()).await.unwrap();
        }
        Err(error) => panic!("{error}"),
    }
}

async fn theirs_creates_or_sets(theirs: &mut Channel, path: &str, data: &str) {
    let item = word(data.as_bytes());
    theirs.ask(&format!("or-set {path} {item}")).await;
}

/// What the node holds, and how often it was written to since it was made.
async fn found(zk: &Client, path: &str) -> (String, i32) {
    let node = zk.get(path).await.unwrap();
    let data = String::from_utf8(node.data.to_vec()).unwrap();
    (data, node.stat.version)
}

/// In each turn one side makes a node and the other writes to it, and the other way round; and both do it at once, of which one
/// makes it and the other writes.
#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_ours_or_curators_or_set_data_makes_are_written_to_by_the_other() {
    let connect = RealServer::shared().connect_string();
    let zk = Client::builder(&connect).connect().await.unwrap();
    let mut theirs = Talk::curator().open("ops", &connect).await;
    zk.create("/or-set", "").await.unwrap();
    for turn in 0..TURNS {
        let path = format!("/or-set/{turn}-first-ours");
        create_or_set(&zk, &path, "r").await;
        assert_eq!(found(&zk, &path).await, ("r".to_owned(), 0));
        theirs_creates_or_sets(&mut theirs, &path, "j").await;
        assert_eq!(found(&zk, &path).await, ("j".to_owned(), 1));

        let path = format!("/or-set/{turn}-first-theirs");
        theirs_creates_or_sets(&mut theirs, &path, "j").await;
        assert_eq!(found(&zk, &path).await, ("j".to_owned(), 0));
        create_or_set(&zk, &path, "r").await;
        assert_eq!(theirs.ask(&format!("get {path}")).await, word(b"r"));
        assert_eq!(found(&zk, &path).await, ("r".to_owned(), 1));

        let path = format!("/or-set/{turn}-at-once");
        tokio::join!(
            create_or_set(&zk, &path, "r"),
            theirs_creates_or_sets(&mut theirs, &path, "j"),
        );
        assert_eq!(found(&zk, &path).await.1, 1);
    }
}
