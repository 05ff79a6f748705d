//! Watches that fire once.

use zk_client::{EventType, SetEvent, WatchEvent, Zxid};
use zk_recipes::{Acl, CreateMode, ErrorKind};

use super::seen::{arrived, event, next};
use super::server::Server;

use EventType::{ChildrenChanged, Created, DataChanged, Deleted};

pub async fn b61_a_data_watch_fires_once_for_the_first_change(server: &Server) {
    let zk = server.client().await;
    zk.create("/node", "").await.unwrap();
    let (node, mut watch) = zk.get("/node").watch().await.unwrap();
    assert_eq!(node.stat.version, 0);
    // Neither children nor the ACL are its data.
    zk.create("/node/child", "").await.unwrap();
    zk.set_acl("/node", [Acl::open()]).await.unwrap();
    assert_eq!(arrived(&mut watch), []);
    zk.set("/node", "1").await.unwrap();
    zk.set("/node", "2").await.unwrap();
    assert_eq!(arrived(&mut watch), [event(DataChanged, "/node")]);
    assert_eq!(watch.next().await, None);
}

pub async fn a_data_watch_sees_its_node_go(server: &Server) {
    let zk = server.client().await;
    zk.create("/node", "").await.unwrap();
    let (_, mut watch) = zk.get("/node").watch().await.unwrap();
    zk.delete("/node").await.unwrap();
    zk.create("/node", "").await.unwrap();
    zk.set("/node", "1").await.unwrap();
    assert_eq!(arrived(&mut watch), [event(Deleted, "/node")]);
}

pub async fn b61_an_exists_watch_waits_for_a_node_that_is_not_there(server: &Server) {
    let zk = server.client().await;
    let (stat, mut watch) = zk.exists("/a/b").watch().await.unwrap();
    assert_eq!(stat, None);
    zk.create("/a", "").await.unwrap();
    assert_eq!(arrived(&mut watch), []);
    zk.create("/a/b", "").await.unwrap();
    zk.set("/a/b", "1").await.unwrap();
    zk.delete("/a/b").await.unwrap();
    assert_eq!(arrived(&mut watch), [event(Created, "/a/b")]);
    assert_eq!(watch.next().await, None);
}

pub async fn an_exists_watch_on_a_node_that_is_there_is_a_data_watch(server: &Server) {
    let zk = server.client().await;
    zk.create("/a", "").await.unwrap();
    zk.create("/b", "").await.unwrap();
    let (stat, mut first) = zk.exists("/a").watch().await.unwrap();
    assert!(stat.is_some());
    let (_, mut second) = zk.exists("/b").watch().await.unwrap();
    zk.set("/a", "1").await.unwrap();
    zk.delete("/b").await.unwrap();
    assert_eq!(arrived(&mut first), [event(DataChanged, "/a")]);
    assert_eq!(arrived(&mut second), [event(Deleted, "/b")]);
}

pub async fn go90e39fa_b61_a_child_watch_fires_for_the_list_and_not_for_its_members(
    server: &Server,
) {
    let zk = server.client().await;
    zk.create("/p/old", "").parents().await.unwrap();
    let (names, mut grown) = zk.children("/p").watch().await.unwrap();
    assert_eq!(names, ["old"]);
    zk.set("/p", "1").await.unwrap();
    zk.set("/p/old", "1").await.unwrap();
    zk.create("/p/old/nested", "").await.unwrap();
    zk.delete("/p/old/nested").await.unwrap();
    assert_eq!(arrived(&mut grown), []);
    zk.create("/p/new", "").await.unwrap();
    let (_, mut shrunk) = zk.children("/p").watch().await.unwrap();
    zk.delete("/p/new").await.unwrap();
    zk.delete("/p/old").await.unwrap();
    assert_eq!(arrived(&mut grown), [event(ChildrenChanged, "/p")]);
    assert_eq!(arrived(&mut shrunk), [event(ChildrenChanged, "/p")]);
    let (_, mut gone) = zk.children("/p").watch().await.unwrap();
    zk.delete("/p").await.unwrap();
    assert_eq!(arrived(&mut gone), [event(Deleted, "/p")]);
}

pub async fn a_read_that_fails_sets_no_watch(server: &Server) {
    let zk = server.client().await;
    let get = zk.get("/node").watch().await.unwrap_err();
    let children = zk.children("/node").watch().await.unwrap_err();
    assert_eq!(
        (get.kind(), children.kind()),
        (ErrorKind::NoNode, ErrorKind::NoNode)
    );
    assert_eq!(zk.stats().watches, 0);
    assert_eq!(server.watches(), 0);
}

pub async fn failed_and_empty_changes_fire_nothing(server: &Server) {
    let zk = server.client().await;
    zk.create("/p/node", "").parents().await.unwrap();
    let (_, mut data) = zk.get("/p/node").watch().await.unwrap();
    let (_, mut list) = zk.children("/p").watch().await.unwrap();
    zk.set("/p/node", "").version(9).await.unwrap_err();
    zk.delete("/p/node").version(9).await.unwrap_err();
    zk.create("/p/node", "").await.unwrap_err();
    zk.delete("/p").await.unwrap_err();
    zk.multi().check("/p/node", 0).await.unwrap();
    zk.barrier().await.unwrap();
    assert_eq!(arrived(&mut data), []);
    assert_eq!(arrived(&mut list), []);
    assert_eq!(zk.stats().notifications, 0);
}

