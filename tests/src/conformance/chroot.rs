//! Clients that see a part of the tree.

use zk_client::EventType;
use zk_recipes::{AddWatchMode, CreateMode, ErrorKind, MultiResult};

use super::seen::{event, next};
use super::server::Server;

pub async fn k23_zk1027_zk2282_b77_all_paths_are_below_the_chroot_in_and_out(server: &Server) {
    let root = server.root_client().await;
    let zk = root.chroot(server.place()).unwrap();
    assert_eq!(zk.absolute("/a"), format!("{}/a", server.place()));
    assert_eq!(zk.absolute("/"), server.place());
    let created = zk.create("/a", "data").await.unwrap();
    assert_eq!(created.path, "/a");
    let sequential = CreateMode::EphemeralSequential;
    let numbered = zk.create("/a/n-", "").mode(sequential).await.unwrap();
    assert_eq!(numbered.path, "/a/n-0000000000");
    assert_eq!(zk.children("/").await.unwrap(), ["a"]);
    assert_eq!(zk.children("/a").await.unwrap(), ["n-0000000000"]);
    assert_eq!(zk.ephemerals("/").await.unwrap(), ["/a/n-0000000000"]);
    assert_eq!(zk.ephemerals("/a").await.unwrap(), ["/a/n-0000000000"]);

    let there = format!("{}/a", server.place());
    let node = root.get(&there).await.unwrap();
    assert_eq!(
        (&node.data[..], node.stat.czxid),
        (&b"data"[..], created.stat.czxid)
    );
    let absolute = root.ephemerals(&there).await.unwrap();
    assert_eq!(absolute, [format!("{there}/n-0000000000")]);
    root.set(&there, "changed").await.unwrap();
    assert_eq!(&zk.get("/a").await.unwrap().data[..], b"changed");
    zk.acl("/a").await.unwrap();
    zk.sync("/a").await.unwrap();
}

pub async fn the_root_of_a_chroot_is_its_node(server: &Server) {
    let root = server.root_client().await;
    let zk = server.client().await;
    let sub = zk.chroot("/sub").unwrap();
    assert_eq!(sub.exists("/").await.unwrap(), None);
    zk.create("/sub", "here").await.unwrap();
    assert_eq!(&sub.get("/").await.unwrap().data[..], b"here");
    let stat = sub.set("/", "set through the chroot").await.unwrap();
    let path = format!("{}/sub", server.place());
    assert_eq!(root.exists(&path).await.unwrap(), Some(stat));
    sub.delete("/").await.unwrap();
    assert_eq!(root.exists(&path).await.unwrap(), None);
}

pub async fn chroots_nest_and_equal_those_of_connect_strings(server: &Server) {
    let zk = server.client().await;
    zk.create("/a/b/c", "deep").parents().await.unwrap();
    let nested = zk.chroot("/a").unwrap().chroot("/b").unwrap();
    assert_eq!(&nested.get("/c").await.unwrap().data[..], b"deep");
    let same = server.root_client().await;
    let same = same.chroot(&nested.absolute("/")).unwrap();
    assert_eq!(
        same.get("/c").await.unwrap(),
        nested.get("/c").await.unwrap()
    );
    let root = zk.chroot("/").unwrap();
    assert_eq!(root.children("/").await.unwrap(), ["a"]);
}

pub async fn watches_report_paths_below_the_chroot(server: &Server) {
    let root = server.root_client().await;
    let zk = server.client().await;
    let recursive = AddWatchMode::PersistentRecursive;
    let mut above = root.watch(server.place(), recursive).await.unwrap();
    let mut all = zk.watch("/", recursive).await.unwrap();
    let (_, mut exists) = zk.exists("/a").watch().await.unwrap();
    let (_, mut children) = zk.children("/").watch().await.unwrap();
    zk.create("/a", "").await.unwrap();
    assert_eq!(next(&mut all).await, event(EventType::Created, "/a"));
    assert_eq!(next(&mut exists).await, event(EventType::Created, "/a"));
    let changed = event(EventType::ChildrenChanged, "/");
    assert_eq!(next(&mut children).await, changed);
    let absolute = format!("{}/a", server.place());
    assert_eq!(next(&mut above).await, event(EventType::Created, &absolute));
    let (_, mut data) = zk.get("/").watch().await.unwrap();
    root.set(server.place(), "x").await.unwrap();
    assert_eq!(next(&mut data).await, event(EventType::DataChanged, "/"));
}

pub async fn rs6b52b0b_s12_results_of_a_multi_are_below_the_chroot(server: &Server) {
    let zk = server.client().await;
    let zk = zk.chroot("/sub").unwrap();
    zk.create("/", "").await.unwrap();
    let sequential = CreateMode::PersistentSequential;
    let results = zk
        .multi()
        .check("/", 0)
        .create("/n-", "", sequential)
        .create("/n-0000000000/child", "", CreateMode::Persistent)
        .await
        .unwrap();
    let created = |path: &str| MultiResult::Created {
        path: path.to_owned(),
        stat: None,
    };
    assert_eq!(
        results,
        [
            MultiResult::Checked,
            created("/n-0000000000"),
            created("/n-0000000000/child")
        ]
    );
}

pub async fn a_missing_chroot_is_named(server: &Server) {
    let zk = server.client().await.chroot("/no/such").unwrap();
    let chroot = format!("{}/no/such", server.place());
    for error in [
        zk.create("/a", "").await.unwrap_err(),
        zk.create("/a", "").parents().await.unwrap_err(),
        zk.get("/").await.unwrap_err(),
        zk.children("/a").await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::NoNode);
        let text = error.to_string();
        let expected = format!(
            "chroot {chroot} does not exist on this ensemble (nearest existing: {})",
            server.place()
        );
        assert!(text.contains(&expected), "{text}");
    }
}

pub async fn errors_speak_of_paths_below_the_chroot(server: &Server) {
    let zk = server.client().await;
    zk.create("/a", "").await.unwrap();
    let error = zk.get("/a/b/c").await.unwrap_err();
    assert_eq!(error.path(), Some("/a/b/c"));
    assert_eq!(
        error.to_string(),
        "cannot read /a/b/c: it does not exist (nearest existing: /a)"
    );
}

pub async fn nodes_outside_the_chroot_stay_out_of_sight(server: &Server) {
    let zk = server.client().await;
    let (here, there) = (zk.chroot("/here").unwrap(), zk.chroot("/there").unwrap());
    // A sibling whose name begins like the chroot's is not inside.
    let almost = zk.chroot("/here-too").unwrap();
    for client in [&here, &there, &almost] {
        client.create("/", "").await.unwrap();
        let ephemeral = CreateMode::Ephemeral;
        client.create("/e", "").mode(ephemeral).await.unwrap();
    }
    let recursive = AddWatchMode::PersistentRecursive;
    let mut watch = here.watch("/", recursive).await.unwrap();
    almost.set("/e", "x").await.unwrap();
    there.set("/e", "x").await.unwrap();
    here.set("/e", "x").await.unwrap();
    let seen = super::seen::arrived(&mut watch);
    assert_eq!(seen, [event(EventType::DataChanged, "/e")]);
    for client in [&here, &there, &almost] {
        assert_eq!(client.ephemerals("/").await.unwrap(), ["/e"]);
    }
}
