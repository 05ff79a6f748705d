//! Reading, writing and deleting nodes.

use std::collections::BTreeSet;

use zk_recipes::{Bytes, ErrorKind, Fate, Zxid};

use super::seen::sent;
use super::server::Server;

pub async fn a_node_without_children_is_deleted(server: &Server) {
    let zk = server.client().await;
    zk.create("/node", "").await.unwrap();
    zk.delete("/node").await.unwrap();
    assert_eq!(zk.exists("/node").await.unwrap(), None);
    let error = zk.delete("/node").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoNode);
}

pub async fn b40_a_node_with_children_is_not_deleted(server: &Server) {
    let zk = server.client().await;
    zk.create("/node/child", "").parents().await.unwrap();
    let error = zk.delete("/node").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotEmpty);
    assert!(error.to_string().contains("it has 1 child"), "{error}");
    zk.delete("/node/child").await.unwrap();
    zk.delete("/node").await.unwrap();
}

pub async fn a_delete_of_another_version_is_refused(server: &Server) {
    let zk = server.client().await;
    zk.create("/node", "").await.unwrap();
    zk.set("/node", "1").await.unwrap();
    for version in [0, 2, i32::MAX, i32::MIN] {
        let error = zk.delete("/node").version(version).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadVersion, "{version}");
        assert!(error.to_string().contains("its version is 1"), "{error}");
    }
    zk.delete("/node").version(1).await.unwrap();
}

pub async fn the_reserved_nodes_stay(server: &Server) {
    let zk = server.root_client().await;
    for node in ["/", "/zookeeper", "/zookeeper/quota", "/zookeeper/config"] {
        assert!(zk.exists(node).await.unwrap().is_some(), "{node}");
        let error = zk.delete(node).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadArguments, "{node}");
    }
    let mut names = zk.children("/zookeeper").await.unwrap();
    names.sort();
    assert_eq!(names, ["config", "quota"]);
}

pub async fn a_missing_node_is_none_to_exists_and_an_error_to_reads(server: &Server) {
    let zk = server.client().await;
    assert_eq!(zk.exists("/node").await.unwrap(), None);
    assert_eq!(zk.exists("/no/such/node").await.unwrap(), None);
    let errors = [
        zk.get("/no/node").await.unwrap_err(),
        zk.children("/no/node").await.unwrap_err(),
        zk.children("/no/node").with_stat().await.unwrap_err(),
        zk.acl("/no/node").await.unwrap_err(),
        zk.set("/no/node", "").await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::NoNode, "{error}");
        assert_eq!(error.fate(), Fate::NotApplied);
        assert!(error.to_string().contains("nearest existing: /"), "{error}");
    }
    let stat = zk.create("/node", "abc").await.unwrap().stat;
    assert_eq!(zk.exists("/node").await.unwrap(), Some(stat));
}

pub async fn b44_a_write_raises_the_version_and_the_modification_zxid_alone(server: &Server) {
    let zk = server.client().await;
    let created = zk.create("/node", "one").await.unwrap().stat;
    let written = zk.set("/node", "three").await.unwrap();
    assert_eq!((written.version, written.data_length), (1, 5));
    assert!(written.mzxid > created.mzxid && written.mtime >= created.mtime);
    let unchanged = |s: &zk_recipes::Stat| (s.czxid, s.pzxid, s.ctime, s.cversion, s.aversion);
    assert_eq!(unchanged(&written), unchanged(&created));
    let node = zk.get("/node").await.unwrap();
    assert_eq!((&node.data[..], node.stat), (&b"three"[..], written));
    // The same data once more is a change, too.
    let again = zk.set("/node", "three").await.unwrap();
    assert_eq!(again.version, 2);
    assert!(again.mzxid > written.mzxid);
}

pub async fn b53_a_write_over_another_version_is_refused(server: &Server) {
    let zk = server.client().await;
    zk.create("/node", "0").await.unwrap();
    zk.set("/node", "1").version(0).await.unwrap();
    for version in [0, 2] {
        let error = zk.set("/node", "x").version(version).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadVersion, "{version}");
        assert_eq!(error.fate(), Fate::NotApplied);
    }
    let node = zk.get("/node").await.unwrap();
    assert_eq!((&node.data[..], node.stat.version), (&b"1"[..], 1));
}

