//! Creating nodes.

use std::time::Duration;

use zk_recipes::{CreateMode, ErrorKind, Fate, SessionId, path};

use super::seen::sent;
use super::server::Server;

pub async fn b44_a_new_node_starts_with_version_zero_and_the_zxid_of_its_creation(server: &Server) {
    let zk = server.client().await;
    let before = zk.barrier().await.unwrap();
    let created = zk.create("/node", "hello").await.unwrap();
    assert_eq!(created.path, "/node");
    let stat = created.stat;
    assert!(stat.czxid > before);
    assert_eq!((stat.mzxid, stat.pzxid), (stat.czxid, stat.czxid));
    assert_eq!((stat.version, stat.cversion, stat.aversion), (0, 0, 0));
    assert_eq!((stat.data_length, stat.num_children), (5, 0));
    assert_eq!(stat.mtime, stat.ctime);
    assert!(stat.ctime > 1_600_000_000_000, "{}", stat.ctime);
    let node = zk.get("/node").await.unwrap();
    assert_eq!((&node.data[..], node.stat), (&b"hello"[..], stat));
}

pub async fn goa726174_b48_each_mode_makes_its_kind_of_node(server: &Server) {
    let zk = server.client().await;
    let session = zk.session_id().unwrap();
    let nobody = SessionId::default();
    let modes = [
        (CreateMode::Persistent, nobody, "/n"),
        (CreateMode::Ephemeral, session, "/n"),
        (CreateMode::PersistentSequential, nobody, "/n0000000000"),
        (CreateMode::EphemeralSequential, session, "/n0000000000"),
        (CreateMode::Container, nobody, "/n"),
        (CreateMode::PersistentTtl, nobody, "/n"),
        (CreateMode::PersistentSequentialTtl, nobody, "/n0000000000"),
    ];
    for (mode, owner, name) in modes {
        let parent = format!("/{mode:?}");
        zk.create(&parent, "").await.unwrap();
        let create = zk.create(&format!("{parent}/n"), "x").mode(mode);
        let create = if mode.has_ttl() {
            create.ttl(Duration::from_secs(3600))
        } else {
            create
        };
        let created = create.await.unwrap();
        assert_eq!(created.path, format!("{parent}{name}"), "{mode:?}");
        assert_eq!(created.stat.ephemeral_owner, owner, "{mode:?}");
        let node = zk.get(&created.path).await.unwrap();
        assert_eq!(node.stat, created.stat, "{mode:?}");
    }
}

pub async fn b39_the_sequence_counts_all_children_ever_created(server: &Server) {
    let zk = server.client().await;
    let sequential = CreateMode::PersistentSequential;
    zk.create("/plain", "").await.unwrap();
    zk.create("/ephemeral", "")
        .mode(CreateMode::Ephemeral)
        .await
        .unwrap();
    let third = zk.create("/a-", "").mode(sequential).await.unwrap();
    assert_eq!(third.path, "/a-0000000002");
    zk.delete("/plain").await.unwrap();
    zk.delete(&third.path).await.unwrap();
    let fourth = zk.create("/b-", "").mode(sequential).await.unwrap();
    assert_eq!(fourth.path, "/b-0000000003");
    // Grandchildren and failed creations do not count.
    let nested = zk.create("/b-0000000003/c-", "").mode(sequential).await;
    assert_eq!(nested.unwrap().path, "/b-0000000003/c-0000000000");
    let twice = zk.create("/ephemeral", "").await.unwrap_err();
    assert_eq!(twice.kind(), ErrorKind::NodeExists);
    let fifth = zk.create("/b-", "").mode(sequential).await.unwrap();
    assert_eq!(fifth.path, "/b-0000000004");
    assert_eq!(path::sequence_suffix(&fifth.path), Some(4));
    assert_eq!(fifth.sequence(), Some(4));
    let plain = zk.create("/b", "").await.unwrap();
    assert_eq!(plain.sequence(), None);
}

pub async fn goe6b59f6_a_sequential_node_may_be_named_by_its_number_alone(server: &Server) {
    let zk = server.client().await;
    zk.create("/queue", "").await.unwrap();
    let sequential = CreateMode::EphemeralSequential;
    let first = zk.create("/queue/", "").mode(sequential).await.unwrap();
    assert_eq!(first.path, "/queue/0000000000");
    let dotted = zk.create("/queue/..", "").mode(sequential).await.unwrap();
    assert_eq!(dotted.path, "/queue/..0000000001");
}