pub async fn b62_an_event_arrives_before_the_reply_that_shows_the_change(server: &Server) {
    let (zk, other) = (server.client().await, server.client().await);
    zk.create("/node", "0").await.unwrap();
    for version in 1..=20 {
        let (_, mut watch) = zk.get("/node").watch().await.unwrap();
        let write = other.set("/node", "").submit();
        // Reads until one shows the change; the event was there first.
        while zk.get("/node").await.unwrap().stat.version < version {}
        assert_eq!(arrived(&mut watch), [event(DataChanged, "/node")]);
        write.await.unwrap();
    }
}

pub async fn events_of_ones_own_changes_arrive_before_the_replies(server: &Server) {
    let zk = server.client().await;
    let (_, mut created) = zk.exists("/node").watch().await.unwrap();
    zk.create("/node", "").await.unwrap();
    assert_eq!(arrived(&mut created), [event(Created, "/node")]);
    let (_, mut deleted) = zk.exists("/node").watch().await.unwrap();
    zk.multi().delete("/node", 0).await.unwrap();
    assert_eq!(arrived(&mut deleted), [event(Deleted, "/node")]);
}

pub async fn an_event_carries_the_zxid_of_its_transaction(server: &Server) {
    let zk = server.client().await;
    let (_, mut watch) = zk.exists("/node").watch().await.unwrap();
    let stat = zk.create("/node", "").await.unwrap().stat;
    let expected = WatchEvent::Fired {
        kind: Created,
        path: "/node".to_owned(),
        zxid: server.event_zxid(stat.czxid),
    };
    assert_eq!(watch.next().await, Some(expected));
}

pub async fn b76_all_watches_of_a_node_fire_and_each_client_has_its_own(server: &Server) {
    let (zk, other) = (server.client().await, server.client().await);
    zk.create("/node", "").await.unwrap();
    let (_, mut first) = zk.get("/node").watch().await.unwrap();
    let (_, mut second) = zk.exists("/node").watch().await.unwrap();
    let (_, mut third) = other.get("/node").watch().await.unwrap();
    zk.set("/node", "1").await.unwrap();
    let expected = [event(DataChanged, "/node")];
    assert_eq!(arrived(&mut first), expected);
    assert_eq!(arrived(&mut second), expected);
    assert_eq!(next(&mut third).await, expected[0]);
    // The two of one client are one watch for the server.
    assert_eq!(zk.stats().notifications, 1);
}

pub async fn go8edc763_b61_a_deleted_node_fires_its_own_watches_and_its_parents(server: &Server) {
    let zk = server.client().await;
    zk.create("/p/c", "").parents().await.unwrap();
    let (_, mut data) = zk.get("/p/c").watch().await.unwrap();
    let (_, mut list) = zk.children("/p/c").watch().await.unwrap();
    let (_, mut parents) = zk.children("/p").watch().await.unwrap();
    zk.delete("/p/c").await.unwrap();
    assert_eq!(arrived(&mut data), [event(Deleted, "/p/c")]);
    assert_eq!(arrived(&mut list), [event(Deleted, "/p/c")]);
    assert_eq!(arrived(&mut parents), [event(ChildrenChanged, "/p")]);
}

pub async fn a_watch_set_yields_events_of_all_its_watches_in_order(server: &Server) {
    let (zk, other) = (server.client().await, server.client().await);
    let nodes: Vec<String> = (0..10).map(|number| format!("/n{number}")).collect();
    let mut set = zk.watch_set();
    let mut tags = Vec::new();
    for node in &nodes {
        zk.create(node, "").await.unwrap();
        let (_, tag) = zk.get_in(node, &set).await.unwrap();
        tags.push(tag);
    }
    set.forget(tags[4]);
    // In another order than that of the nodes and of the watches.
    let order = [7, 2, 9, 4, 0, 5, 1, 8, 3, 6];
    let mut zxids: Vec<(usize, Zxid)> = Vec::new();
    for number in order {
        let stat = other.set(&nodes[number], "").await.unwrap();
        zxids.push((number, stat.mzxid));
    }
    for (number, zxid) in zxids.into_iter().filter(|(number, _)| *number != 4) {
        let expected = SetEvent::Watch {
            tag: tags[number],
            event: WatchEvent::Fired {
                kind: DataChanged,
                path: nodes[number].clone(),
                zxid: server.event_zxid(zxid),
            },
        };
        assert_eq!(set.next().await, expected);
    }
    zk.sync("/").await.unwrap();
    zk.get("/").await.unwrap();
    assert_eq!(super::seen::at_once(set.next()), None);
}

pub async fn b69_an_event_is_kept_from_those_who_may_not_read_the_node(server: &Server) {
    let owner = server.builder().auth("digest", "alice:wonder");
    let owner = owner.connect().await.unwrap();
    let stranger = server.client().await;
    let (_, mut hers) = owner.exists("/node").watch().await.unwrap();
    let (_, mut strangers) = stranger.exists("/node").watch().await.unwrap();
    let create = owner
        .create("/node", "")
        .acl([Acl::digest("alice", "wonder")]);
    create.mode(CreateMode::Persistent).await.unwrap();
    assert_eq!(next(&mut hers).await, event(Created, "/node"));
    stranger.sync("/").await.unwrap();
    stranger.get("/").await.unwrap();
    assert_eq!(arrived(&mut strangers), []);
}
