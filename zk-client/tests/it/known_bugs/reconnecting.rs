//! Watches and nodes over a reconnect.

use std::time::Duration;

use zk_client::{AddWatchMode, Client, CreateMode, EventType, OnExpiry, State, Watch, WatchEvent};
use zk_embedded::Match;
use zk_wire::OpCode;

use super::soon;
use crate::kit::{World, settle};

#[tokio::test(start_paused = true)]
async fn zk551_a_new_session_registers_no_watches_of_the_old_one() {
    let world = World::new();
    let builder = world.builder().on_expiry(OnExpiry::NewSession);
    let zk = builder.connect().await.unwrap();
    let (_, _one_shot) = zk.exists("/a").watch().await.unwrap();
    let _lasting = zk.watch("/a", AddWatchMode::Persistent).await.unwrap();
    world.hooks.expire(zk.session_id().unwrap());
    let mut states = zk.watch_state();
    while !matches!(
        soon(states.changed()).await,
        Some(State::Connected { generation: 2, .. })
    ) {}
    zk.exists("/").await.unwrap();
    for op in [OpCode::SetWatches, OpCode::SetWatches2] {
        assert_eq!(world.hooks.count(op), 0);
    }
    assert_eq!(world.hooks.watch_count(), 0);
}

async fn watched(zk: &Client, kind: &str) -> Watch {
    match kind {
        "data" => zk.get("/p/a").watch().await.unwrap().1,
        "exist" => zk.exists("/p/a").watch().await.unwrap().1,
        _ => zk.children("/p/a").watch().await.unwrap().1,
    }
}

async fn change(other: &Client, what: &str) {
    match what {
        "set" => drop(other.set("/p/a", "x").await.unwrap()),
        "create" => drop(other.create("/p/a", "").await.unwrap()),
        "delete" => other.delete("/p/a").await.unwrap(),
        "child" => drop(other.create("/p/a/c", "").await.unwrap()),
        "delete, create" => {
            other.delete("/p/a").await.unwrap();
            other.create("/p/a", "").await.unwrap();
        }
        _ => {}
    }
}

/// protocol: a deletion followed by a creation reads as the change of a node that was always there.
#[tokio::test(start_paused = true)]
async fn zk1667_b63_each_change_of_a_gap_is_told_to_each_kind_of_watch_as_it_should_be() {
    use EventType::{ChildrenChanged, Created, DataChanged, Deleted};
    let table = [
        (true, "data", "", None),
        (true, "data", "set", Some(DataChanged)),
        (true, "data", "delete", Some(Deleted)),
        (true, "data", "child", None),
        (true, "data", "delete, create", Some(DataChanged)),
        (true, "exist", "set", Some(DataChanged)),
        (true, "exist", "delete", Some(Deleted)),
        (true, "exist", "child", None),
        (false, "exist", "", None),
        (false, "exist", "create", Some(Created)),
        (true, "children", "set", None),
        (true, "children", "child", Some(ChildrenChanged)),
        (true, "children", "delete", Some(Deleted)),
    ];
    for (there, kind, what, expected) in table {
        let world = World::new();
        let (zk, other) = (world.client().await, world.client().await);
        other.create("/p", "").await.unwrap();
        if there {
            other.create("/p/a", "").await.unwrap();
        }
        let mut watch = watched(&zk, kind).await;
        world.hooks.cut_session(zk.session_id().unwrap());
        world.hooks.refuse_connections(true);
        change(&other, what).await;
        world.hooks.refuse_connections(false);
        settle().await;
        let next = tokio::time::timeout(Duration::from_secs(5), watch.next()).await;
        let told = match next {
            Ok(Some(WatchEvent::Fired { kind, path, .. })) => {
                assert_eq!(path, "/p/a");
                Some(kind)
            }
            Ok(other) => panic!("{kind} {what}: {other:?}"),
            Err(_) => None,
        };
        assert_eq!(told, expected, "{there} {kind} {what}");
        assert_eq!(zk.stats().connections, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn rs82_zk1417_go14e9108_a_cut_between_two_events_of_one_transaction_loses_neither() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    other.create("/a", "").await.unwrap();
    other.create("/b", "").await.unwrap();
    let (_, mut first) = zk.get("/a").watch().await.unwrap();
    let (_, mut second) = zk.get("/b").watch().await.unwrap();
    let event = Match::op(OpCode::Notification).nth(2);
    let cut = world.hooks.on(event).cut_before_apply();
    let multi = other.multi().set("/a", "x", None).set("/b", "x", None);
    multi.await.unwrap();
    for (watch, node) in [(&mut first, "/a"), (&mut second, "/b")] {
        let Some(WatchEvent::Fired { kind, path, .. }) = soon(watch.next()).await else {
            panic!("{node} was lost");
        };
        assert_eq!((kind, path.as_str()), (EventType::DataChanged, node));
        assert_eq!(watch.next().await, None);
    }
    assert_eq!(world.hooks.fired(cut), 1);
    assert_eq!(zk.stats().connections_lost, 1);
}

#[tokio::test(start_paused = true)]
async fn b11_ephemeral_nodes_outlive_every_connection_of_their_session() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let ephemeral = zk.create("/e", "").mode(CreateMode::Ephemeral);
    let stat = ephemeral.await.unwrap().stat;
    for _ in 0..10 {
        world.hooks.cut_session(zk.session_id().unwrap());
        assert_eq!(other.exists("/e").await.unwrap(), Some(stat));
        assert_eq!(zk.exists("/e").await.unwrap(), Some(stat));
    }
    assert_eq!(zk.stats().connections, 11);
}