pub async fn b46_a_stock_server_refuses_ttl_nodes_and_keeps_the_connection(server: &Server) {
    let zk = server.stock_client().await;
    for mode in [
        CreateMode::PersistentTtl,
        CreateMode::PersistentSequentialTtl,
    ] {
        let create = zk.create("/with-ttl", "").mode(mode);
        let error = create.ttl(Duration::from_secs(60)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unimplemented, "{mode:?}");
        assert_eq!(error.fate(), Fate::NotApplied);
        let text = error.to_string();
        assert!(text.contains("zookeeper.extendedTypesEnabled"), "{text}");
    }
    assert_eq!(zk.exists("/with-ttl").await.unwrap(), None);
    assert_eq!(zk.stats().connections_lost, 0);
}

pub async fn b46_a_ttl_out_of_range_is_refused(server: &Server) {
    let zk = server.client().await;
    let longest = Duration::from_millis((1 << 40) - 1);
    let create = |ttl| {
        let create = zk.create("/with-ttl", "");
        create.mode(CreateMode::PersistentTtl).ttl(ttl)
    };
    for ttl in [Duration::ZERO, longest + Duration::from_millis(1)] {
        let error = create(ttl).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadArguments, "{ttl:?}");
    }
    create(longest).await.unwrap();
}

pub async fn a_ttl_without_its_mode_is_not_even_sent(server: &Server) {
    let zk = server.client().await;
    let before = sent(&zk);
    let without = zk.create("/node", "").mode(CreateMode::PersistentTtl);
    assert_eq!(without.await.unwrap_err().kind(), ErrorKind::Misuse);
    let needless = zk.create("/node", "").ttl(Duration::from_secs(1));
    assert_eq!(needless.await.unwrap_err().kind(), ErrorKind::Misuse);
    assert_eq!(sent(&zk), before);
}

pub async fn b47_a_container_takes_children_and_goes_like_any_node(server: &Server) {
    let zk = server.client().await;
    let container = CreateMode::Container;
    zk.create("/box", "data").mode(container).await.unwrap();
    let children = [
        CreateMode::Persistent,
        CreateMode::EphemeralSequential,
        container,
    ];
    for mode in children {
        zk.create(&format!("/box/{mode:?}"), "")
            .mode(mode)
            .await
            .unwrap();
    }
    let (names, stat) = zk.children("/box").with_stat().await.unwrap();
    assert_eq!((names.len(), stat.num_children), (3, 3));
    let full = zk.delete("/box").await.unwrap_err();
    assert_eq!(full.kind(), ErrorKind::NotEmpty);
    for name in names {
        zk.delete(&format!("/box/{name}")).await.unwrap();
    }
    zk.delete("/box").await.unwrap();
}

pub async fn an_existing_node_is_not_created_again(server: &Server) {
    let zk = server.client().await;
    zk.create("/node", "first").await.unwrap();
    for mode in [
        CreateMode::Persistent,
        CreateMode::Ephemeral,
        CreateMode::Container,
    ] {
        let error = zk.create("/node", "second").mode(mode).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NodeExists, "{mode:?}");
        assert_eq!(error.fate(), Fate::NotApplied);
        assert_eq!(error.path(), Some("/node"));
    }
    assert_eq!(&zk.get("/node").await.unwrap().data[..], b"first");
}

pub async fn a_node_needs_its_parent_and_the_error_names_the_nearest(server: &Server) {
    let zk = server.client().await;
    zk.create("/a", "").await.unwrap();
    let error = zk.create("/a/b/c/d", "").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoNode);
    let text = error.to_string();
    assert!(
        text.contains("parent /a/b/c is missing (nearest existing: /a)"),
        "{text}"
    );
    assert_eq!(zk.children("/a").await.unwrap(), Vec::<String>::new());
}

pub async fn missing_parents_are_created_on_request(server: &Server) {
    let zk = server.client().await;
    let created = zk.create("/a/b/c", "leaf").parents().await.unwrap();
    assert_eq!(created.path, "/a/b/c");
    assert_eq!(&zk.get("/a/b").await.unwrap().data[..], b"");
    // The second time all of them are there.
    let sequential = CreateMode::EphemeralSequential;
    let create = zk.create("/a/b/q/n-", "").mode(sequential);
    let created = create.parents().as_containers().await.unwrap();
    assert_eq!(created.path, "/a/b/q/n-0000000000");
    let again = zk.create("/a/b/c", "").parents().await.unwrap_err();
    assert_eq!(again.kind(), ErrorKind::NodeExists);
}

pub async fn an_ephemeral_node_has_no_children(server: &Server) {
    let zk = server.client().await;
    let ephemeral = CreateMode::Ephemeral;
    zk.create("/e", "").mode(ephemeral).await.unwrap();
    for mode in [CreateMode::Persistent, ephemeral, CreateMode::Container] {
        let error = zk.create("/e/child", "").mode(mode).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoChildrenForEphemerals, "{mode:?}");
    }
    assert_eq!(zk.exists("/e").await.unwrap().unwrap().num_children, 0);
}
