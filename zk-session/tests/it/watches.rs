//! Watches over their whole life.

use zk_session::{Event, Submit, WatchEvent, WatchId, WatchKind};
use zk_wire::frame::write_frame;
use zk_wire::{
    AddWatchMode, Encode, EventType, OpCode, ReplyHeader, Request, SetWatches, WatcherEvent,
    WatcherKind, Zxid,
};

use crate::pair::{Pair, config, get, get_watched, is_get, set};
use crate::server::{Node, Reaction, notification};

fn with_nodes(paths: &[&str]) -> Pair {
    let mut pair = Pair::usual();
    for path in paths {
        pair.server
            .nodes
            .insert((*path).to_owned(), Node { owner: 0, czxid: 1 });
    }
    pair
}

fn fired(pair: &Pair, watch: WatchId) -> Vec<(EventType, String)> {
    pair.watched(watch)
        .into_iter()
        .filter_map(|event| match event {
            WatchEvent::Fired { kind, path, .. } => Some((kind, path)),
            _ => None,
        })
        .collect()
}

fn exists(path: &str) -> Request {
    Request::Exists {
        path: path.to_owned(),
        watch: true,
    }
}

fn children(path: &str) -> Request {
    Request::GetChildren {
        path: path.to_owned(),
        watch: true,
    }
}

fn lasting(path: &str, mode: AddWatchMode) -> Request {
    Request::AddWatch {
        path: path.to_owned(),
        mode,
    }
}

fn is_removal(request: &Request) -> bool {
    matches!(request, Request::RemoveWatches { .. })
}

fn set_watches(pair: &Pair) -> Vec<SetWatches> {
    let requests = pair
        .server
        .log
        .iter()
        .filter_map(|received| match &received.request {
            Request::SetWatches(watches) => Some(watches.clone()),
            _ => None,
        });
    requests.collect()
}

#[test]
fn a_watch_fires_once_and_tells_the_transaction_where_the_server_does() {
    let mut pair = with_nodes(&["/a"]);
    let watch = pair.watch(get_watched("/a"), WatchKind::Data);
    pair.notify(EventType::DataChanged, "/a", 222);
    pair.notify(EventType::DataChanged, "/a", 223);
    let zxid = Some(Zxid::from_raw(222));
    let path = "/a".to_owned();
    let event = WatchEvent::Fired {
        kind: EventType::DataChanged,
        path,
        zxid,
    };
    assert_eq!(pair.watched(watch), [event]);
    let old = pair.watch(get_watched("/a"), WatchKind::Data);
    pair.notify(EventType::DataChanged, "/a", -1);
    assert!(matches!(
        pair.watched(old)[..],
        [WatchEvent::Fired { zxid: None, .. }]
    ));
    assert_eq!(pair.session.stats().watches, 0);
}

#[test]
fn asking_for_a_missing_node_watches_for_its_creation() {
    let mut pair = with_nodes(&["/there"]);
    let there = pair.watch(exists("/there"), WatchKind::Exist);
    let missing = pair.watch(exists("/missing"), WatchKind::Exist);
    let unset = pair.watch(get_watched("/missing-too"), WatchKind::Data);
    assert_eq!(
        pair.session.stats().watches,
        2,
        "getData on a missing node sets none"
    );
    pair.reconnect();
    pair.settle();
    let chunk = &set_watches(&pair)[0];
    assert_eq!(chunk.data, ["/there"]);
    assert_eq!(chunk.exist, ["/missing"]);
    pair.notify(EventType::Created, "/missing", -1);
    pair.notify(EventType::Deleted, "/there", -1);
    assert_eq!(fired(&pair, missing).len(), 1);
    assert_eq!(fired(&pair, there).len(), 1);
    assert_eq!(fired(&pair, unset).len(), 0);
}

