//! Watches leave nothing behind on the server.

use std::time::Duration;

use zk_client::EventType;
use zk_recipes::{AddWatchMode, Client, WatchEvent};

use crate::deadline;

use super::seen::{arrived, event, poll_once};
use super::server::Server;

/// The removal of a dropped watch is queued at once, so the answer to anything later says it is done.
async fn assert_no_watch(server: &Server, zk: &Client) {
    zk.barrier().await.unwrap();
    assert_eq!(server.watches(), 0);
    assert_eq!(zk.stats().watches, 0);
}

pub async fn s12_b71_a_dropped_watch_is_removed_from_the_server(server: &Server) {
    let zk = server.client().await;
    zk.create("/node", "").await.unwrap();
    let (_, data) = zk.get("/node").watch().await.unwrap();
    assert_eq!(server.watches(), 1);
    drop(data);
    assert_no_watch(server, &zk).await;

    let (_, exists) = zk.exists("/missing").watch().await.unwrap();
    assert_eq!(server.watches(), 1);
    drop(exists);
    assert_no_watch(server, &zk).await;

    let (_, children) = zk.children("/node").watch().await.unwrap();
    assert_eq!(server.watches(), server.shown_child_watches(1));
    drop(children);
    assert_no_watch(server, &zk).await;

    let persistent = zk.watch("/node", AddWatchMode::Persistent).await.unwrap();
    assert!(server.watches() >= 1);
    drop(persistent);
    assert_no_watch(server, &zk).await;

    let recursive = AddWatchMode::PersistentRecursive;
    let recursive = zk.watch("/node", recursive).await.unwrap();
    assert_eq!(server.watches(), server.shown_recursive_watches());
    drop(recursive);
    assert_no_watch(server, &zk).await;
}

pub async fn a_fired_watch_is_gone_from_the_server(server: &Server) {
    let zk = server.client().await;
    zk.create("/node", "").await.unwrap();
    let (_, data) = zk.get("/node").watch().await.unwrap();
    let (_, children) = zk.children("/node").watch().await.unwrap();
    zk.delete("/node").await.unwrap();
    assert_eq!(server.watches(), 0);
    assert_eq!(zk.stats().watches, 0);
    drop((data, children));
    assert_no_watch(server, &zk).await;
}

pub async fn zk1909_zk1910_zk2611_zk1919_rse323fa2_dropping_one_watch_leaves_the_others_of_its_node(
    server: &Server,
) {
    let zk = server.client().await;
    zk.create("/node", "").await.unwrap();
    let (_, first) = zk.get("/node").watch().await.unwrap();
    let (_, mut second) = zk.get("/node").watch().await.unwrap();
    let mut persistent = zk.watch("/node", AddWatchMode::Persistent).await.unwrap();
    let (_, children) = zk.children("/node").watch().await.unwrap();
    drop((first, children));
    zk.create("/node/child", "").await.unwrap();
    zk.set("/node", "1").await.unwrap();
    let written = event(EventType::DataChanged, "/node");
    assert_eq!(arrived(&mut second), std::slice::from_ref(&written));
    let changed = event(EventType::ChildrenChanged, "/node");
    assert_eq!(arrived(&mut persistent), [changed, written.clone()]);
    drop(second);
    zk.set("/node", "2").await.unwrap();
    assert_eq!(arrived(&mut persistent), [written]);
    drop(persistent);
    assert_no_watch(server, &zk).await;
}

pub async fn a_watch_set_again_right_after_its_drop_fires(server: &Server) {
    let zk = server.client().await;
    zk.create("/node", "").await.unwrap();
    for version in 0..20 {
        let (_, dropped) = zk.get("/node").watch().await.unwrap();
        drop(dropped);
        let (node, mut watch) = zk.get("/node").watch().await.unwrap();
        assert_eq!(node.stat.version, version);
        zk.set("/node", "").await.unwrap();
        let written = event(EventType::DataChanged, "/node");
        assert_eq!(arrived(&mut watch), [written]);
    }
    assert_no_watch(server, &zk).await;
}

