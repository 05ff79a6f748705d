//! Watches that fire until they are dropped.

use zk_client::EventType;
use zk_recipes::{AddWatchMode, CreateMode, WatchEvent};

use super::seen::{arrived, event};
use super::server::Server;

use AddWatchMode::{Persistent, PersistentRecursive};
use EventType::{ChildrenChanged, Created, DataChanged, Deleted};

pub async fn b68_a_persistent_watch_sees_all_that_happens_to_its_node(server: &Server) {
    let zk = server.client().await;
    let mut watch = zk.watch("/node", Persistent).await.unwrap();
    for _ in 0..2 {
        zk.create("/node", "").await.unwrap();
        zk.set("/node", "1").await.unwrap();
        zk.create("/node/child", "").await.unwrap();
        zk.set("/node/child", "1").await.unwrap();
        zk.delete("/node/child").await.unwrap();
        zk.delete("/node").await.unwrap();
        let expected = [
            event(Created, "/node"),
            event(DataChanged, "/node"),
            event(ChildrenChanged, "/node"),
            event(ChildrenChanged, "/node"),
            event(Deleted, "/node"),
        ];
        assert_eq!(arrived(&mut watch), expected);
    }
}

pub async fn b68_a_recursive_watch_sees_all_nodes_below_and_no_lists(server: &Server) {
    let zk = server.client().await;
    zk.create("/other", "").await.unwrap();
    let mut watch = zk.watch("/top", PersistentRecursive).await.unwrap();
    zk.create("/top/a/b", "").parents().await.unwrap();
    zk.set("/top/a", "1").await.unwrap();
    zk.set("/other", "1").await.unwrap();
    zk.create("/topmost", "").await.unwrap();
    zk.delete("/top/a/b").await.unwrap();
    zk.delete("/top/a").await.unwrap();
    zk.delete("/top").await.unwrap();
    zk.create("/top", "").await.unwrap();
    let expected = [
        event(Created, "/top"),
        event(Created, "/top/a"),
        event(Created, "/top/a/b"),
        event(DataChanged, "/top/a"),
        event(Deleted, "/top/a/b"),
        event(Deleted, "/top/a"),
        event(Deleted, "/top"),
        event(Created, "/top"),
    ];
    assert_eq!(arrived(&mut watch), expected);
}

pub async fn zk4475_b68_watches_of_all_kinds_on_one_node_each_see_their_own_events(
    server: &Server,
) {
    // ZOOKEEPER-4475: a server sends one event for all of a connection's watches on a path.
    let zk = server.client().await;
    zk.create("/node", "").await.unwrap();
    let mut persistent = zk.watch("/node", Persistent).await.unwrap();
    let mut recursive = zk.watch("/node", PersistentRecursive).await.unwrap();
    let (_, mut data) = zk.get("/node").watch().await.unwrap();
    let (_, mut children) = zk.children("/node").watch().await.unwrap();
    zk.create("/node/child", "").await.unwrap();
    zk.set("/node", "1").await.unwrap();
    zk.set("/node", "2").await.unwrap();
    let changed = event(ChildrenChanged, "/node");
    let written = event(DataChanged, "/node");
    assert_eq!(
        arrived(&mut persistent),
        [changed.clone(), written.clone(), written.clone()]
    );
    assert_eq!(
        arrived(&mut recursive),
        [
            event(Created, "/node/child"),
            written.clone(),
            written.clone()
        ]
    );
    assert_eq!(arrived(&mut data), [written]);
    assert_eq!(arrived(&mut children), [changed]);
}

pub async fn a_recursive_watch_above_does_not_disturb_a_watch_below(server: &Server) {
    let zk = server.client().await;
    zk.create("/a/b", "").parents().await.unwrap();
    let mut recursive = zk.watch("/a", PersistentRecursive).await.unwrap();
    let (_, mut one_shot) = zk.get("/a/b").watch().await.unwrap();
    zk.set("/a/b", "1").await.unwrap();
    zk.set("/a/b", "2").await.unwrap();
    let written = event(DataChanged, "/a/b");
    assert_eq!(arrived(&mut recursive), [written.clone(), written.clone()]);
    assert_eq!(arrived(&mut one_shot), [written]);
    assert_eq!(zk.stats().notifications, 2, "one for both watches");
}

pub async fn b59_events_of_a_multi_come_in_its_order_with_one_zxid(server: &Server) {
    let zk = server.client().await;
    let mut watch = zk.watch("/", PersistentRecursive).await.unwrap();
    zk.multi()
        .create("/a", "", CreateMode::Persistent)
        .set("/a", "1", None)
        .create("/a/b", "", CreateMode::Persistent)
        .delete("/a/b", None)
        .await
        .unwrap();
    let mut zxids = Vec::new();
    for expected in [
        event(Created, "/a"),
        event(DataChanged, "/a"),
        event(Created, "/a/b"),
        event(Deleted, "/a/b"),
    ] {
        match watch.next().await {
            Some(WatchEvent::Fired { kind, path, zxid }) => {
                assert_eq!((kind, path), expected);
                zxids.push(zxid);
            }
            other => panic!("{other:?}"),
        }
    }
    let created = zk.exists("/a").await.unwrap().unwrap().czxid;
    assert_eq!(zxids, [server.event_zxid(created); 4]);
}

pub async fn the_events_of_many_changes_come_without_a_gap(server: &Server) {
    let (zk, other) = (server.client().await, server.client().await);
    let mut watch = zk.watch("/", PersistentRecursive).await.unwrap();
    let changes: Vec<_> = (0..500)
        .map(|number| other.create(&format!("/n{number}"), "").submit())
        .collect();
    for (number, change) in changes.into_iter().enumerate() {
        let stat = change.await.unwrap().stat;
        let expected = WatchEvent::Fired {
            kind: Created,
            path: format!("/n{number}"),
            zxid: server.event_zxid(stat.czxid),
        };
        assert_eq!(watch.next().await, Some(expected));
    }
}