pub async fn b44_a_parent_counts_the_changes_of_its_children(server: &Server) {
    let zk = server.client().await;
    let created = zk.create("/p", "").await.unwrap().stat;
    let mut newest = Zxid::NONE;
    for name in ["/p/a", "/p/b", "/p/c"] {
        newest = zk.create(name, "").await.unwrap().stat.czxid;
    }
    let (mut names, stat) = zk.children("/p").with_stat().await.unwrap();
    names.sort();
    assert_eq!(names, ["a", "b", "c"]);
    assert_eq!(
        (stat.cversion, stat.num_children, stat.pzxid),
        (3, 3, newest)
    );
    zk.delete("/p/a").await.unwrap();
    let deleted = zk.exists("/p").await.unwrap().unwrap();
    assert_eq!((deleted.cversion, deleted.num_children), (4, 2));
    assert!(deleted.pzxid > newest);
    // What happens in the children is theirs, and none of it is a change of the parent.
    zk.set("/p/b", "data").await.unwrap();
    zk.create("/p/b/nested", "").await.unwrap();
    assert_eq!(zk.exists("/p").await.unwrap(), Some(deleted));
    assert_eq!(
        (deleted.version, deleted.mzxid, deleted.mtime),
        (0, created.mzxid, created.mtime)
    );
}

pub async fn children_are_names_and_only_direct_ones(server: &Server) {
    let zk = server.client().await;
    let mut expected = BTreeSet::new();
    for number in 0..50 {
        zk.create(&format!("/n{number}"), "").await.unwrap();
        expected.insert(format!("n{number}"));
    }
    zk.create("/n0/nested", "").await.unwrap();
    let names: BTreeSet<String> = zk.children("/").await.unwrap().into_iter().collect();
    assert_eq!(names, expected);
    assert_eq!(zk.children("/n1").await.unwrap(), Vec::<String>::new());
}

pub async fn empty_data_is_read_as_empty(server: &Server) {
    let zk = server.client().await;
    let created = zk.create("/node", Bytes::new()).await.unwrap();
    assert_eq!(created.stat.data_length, 0);
    assert!(zk.get("/node").await.unwrap().data.is_empty());
    zk.set("/node", "something").await.unwrap();
    let stat = zk.set("/node", Bytes::new()).await.unwrap();
    assert_eq!((stat.data_length, stat.version), (0, 2));
    assert!(zk.get("/node").await.unwrap().data.is_empty());
}

pub async fn b41_a_large_value_passes_unchanged(server: &Server) {
    let zk = server.client().await;
    let value: Vec<u8> = (0..500_000_u32).map(|at| (at % 251) as u8).collect();
    zk.create("/large", value.clone()).await.unwrap();
    assert_eq!(zk.get("/large").await.unwrap().data, value);
    let reversed: Vec<u8> = value.into_iter().rev().collect();
    let stat = zk.set("/large", reversed.clone()).await.unwrap();
    assert_eq!(stat.data_length, 500_000);
    assert_eq!(zk.get("/large").await.unwrap().data, reversed);
    assert_eq!(zk.stats().connections_lost, 0);
}

pub async fn b32_a_request_beyond_the_frame_limit_fails_alone(server: &Server) {
    let zk = server.client().await;
    let sent_before = sent(&zk);
    let too_large = vec![b'x'; 1 << 20];
    let before = zk.create("/small", "").submit();
    let create = zk.create("/large", too_large.clone()).submit();
    let after = zk.set("/small", "1").submit();
    let error = create.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FrameTooLarge, "{error}");
    assert_eq!(error.fate(), Fate::NotApplied);
    before.await.unwrap();
    after.await.unwrap();
    assert_eq!(sent(&zk), sent_before + 2, "it was not sent");
    assert_eq!(zk.stats().connections_lost, 0);
    // The largest that the server takes, within a few bytes of the limit.
    let largest = too_large.len() - 200;
    zk.set("/small", vec![b'x'; largest]).await.unwrap();
    assert_eq!(zk.get("/small").await.unwrap().data.len(), largest);
}
