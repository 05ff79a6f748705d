//! Watches over reconnects.

use std::collections::BTreeMap;

use zk_session::{Event, Submit, WatchEvent, WatchKind};
use zk_wire::{EventType, Request, WatcherEvent};

use crate::pair::{Pair, config, get_watched};
use crate::server::{Node, notification};

fn restored(pair: &Pair) -> Vec<usize> {
    let chunks = pair.server.log.iter();
    let chunks = chunks.filter_map(|received| match &received.request {
        Request::SetWatches(watches) => Some(watches.data.len()),
        _ => None,
    });
    chunks.collect()
}

#[test]
fn zk706_b65_a_thousand_watches_are_set_again_in_small_frames_and_fire_once_each() {
    let mut config = config();
    config.set_watches_chunk = 1024;
    let mut pair = Pair::connected(config);
    let paths: Vec<_> = (0..1_000).map(|n| format!("/{n:0>100}")).collect();
    for path in &paths {
        let node = Node { owner: 0, czxid: 1 };
        pair.server.nodes.insert(path.clone(), node);
        let submit = Submit::new().watch(WatchKind::Data);
        let submitted = pair.session.submit(pair.now, get_watched(path), submit);
        submitted.unwrap();
    }
    pair.pump();
    pair.settle();
    pair.reconnect();
    pair.settle();
    let chunks = restored(&pair);
    assert!(chunks.len() >= 100, "{chunks:?}");
    assert_eq!(chunks.iter().sum::<usize>(), paths.len());
    assert!(chunks.iter().all(|paths| *paths <= 9), "{chunks:?}");
    let events = [&paths[..], &paths[..]].concat();
    let events = events
        .iter()
        .flat_map(|path| notification(&WatcherEvent::new(EventType::DataChanged, path), 300));
    pair.server_sends(events.collect());
    let mut fired = BTreeMap::new();
    for (_, event) in &pair.events {
        if let Event::Watch { id, event } = event {
            assert!(matches!(event, WatchEvent::Fired { .. }));
            *fired.entry(*id).or_insert(0) += 1;
        }
    }
    assert_eq!(fired.len(), paths.len());
    assert!(fired.values().all(|times| *times == 1));
}

#[test]
fn b71_a_watch_forgotten_without_a_connection_is_not_set_again() {
    let mut pair = Pair::usual();
    for path in ["/a", "/b"] {
        let node = Node { owner: 0, czxid: 1 };
        pair.server.nodes.insert(path.to_owned(), node);
    }
    let forgotten = pair.watch(get_watched("/a"), WatchKind::Data);
    let kept = pair.watch(get_watched("/b"), WatchKind::Data);
    pair.cut();
    pair.session.forget_watch(pair.now, forgotten);
    pair.run_until(|pair| pair.session.state().is_connected());
    pair.settle();
    assert_eq!(restored(&pair), [1]);
    let removals = |request: &Request| matches!(request, Request::RemoveWatches { .. });
    assert_eq!(
        pair.received(removals).len(),
        0,
        "the server has forgotten it"
    );
    pair.notify(EventType::DataChanged, "/a", 200);
    pair.notify(EventType::DataChanged, "/b", 201);
    assert_eq!(pair.watched(forgotten), []);
    assert_eq!(pair.watched(kept).len(), 1);
}