#[test]
fn one_deletion_reported_for_data_and_children_reaches_each_watch_once() {
    let mut pair = with_nodes(&["/a"]);
    let data = pair.watch(get_watched("/a"), WatchKind::Data);
    let child = pair.watch(children("/a"), WatchKind::Child);
    pair.notify(EventType::Deleted, "/a", -1);
    pair.notify(EventType::Deleted, "/a", -1);
    assert_eq!(fired(&pair, data).len(), 1);
    assert_eq!(fired(&pair, child).len(), 1);
}

#[test]
fn lasting_watches_stay_and_recursive_ones_see_no_lists_of_children() {
    let mut pair = with_nodes(&[]);
    let node = pair.watch(
        lasting("/a", AddWatchMode::Persistent),
        WatchKind::Persistent,
    );
    let tree = pair.watch(
        lasting("/a", AddWatchMode::PersistentRecursive),
        WatchKind::Recursive,
    );
    pair.notify(EventType::Created, "/a/b", 201);
    pair.notify(EventType::ChildrenChanged, "/a", 201);
    pair.notify(EventType::DataChanged, "/a", 202);
    pair.notify(EventType::DataChanged, "/ab", 203);
    let kinds = |watch| {
        fired(&pair, watch)
            .into_iter()
            .map(|(kind, _)| kind)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        kinds(node),
        [EventType::ChildrenChanged, EventType::DataChanged]
    );
    assert_eq!(kinds(tree), [EventType::Created, EventType::DataChanged]);
}

#[test]
fn an_unknown_event_is_survived() {
    let mut pair = with_nodes(&["/a"]);
    let watch = pair.watch(get_watched("/a"), WatchKind::Data);
    pair.notify(EventType::Other(99), "/a", 201);
    assert!(pair.session.state().is_connected());
    pair.notify(EventType::DataChanged, "/a", 202);
    assert_eq!(fired(&pair, watch).len(), 1);
}

#[test]
fn b62_an_event_comes_before_the_reply_behind_it() {
    let mut pair = with_nodes(&["/a"]);
    let watch = pair.watch(get_watched("/a"), WatchKind::Data);
    pair.server.on(is_get, 0, Reaction::Hold);
    let id = pair.submit(get("/a"));
    pair.settle();
    let event = WatcherEvent::new(EventType::DataChanged, "/a");
    let mut bytes = notification(&event, 201);
    let xid = pair.server.log.last().unwrap().xid;
    write_frame(&mut bytes, |out| {
        ReplyHeader {
            xid,
            zxid: Zxid::from_raw(201),
            err: 0,
        }
        .encode(out);
    });
    pair.server_sends(bytes);
    let order: Vec<_> = pair
        .events
        .iter()
        .filter_map(|(_, event)| match event {
            Event::Watch { id, .. } if *id == watch => Some("event"),
            Event::Done { id: done, .. } if *done == id => Some("reply"),
            _ => None,
        })
        .collect();
    assert_eq!(order, ["event", "reply"]);
}

#[test]
fn zk706_go6f3354f_s2_s10_after_a_reconnect_watches_are_registered_in_chunks_before_anything_else()
{
    let mut config = config();
    config.set_watches_chunk = 1_000;
    let mut pair = Pair::connected(config);
    let mut watches = Vec::new();
    for n in 0..100 {
        let path = format!("/a-rather-long-name-for-a-node-{n:03}");
        pair.server
            .nodes
            .insert(path.clone(), Node { owner: 0, czxid: 1 });
        watches.push(pair.watch(get_watched(&path), WatchKind::Data));
    }
    let replied = pair.submit(set("/a"));
    pair.settle();
    assert!(pair.outcome(replied).is_some());
    pair.notify(EventType::Created, "/nobody", 5_000);
    let before = pair.server.log.len();
    pair.cut();
    pair.submit(get("/a"));
    pair.run_until(|pair| pair.session.state().is_connected());
    pair.settle();
    let chunks = set_watches(&pair);
    assert!(chunks.len() >= 4, "{} chunks", chunks.len());
    assert_eq!(
        chunks.iter().map(|chunk| chunk.data.len()).sum::<usize>(),
        100
    );
    for chunk in &chunks {
        assert!(chunk.data.iter().map(|path| path.len() + 4).sum::<usize>() <= 1_000 - 36);
        assert_eq!(
            chunk.relative_zxid,
            Zxid::from_raw(101),
            "of the newest reply, not event"
        );
    }
    let received = &pair.server.log[before..];
    assert!(
        is_get(&received[chunks.len()].request),
        "requests follow the chunks"
    );
    assert_eq!(
        received[0].at,
        received[chunks.len()].at,
        "without waiting for their answers"
    );
    let xids: std::collections::BTreeSet<_> = received.iter().map(|r| r.xid).collect();
    assert_eq!(xids.len(), received.len());
    assert!(xids.iter().all(|xid| *xid > 0));
    let restored = pair
        .events
        .iter()
        .filter(|(_, event)| *event == Event::WatchesRestored);
    assert_eq!(restored.count(), 1);
}

