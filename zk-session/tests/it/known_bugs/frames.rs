//! Frames nobody expects.

use proptest::prelude::*;
use zk_session::{Outcome, WatchKind};
use zk_wire::frame::write_frame;
use zk_wire::{Encode, EventType, ReplyHeader, Response, Stat, WatcherEvent, Zxid};

use crate::pair::{Pair, get, get_watched, is_get};
use crate::server::{Node, Reaction, notification};

/// Frames of any content; xids that mean something, and those of requests under way, are frequent.
fn frame() -> impl Strategy<Value = Vec<u8>> {
    let xids = prop_oneof![
        Just(-1),
        Just(-2),
        Just(-4),
        Just(-8),
        0..6_i32,
        any::<i32>()
    ];
    let errors = prop_oneof![3 => Just(0), 1 => -130..3_i32, 1 => any::<i32>()];
    let bodies = proptest::collection::vec(any::<u8>(), 0..80);
    let head = (xids, any::<i64>(), errors);
    prop_oneof![
        4 => (head, bodies.clone()).prop_map(|((xid, zxid, err), body)| {
            let mut bytes = Vec::new();
            write_frame(&mut bytes, |out| {
                ReplyHeader { xid, zxid: Zxid::from_raw(zxid), err }.encode(out);
                out.extend_from_slice(&body);
            });
            bytes
        }),
        2 => (any::<i32>(), "(/[a-c]){0,3}", any::<i64>()).prop_map(|(kind, path, zxid)| {
            notification(&WatcherEvent::new(EventType::from_raw(kind), &path), zxid)
        }),
        1 => bodies,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn zk624_zk2498_rs83_whatever_a_server_sends_the_next_connection_works(
        frames in proptest::collection::vec(frame(), 1..8),
    ) {
        let mut pair = Pair::usual();
        pair.server.nodes.insert("/a".to_owned(), Node { owner: 0, czxid: 1 });
        pair.watch(get_watched("/a"), WatchKind::Data);
        pair.server.on(is_get, 0, Reaction::Hold);
        let held = pair.submit(get("/a"));
        pair.settle();
        for bytes in frames {
            if pair.session.state().is_connected() && pair.has_conn() {
                pair.server_sends(bytes);
            }
        }
        if !pair.session.state().is_terminal() {
            if pair.session.state().is_connected() {
                pair.cut();
            }
            let next = pair.submit(get("/a"));
            pair.run_until(|pair| pair.outcome(next).is_some());
            let answered = matches!(pair.outcome(next), Some(Outcome::Reply { .. }));
            prop_assert!(answered, "{:?}", pair.outcome(next));
        }
        prop_assert!(pair.outcome(held).is_some());
    }
}

#[test]
fn zk137_gof86b881_goc4c0b85_an_event_in_the_segment_of_the_reply_that_sets_its_watch_is_seen() {
    let mut pair = Pair::usual();
    pair.server.on(is_get, 0, Reaction::Hold);
    let submit = zk_session::Submit::new().watch(WatchKind::Data);
    let submitted = pair.session.submit(pair.now, get_watched("/a"), submit);
    let watch = submitted.unwrap().watch.unwrap();
    pair.pump();
    pair.settle();
    let xid = pair.server.log[0].xid;
    let mut segment = Vec::new();
    write_frame(&mut segment, |out| {
        let zxid = Zxid::from_raw(150);
        ReplyHeader { xid, zxid, err: 0 }.encode(out);
        let (data, stat) = (None, Stat::default());
        Response::Data { data, stat }.encode(out);
    });
    for zxid in [151, 152] {
        let event = WatcherEvent::new(EventType::DataChanged, "/a");
        segment.extend(notification(&event, zxid));
    }
    pair.server_sends(segment);
    assert_eq!(pair.watched(watch).len(), 1, "it fires once");
    assert_eq!(pair.session.stats().watches, 0);
}
