//! Deleting whole trees while others add to them.

use std::time::Duration;

use zk_recipes::{Client, CreateMode, ErrorKind};
use zk_tests::{Channel, RealServer, Talk, deadline, note};

/// How many trees each side deletes.
const TREES: usize = 50;

/// How many children are added at most while somebody deletes their parent.
const ADDED: usize = 6;

/// Makes trees of three levels and seven nodes each, below a new node.
async fn plant(zk: &Client, at: &str, tops: [&String; 2]) {
    let mut multi = zk.multi().create(at, "", CreateMode::Persistent);
    for top in tops {
        for below in ["", "/0", "/0/0", "/0/1", "/1", "/1/0", "/1/1"] {
            multi = multi.create(&format!("{top}{below}"), "", CreateMode::Persistent);
        }
    }
    multi.await.unwrap();
}

/// Adds children until there are enough or the node is gone.
async fn grow(zk: &Client, top: &str) -> usize {
    for n in 0..ADDED {
        match zk.create(&format!("{top}/r{n}"), "").await {
            Ok(_) => {}
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::NoNode, "{error}");
                return n;
            }
        }
    }
    ADDED
}

/// In each turn ours deletes a tree to which theirs adds, and at once the other way round. Both end with trees that are gone.
async fn fell_each_others(open: impl AsyncFn() -> Channel, at: &str) {
    let zk = Client::builder(RealServer::shared().connect_string())
        .connect()
        .await
        .unwrap();
    let (mut adds, mut deletes) = (open().await, open().await);
    zk.create(at, "").await.unwrap();
    let limit = deadline(Duration::from_secs(60));
    let mut again = 0;
    for n in 0..TREES {
        let (felled_by_ours, felled_by_theirs) = (format!("{at}/{n}/r"), format!("{at}/{n}/t"));
        let tops = [&felled_by_ours, &felled_by_theirs];
        plant(&zk, &format!("{at}/{n}"), tops).await;
        let (order_to_grow, order_to_fell) = (
            format!("grow {felled_by_ours} {ADDED}"),
            format!("fell {felled_by_theirs}"),
        );
        // Both begin to delete once the other has begun to add.
        zk.create(&format!("{felled_by_theirs}/begun"), "")
            .await
            .unwrap();
        let begun = || async {
            let top = zk.exists(&felled_by_ours).await.unwrap().unwrap();
            (top.num_children > 2).then_some(())
        };
        let fell = async {
            limit.until_some("theirs to add", begun).await;
            zk.delete(&felled_by_ours).recursive().await
        };
        let (felled, _, by_theirs, asked) = tokio::join!(
            fell,
            grow(&zk, &felled_by_theirs),
            adds.ask(&order_to_grow),
            deletes.ask(&order_to_fell),
        );
        let by_theirs: usize = by_theirs.parse().unwrap();
        // The tree and what was added to it.
        assert_eq!(felled.unwrap(), 7 + by_theirs);
        assert_eq!(
            zk.children(&format!("{at}/{n}")).await.unwrap(),
            Vec::<String>::new()
        );
        again += asked.parse::<usize>().unwrap_or(0);
    }
    note(format_args!("theirs had to ask {again} times more"));
}

#[tokio::test(flavor = "multi_thread")]
async fn trees_that_the_other_side_adds_to_are_deleted_whole_by_ours_and_by_curators() {
    let connect = RealServer::shared().connect_string();
    let open = async || Talk::curator().open("crowd", &connect).await;
    fell_each_others(open, "/trees").await;
}

/// kazoo's ends with an error where a child is added behind it; its program then asks again.
#[tokio::test(flavor = "multi_thread")]
async fn trees_that_the_other_side_adds_to_are_deleted_whole_by_ours_and_by_kazoos() {
    let connect = RealServer::shared().connect_string();
    let open = async || Talk::kazoo().open("ops", &connect).await;
    fell_each_others(open, "/trees-kazoo").await;
}