#[test]
fn watches_are_restored_only_when_every_chunk_is_answered() {
    let mut config = config();
    config.set_watches_chunk = 50;
    let mut pair = Pair::connected(config);
    for path in ["/long-enough-1", "/long-enough-2", "/long-enough-3"] {
        pair.server
            .nodes
            .insert(path.to_owned(), Node { owner: 0, czxid: 1 });
        pair.watch(get_watched(path), WatchKind::Data);
    }
    let last = |request: &Request| matches!(request, Request::SetWatches(watches) if watches.data == ["/long-enough-3"]);
    pair.server
        .on(last, 0, Reaction::Delay(std::time::Duration::from_secs(1)));
    pair.reconnect();
    let start = pair.now;
    pair.run_until(|pair| {
        pair.events
            .iter()
            .any(|(_, event)| *event == Event::WatchesRestored)
    });
    assert!(pair.now - start >= std::time::Duration::from_secs(1));
}

#[test]
fn s1_the_newer_request_is_used_only_where_lasting_watches_need_it() {
    let mut pair = with_nodes(&["/a"]);
    pair.watch(get_watched("/a"), WatchKind::Data);
    pair.reconnect();
    pair.settle();
    assert_eq!(pair.session.stats().sent(OpCode::SetWatches), 1);
    let watch = pair.watch(
        lasting("/p", AddWatchMode::Persistent),
        WatchKind::Persistent,
    );
    pair.reconnect();
    pair.settle();
    assert_eq!(pair.session.stats().sent(OpCode::SetWatches2), 1);
    assert_eq!(set_watches(&pair)[1].persistent, ["/p"]);
    assert_eq!(pair.watched(watch), [WatchEvent::Gap]);
}

#[test]
fn a_gap_is_told_before_watches_are_restored_and_reads_on_it_follow_the_chunks() {
    let mut pair = with_nodes(&[]);
    let watch = pair.watch(
        lasting("/p", AddWatchMode::PersistentRecursive),
        WatchKind::Recursive,
    );
    pair.reconnect();
    let gap = pair.events.iter().position(
        |(_, event)| matches!(event, Event::Watch { id, event: WatchEvent::Gap } if *id == watch),
    );
    assert!(gap.is_some(), "told as soon as there is a connection");
    pair.submit(get("/p"));
    pair.settle();
    let kinds: Vec<_> = pair
        .server
        .log
        .iter()
        .map(|received| received.request.op_code().name())
        .collect();
    assert_eq!(kinds, ["addWatch", "setWatches2", "getData"]);
}

#[test]
fn the_last_watch_forgotten_on_a_path_is_removed_from_the_server() {
    let mut pair = with_nodes(&["/a"]);
    let first = pair.watch(get_watched("/a"), WatchKind::Data);
    let second = pair.watch(children("/a"), WatchKind::Child);
    pair.session.forget_watch(pair.now, first);
    pair.pump();
    pair.settle();
    assert_eq!(pair.received(is_removal).len(), 0);
    pair.session.forget_watch(pair.now, second);
    pair.session.forget_watch(pair.now, second);
    pair.pump();
    pair.settle();
    let removals = pair.received(is_removal);
    let expected = Request::RemoveWatches {
        path: "/a".to_owned(),
        kind: WatcherKind::Any,
    };
    assert_eq!(removals.len(), 1);
    assert_eq!(removals[0].request, expected);
    pair.notify(EventType::DataChanged, "/a", -1);
    assert!(pair.watched(first).is_empty() && pair.watched(second).is_empty());
    pair.reconnect();
    pair.settle();
    assert!(set_watches(&pair).is_empty());
}

