//! Reads beyond those of one node: counts, identities, several at once, and behind a quorum write.

use std::collections::BTreeSet;

use zk_recipes::{Acl, Client, ErrorKind, Node, ReadValue};
use zk_wire::OpCode;

use super::server::Server;

pub async fn b50_all_nodes_below_a_node_are_counted(server: &Server) {
    let zk = server.client().await;
    for path in ["/a/b/c", "/a/b/d", "/a/e", "/ab"] {
        zk.create(path, "").parents().await.unwrap();
    }
    for (path, expected) in [("/", 6), ("/a", 4), ("/a/b", 2), ("/ab", 0)] {
        let count = zk.all_children_count(path).await.unwrap();
        assert_eq!(count, expected, "{path}");
    }
    let error = zk.all_children_count("/none").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoNode, "{error}");
    assert!(error.to_string().contains("/none"), "{error}");
}

pub async fn all_nodes_below_a_node_are_listed_after_their_parents(server: &Server) {
    let zk = server.client().await;
    for path in ["/a/b/c", "/a/b/d", "/a/e", "/ab"] {
        zk.create(path, "").parents().await.unwrap();
    }
    let mut all = zk.descendants("/").await.unwrap();
    for (at, node) in all.iter().enumerate() {
        let (parent, _) = node.rsplit_once('/').unwrap();
        assert!(
            parent.is_empty() || all[..at].iter().any(|above| above == parent),
            "{all:?}"
        );
    }
    all.sort_unstable();
    assert_eq!(all, ["/a", "/a/b", "/a/b/c", "/a/b/d", "/a/e", "/ab"]);
    assert!(zk.descendants("/ab").await.unwrap().is_empty());
    let error = zk.descendants("/none").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.path()),
        (ErrorKind::NoNode, Some("/none"))
    );
}

pub async fn a_connection_is_told_its_identities(server: &Server) {
    let schemes = async |zk: Client| -> BTreeSet<(String, String)> {
        let identities = zk.whoami().await.unwrap().into_iter();
        identities.map(|id| (id.auth_scheme, id.user)).collect()
    };
    let nobody = schemes(server.client().await).await;
    let everybody = server.identity().map(|acl| (acl.scheme, acl.id));
    let is_known = |one: &&(String, String)| one.0 == "ip" || Some(*one) == everybody.as_ref();
    let strange: Vec<_> = nobody.iter().filter(|one| !is_known(one)).collect();
    assert!(strange.is_empty(), "{nobody:?}");
    let ann = schemes(server.client_of("ann:secret").await).await;
    let digest: Vec<&str> = ann
        .iter()
        .filter(|(scheme, _)| scheme == "digest")
        .map(|(_, user)| user.as_str())
        .collect();
    assert_eq!(digest, ["ann"]);
    assert!(!format!("{ann:?}").contains("secret"));
}

pub async fn b57_reads_of_a_multi_read_are_answered_each_for_itself(server: &Server) {
    let zk = server.client().await;
    let ann = server.client_of("ann:secret").await;
    zk.create("/a/b", "data").parents().await.unwrap();
    let closed = ann
        .create("/closed", "")
        .acl(vec![Acl::digest("ann", "secret")]);
    closed.await.unwrap();
    let reads = zk.multi_read().get("/a/b").get("/none").children("/a");
    let reads = reads.children("/none").get("/closed");
    let results = reads.await.unwrap();
    let node: Node = zk.get("/a/b").await.unwrap();
    assert_eq!(results[0].as_ref().unwrap(), &ReadValue::Node(node));
    let children = ReadValue::Children(vec!["b".to_owned()]);
    assert_eq!(results[2].as_ref().unwrap(), &children);
    for (at, kind, path) in [
        (1, ErrorKind::NoNode, "/none"),
        (3, ErrorKind::NoNode, "/none"),
        (4, ErrorKind::NoAuth, "/closed"),
    ] {
        let error = results[at].as_ref().unwrap_err();
        assert_eq!((error.kind(), error.path()), (kind, Some(path)), "{error}");
    }
    assert_eq!(zk.stats().sent(OpCode::MultiRead), 1);
    assert!(zk.multi_read().await.unwrap().is_empty());
}

pub async fn a_linearizable_read_commits_a_transaction_before_it(server: &Server) {
    let zk = server.client().await;
    zk.create("/node", "1").await.unwrap();
    let before = zk.barrier().await.unwrap();
    let node = zk.get("/node").linearizable().await.unwrap();
    assert_eq!(&node.data[..], b"1");
    assert_eq!(zk.children("/").linearizable().await.unwrap(), ["node"]);
    let (names, _) = zk.children("/").with_stat().linearizable().await.unwrap();
    assert_eq!(names, ["node"]);
    let stat = zk.exists("/node").linearizable().await.unwrap();
    assert_eq!(stat, Some(node.stat));
    let after = zk.barrier().await.unwrap();
    assert!(after.counter() >= before.counter() + 5, "{before} {after}");
    let error = zk.get("/none").linearizable().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoNode);
}

pub async fn a_linearizable_read_sees_what_another_client_was_told(server: &Server) {
    let (reader, writer) = (server.client().await, server.client().await);
    writer.create("/n", "0").await.unwrap();
    for number in 1..20 {
        let text = number.to_string();
        writer.set("/n", text.clone()).await.unwrap();
        let read = reader.get("/n").linearizable().await.unwrap();
        assert_eq!(read.data, text.as_bytes());
    }
}