pub async fn a_read_dropped_before_its_answer_leaves_no_watch(server: &Server) {
    let zk = server.client().await;
    zk.create("/node", "").await.unwrap();
    // Dropped before it is sent.
    drop(zk.get("/node").watch().submit());
    assert_no_watch(server, &zk).await;
    // Dropped while its answer is under way: the server has the watch by then, and loses it again.
    let mut read = Box::pin(zk.get("/node").watch().submit());
    while zk.stats().in_flight == 0 {
        assert!(poll_once(read.as_mut()).is_none(), "answered before sent");
        tokio::task::yield_now().await;
    }
    drop(read);
    // The removal is queued when the answer arrives, which it has done when a later request is answered.
    zk.barrier().await.unwrap();
    assert_no_watch(server, &zk).await;
}

pub async fn a_dropped_set_removes_all_its_watches(server: &Server) {
    let zk = server.client().await;
    let mut set = zk.watch_set();
    let mut tags = Vec::new();
    for number in 0..10 {
        let node = format!("/n{number}");
        zk.create(&node, "").await.unwrap();
        let (_, tag) = zk.get_in(&node, &set).await.unwrap();
        tags.push(tag);
    }
    assert_eq!(server.watches(), 10);
    set.forget(tags[3]);
    zk.barrier().await.unwrap();
    assert_eq!(server.watches(), 9);
    drop(set);
    assert_no_watch(server, &zk).await;
}

pub async fn a_closed_session_has_no_watches(server: &Server) {
    let zk = server.client().await;
    let watch = zk.watch("/", AddWatchMode::PersistentRecursive);
    let watch = watch.await.unwrap();
    let (_, exists) = zk.exists("/node").watch().await.unwrap();
    assert_eq!(server.watches(), 1 + server.shown_recursive_watches());
    zk.close().await.unwrap();
    let limit = deadline(Duration::from_secs(10));
    limit
        .until_some("the connection's watches to go", || {
            std::future::ready((server.watches() == 0).then_some(()))
        })
        .await;
    drop((watch, exists));
}

pub async fn all_watches_of_a_node_are_removed_at_once_and_told(server: &Server) {
    let zk = server.client().await;
    zk.create("/node", "").await.unwrap();
    let (_, data) = zk.get("/node").watch().await.unwrap();
    let (_, other) = zk.get("/node").watch().await.unwrap();
    let (_, children) = zk.children("/node").watch().await.unwrap();
    let lasting = zk.watch("/node", AddWatchMode::Persistent).await.unwrap();
    let (_, mut beside) = zk.children("/").watch().await.unwrap();
    let root = zk.chroot("/node").unwrap();
    assert_eq!(root.remove_watches("/"), 4);
    assert_eq!(root.remove_watches("/"), 0);
    zk.barrier().await.unwrap();
    assert_eq!(server.watches(), server.shown_child_watches(1));
    for mut watch in [data, other, children, lasting] {
        assert_eq!(watch.next().await, Some(WatchEvent::Removed));
        assert_eq!(watch.next().await, None);
    }
    zk.set("/node", "x").await.unwrap();
    zk.create("/another", "").await.unwrap();
    assert!(matches!(
        beside.next().await,
        Some(WatchEvent::Fired { .. })
    ));
    assert_no_watch(server, &zk).await;
}

pub async fn watches_whose_requests_are_under_way_are_removed_with_the_others(server: &Server) {
    let zk = server.client().await;
    zk.create("/node", "").await.unwrap();
    let read = zk.get("/node").watch().submit();
    let unset = zk.exists("/node").watch().submit();
    assert_eq!(zk.remove_watches("/node"), 2);
    let ((_, mut first), (_, mut second)) = (read.await.unwrap(), unset.await.unwrap());
    assert_eq!(first.next().await, Some(WatchEvent::Removed));
    assert_eq!(second.next().await, Some(WatchEvent::Removed));
    assert_no_watch(server, &zk).await;
}