#[test]
fn a_watch_that_fired_needs_no_removal() {
    let mut pair = with_nodes(&["/a"]);
    let watch = pair.watch(get_watched("/a"), WatchKind::Data);
    pair.notify(EventType::DataChanged, "/a", -1);
    pair.session.forget_watch(pair.now, watch);
    pair.pump();
    pair.settle();
    assert_eq!(pair.received(is_removal).len(), 0);
}

#[test]
fn a_watch_set_by_an_abandoned_request_is_removed_again() {
    for time_out in [false, true] {
        let mut pair = with_nodes(&["/a"]);
        pair.server.on(
            is_get,
            0,
            Reaction::Delay(std::time::Duration::from_secs(1)),
        );
        let deadline = pair.now + std::time::Duration::from_millis(500);
        let submit = Submit::new().watch(WatchKind::Data);
        let submit = if time_out {
            submit.deadline(deadline)
        } else {
            submit
        };
        let submitted = pair
            .session
            .submit(pair.now, get_watched("/a"), submit)
            .unwrap();
        pair.pump();
        if !time_out {
            pair.session.abandon(pair.now, submitted.id);
        }
        pair.settle();
        assert_eq!(pair.received(is_removal).len(), 1);
        assert_eq!(pair.session.stats().watches, 0);
    }
}

#[test]
fn rs24_rs165e4be_b74_a_watch_forgotten_under_way_is_removed_unless_another_wants_its_path() {
    let mut pair = with_nodes(&["/a", "/b"]);
    let mut submitted = Vec::new();
    for path in ["/a", "/b", "/b"] {
        let submit = Submit::new().watch(WatchKind::Data);
        let request = get_watched(path);
        submitted.push(pair.session.submit(pair.now, request, submit).unwrap());
    }
    pair.pump();
    for index in [0, 1] {
        pair.session
            .forget_watch(pair.now, submitted[index].watch.unwrap());
    }
    pair.settle();
    assert!(
        pair.outcome(submitted[0].id).is_some(),
        "the read itself goes on"
    );
    let removals = pair.received(is_removal);
    assert_eq!(removals.len(), 1);
    assert_eq!(removals[0].request.path(), Some("/a"));
    pair.notify(EventType::DataChanged, "/b", -1);
    assert_eq!(fired(&pair, submitted[2].watch.unwrap()).len(), 1);
}

#[test]
fn servers_that_cannot_remove_watches_are_asked_once() {
    let mut pair = with_nodes(&["/a"]);
    pair.server.on_all(is_removal, Reaction::RefuseAndClose(-6));
    for _ in 0..3 {
        let watch = pair.watch(get_watched("/a"), WatchKind::Data);
        pair.session.forget_watch(pair.now, watch);
        pair.pump();
        pair.settle();
        pair.run_until(|pair| pair.session.state().is_connected());
    }
    assert_eq!(pair.received(is_removal).len(), 1);
}

#[test]
fn go54f4812_b75_every_watch_ends_with_the_session() {
    let mut pair = with_nodes(&["/a"]);
    let one_shot = pair.watch(get_watched("/a"), WatchKind::Data);
    let lasting = pair.watch(
        lasting("/a", AddWatchMode::Persistent),
        WatchKind::Persistent,
    );
    pair.server.handshake = crate::server::Handshake::Expired;
    pair.cut();
    pair.settle();
    let ended = WatchEvent::Ended(zk_session::SessionState::Expired);
    for watch in [one_shot, lasting] {
        assert_eq!(pair.watched(watch), std::slice::from_ref(&ended));
    }
}
