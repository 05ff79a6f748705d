//! Watches on one path that cover or replace each other. That none misses an event is shown on servers of each release:
//! `watch_pairs` among the conformance tests.

use zk_session::{WatchEvent, WatchKind};
use zk_wire::{AddWatchMode, EventType, Request};

use crate::pair::{Pair, get_watched};
use crate::server::{Node, Reaction};

fn pair() -> Pair {
    let mut pair = Pair::usual();
    let node = Node { owner: 0, czxid: 1 };
    pair.server.nodes.insert("/a".to_owned(), node);
    pair
}

fn lasting(mode: AddWatchMode) -> Request {
    let path = "/a".to_owned();
    Request::AddWatch { path, mode }
}

fn is_add(request: &Request) -> bool {
    matches!(request, Request::AddWatch { .. })
}

fn modes(pair: &Pair) -> Vec<AddWatchMode> {
    let requests = pair.received(is_add).into_iter();
    let modes = requests.filter_map(|received| match received.request {
        Request::AddWatch { mode, .. } => Some(mode),
        _ => None,
    });
    modes.collect()
}

#[test]
fn a_one_shot_watch_is_not_set_where_a_persistent_one_tells_of_the_same() {
    let mut pair = pair();
    pair.watch(lasting(AddWatchMode::Persistent), WatchKind::Persistent);
    let data = pair.watch(get_watched("/a"), WatchKind::Data);
    let flags: Vec<bool> = pair
        .received(|request| matches!(request, Request::GetData { .. }))
        .iter()
        .map(|received| matches!(received.request, Request::GetData { watch: true, .. }))
        .collect();
    assert_eq!(flags, [false]);
    pair.notify(EventType::DataChanged, "/a", 201);
    pair.notify(EventType::DataChanged, "/a", 202);
    assert_eq!(pair.watched(data).len(), 1, "it still fires once");
}

#[test]
fn a_refused_persistent_watch_costs_no_other_its_events() {
    let mut pair = pair();
    pair.server.on(is_add, 0, Reaction::Refuse(-127));
    let refused = lasting(AddWatchMode::Persistent);
    let submit = zk_session::Submit::new().watch(WatchKind::Persistent);
    pair.submit_with(refused, submit);
    let submit = zk_session::Submit::new().watch(WatchKind::Data);
    pair.submit_with(get_watched("/a"), submit);
    pair.settle();
    // Whether the read relied on it cannot be told from here: the next connection sets what is left.
    pair.run_until(|pair| pair.session.stats().connections_lost == 1 && pair.has_conn());
    assert!(pair.session.state().is_connected());
}

#[test]
fn a_recursive_watch_that_may_be_replaced_is_set_again_and_told_of_a_gap() {
    let mut pair = pair();
    let tree = lasting(AddWatchMode::PersistentRecursive);
    let tree = pair.watch(tree, WatchKind::Recursive);
    pair.watch(lasting(AddWatchMode::Persistent), WatchKind::Persistent);
    pair.settle();
    let (node, below) = (AddWatchMode::Persistent, AddWatchMode::PersistentRecursive);
    assert_eq!(modes(&pair), [below, node, below]);
    assert_eq!(pair.watched(tree), [WatchEvent::Gap]);
}

#[test]
fn what_a_recursive_watch_may_have_replaced_is_set_again_when_it_goes() {
    let mut pair = pair();
    pair.watch(lasting(AddWatchMode::Persistent), WatchKind::Persistent);
    let tree = lasting(AddWatchMode::PersistentRecursive);
    let tree = pair.watch(tree, WatchKind::Recursive);
    pair.session.forget_watch(pair.now, tree);
    pair.pump();
    pair.settle();
    let (node, below) = (AddWatchMode::Persistent, AddWatchMode::PersistentRecursive);
    assert_eq!(modes(&pair), [node, below, node]);
}

#[test]
fn a_watch_that_cannot_be_set_again_is_set_by_the_next_connection() {
    let mut pair = pair();
    pair.watch(
        lasting(AddWatchMode::PersistentRecursive),
        WatchKind::Recursive,
    );
    pair.server.on(is_add, 1, Reaction::Refuse(-127));
    pair.watch(lasting(AddWatchMode::Persistent), WatchKind::Persistent);
    pair.run_until(|pair| pair.session.stats().connections_lost == 1 && pair.has_conn());
    assert!(pair.session.state().is_connected());
}
