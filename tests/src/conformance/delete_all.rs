//! Deleting trees.

use zk_recipes::{Acl, Client, CreateMode, ErrorKind, Mutex};
use zk_wire::OpCode;

use super::server::Server;

/// A tree of some hundred nodes under `/top`, and one beside it.
async fn plant(zk: &Client) -> usize {
    let mut creates = vec![
        zk.create("/top", "").submit(),
        zk.create("/topmost", "").submit(),
    ];
    for branch in 0..10 {
        creates.push(zk.create(&format!("/top/b{branch}"), "").submit());
        for leaf in 0..40 {
            let path = format!("/top/b{branch}/l{leaf}");
            creates.push(zk.create(&path, "data").submit());
        }
    }
    let count = creates.len() - 1;
    for create in creates {
        create.await.unwrap();
    }
    count
}

pub async fn a_tree_is_deleted_in_few_transactions(server: &Server) {
    let zk = server.client().await;
    let nodes = plant(&zk).await;
    let sent = || zk.stats().sent(OpCode::Multi);
    let before = sent();
    assert_eq!(zk.delete("/top").recursive().await.unwrap(), nodes);
    assert_eq!(sent() - before, 4, "{nodes} nodes");
    assert_eq!(zk.children("/").await.unwrap(), ["topmost"]);
    assert_eq!(zk.delete("/topmost").recursive().await.unwrap(), 1);
    let error = zk.delete("/top").recursive().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoNode, "{error}");
}

pub async fn a_tree_that_others_change_meanwhile_is_deleted_all_the_same(server: &Server) {
    let (zk, other) = (server.client().await, server.client().await);
    plant(&zk).await;
    let deletion = zk.delete("/top").recursive().into_future();
    let meddling = async {
        for number in 0..30 {
            // Each of them may come too late or too early.
            let _ = other.create(&format!("/top/b3/new{number}"), "").await;
            let _ = other
                .delete(&format!("/top/b{}/l{number}", number % 10))
                .await;
        }
    };
    let (deleted, ()) = tokio::join!(deletion, meddling);
    deleted.unwrap();
    assert_eq!(zk.exists("/top").await.unwrap(), None);
}

pub async fn a_deletion_that_fails_tells_what_is_left(server: &Server) {
    let zk = server.client().await;
    let ann = server.client_of("ann:secret").await;
    zk.create("/top/open/leaf", "").parents().await.unwrap();
    let acl = vec![Acl::digest("ann", "secret"), Acl::read_only()];
    ann.create("/top/closed", "").acl(acl).await.unwrap();
    ann.create("/top/closed/leaf", "").await.unwrap();
    let error = zk.delete("/top").recursive().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoAuth, "{error}");
    let text = error.to_string();
    assert!(
        text.contains("2 nodes were deleted, 3 are left: /top, /top/closed, "),
        "{text}"
    );
    assert_eq!(zk.children("/top").await.unwrap(), ["closed"]);
    ann.delete("/top").recursive().await.unwrap();
}

pub async fn what_belongs_to_the_servers_is_not_deleted_as_a_tree(server: &Server) {
    let root = server.root_client().await;
    for path in ["/", "/zookeeper", "/zookeeper/quota"] {
        let error = root.delete(path).recursive().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Misuse, "{error}");
    }
    // Seen from a chroot the root is a node like any other.
    let zk = server.client().await.chroot("/inner").unwrap();
    zk.create("/", "").await.unwrap();
    zk.create("/a/b", "").parents().await.unwrap();
    assert_eq!(zk.delete("/").recursive().await.unwrap(), 3);
}

pub async fn a_tree_is_deleted_behind_a_fence(server: &Server) {
    let zk = server.client().await;
    let nodes = plant(&zk).await;
    let guard = Mutex::new(&zk, "/lock").unwrap().acquire().await.unwrap();
    let held = guard.held();
    zk.create("/top/e", "")
        .mode(CreateMode::Ephemeral)
        .await
        .unwrap();
    let deleted = zk.delete("/top").fenced_by(&held).recursive().await;
    assert_eq!(deleted.unwrap(), nodes + 1);
    plant(&zk.chroot("/lock").unwrap()).await;
    guard.release().await.unwrap();
    let error = zk
        .delete("/lock/top")
        .fenced_by(&held)
        .recursive()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LockLost, "{error}");
    assert!(zk.exists("/lock/top/b9/l39").await.unwrap().is_some());
}
