//! Faults on purpose: whom they hit, and what is left of the request.

use std::time::Duration;

use zk_wire::{CreateMode, ErrorCode, EventType, OpCode, Request};

use crate::core::{Match, Reaction};

use super::rig::{Got, Rig, auth, code, create, exists, get, hello, set};

#[test]
fn a_cut_before_leaves_no_effect_and_a_cut_after_leaves_it() {
    for (reaction, effect) in [
        (Reaction::CutBeforeApply, false),
        (Reaction::CutAfterApply, true),
    ] {
        let mut rig = Rig::new();
        let mut peer = rig.connect();
        rig.core
            .add_rule(Match::op(OpCode::Create2).path("/a"), reaction);
        let earlier = rig.send(&mut peer, &get("/", false));
        rig.send(&mut peer, &create("/a", CreateMode::Ephemeral));
        rig.send(&mut peer, &create("/later", CreateMode::Persistent));
        let answers = rig.got(&mut peer);
        assert_eq!(
            answers,
            [Got::Reply {
                xid: earlier,
                zxid: 1,
                err: 0
            }],
            "{reaction:?}"
        );
        assert!(rig.is_closed(&peer));
        let expected: &[&str] = if effect { &["/a"] } else { &[] };
        assert_eq!(rig.core.paths(), expected, "{reaction:?}");
        let mut peer = rig.resume(&peer).unwrap();
        assert_eq!(rig.stat(&mut peer, "/a").is_some(), effect);
        rig.send(&mut peer, &create("/a", CreateMode::Ephemeral));
        assert_eq!(
            rig.got(&mut peer).len(),
            1,
            "the rule has hit once, and that was it"
        );
    }
}

#[test]
fn a_cut_after_tells_others_but_not_the_one_who_is_cut() {
    let mut rig = Rig::new();
    let (mut peer, mut watcher) = (rig.connect(), rig.connect());
    rig.call(&mut peer, &exists("/a", true)).unwrap_err();
    rig.call(&mut watcher, &exists("/a", true)).unwrap_err();
    rig.core
        .add_rule(Match::op(OpCode::Create2), Reaction::CutAfterApply);
    rig.send(&mut peer, &create("/a", CreateMode::Persistent));
    assert!(rig.got(&mut peer).is_empty());
    assert_eq!(
        rig.got(&mut watcher),
        [Got::event(EventType::Created, "/a", 3)]
    );
}

#[test]
fn a_delayed_reply_holds_back_what_follows_it_but_no_pings() {
    let mut rig = Rig::new();
    let mut peer = rig.connect();
    rig.call(&mut peer, &exists("/a", true)).unwrap_err();
    let delay = Reaction::DelayReply(Duration::from_millis(100));
    rig.core.add_rule(Match::op(OpCode::GetData), delay);
    let slow = rig.send(&mut peer, &get("/", false));
    let quick = rig.send(&mut peer, &create("/a", CreateMode::Persistent));
    rig.send(&mut peer, &Request::Ping);
    assert_eq!(
        rig.got(&mut peer),
        [Got::Reply {
            xid: -2,
            zxid: 2,
            err: 0
        }]
    );
    assert_eq!(rig.core.paths(), ["/a"], "only the answers wait");
    rig.advance(99);
    assert!(rig.got(&mut peer).is_empty());
    rig.advance(1);
    assert_eq!(
        rig.got(&mut peer),
        [
            Got::Reply {
                xid: slow,
                zxid: 1,
                err: 0
            },
            Got::event(EventType::Created, "/a", 2),
            Got::Reply {
                xid: quick,
                zxid: 2,
                err: 0
            },
        ]
    );
}

#[test]
fn held_replies_keep_even_pings_until_they_are_released() {
    let mut rig = Rig::new();
    let mut peer = rig.connect();
    rig.core
        .add_rule(Match::op(OpCode::GetData), Reaction::HoldReplies);
    let xid = rig.send(&mut peer, &get("/", false));
    rig.send(&mut peer, &Request::Ping);
    assert!(rig.got(&mut peer).is_empty());
    rig.core.release_replies();
    assert_eq!(
        rig.got(&mut peer),
        [
            Got::Reply {
                xid,
                zxid: 1,
                err: 0
            },
            Got::Reply {
                xid: -2,
                zxid: 1,
                err: 0
            }
        ]
    );
}

#[test]
fn a_connection_cut_while_its_replies_are_held_loses_them() {
    let mut rig = Rig::new();
    let mut peer = rig.connect();
    rig.core
        .add_rule(Match::op(OpCode::GetData), Reaction::HoldReplies);
    rig.send(&mut peer, &get("/", false));
    assert!(rig.core.cut_session(peer.session));
    assert!(rig.is_closed(&peer) && rig.got(&mut peer).is_empty());
    assert!(!rig.core.cut_session(peer.session));
}

#[test]
fn an_error_is_answered_in_place_of_the_request() {
    let mut rig = Rig::new();
    let mut peer = rig.connect();
    let error = Reaction::Error(ErrorCode::ThrottledOp);
    rig.core
        .add_rule(Match::any().session(peer.session).times(2), error);
    let request = create("/a", CreateMode::Persistent);
    for _ in 0..2 {
        assert_eq!(code(rig.call(&mut peer, &request)), ErrorCode::ThrottledOp);
    }
    assert_eq!(rig.core.last_zxid().as_raw(), 1);
    assert!(rig.call(&mut peer, &request).is_ok());
}

#[test]
fn a_session_can_be_created_although_its_client_never_learns_of_it() {
    let mut rig = Rig::new();
    rig.core
        .add_rule(Match::op(OpCode::CreateSession), Reaction::CutAfterApply);
    let key = rig.dial();
    assert_eq!(rig.shake(key, &hello(2000)), None);
    assert!(rig.core.poll_closed(key));
    let orphan = rig.core.sessions()[0];
    assert_eq!(orphan.conn, None);
    rig.advance(3000);
    assert!(rig.core.sessions().is_empty());
}

#[test]
fn a_resumption_can_be_refused_as_if_the_session_had_expired() {
    let mut rig = Rig::new();
    let peer = rig.connect();
    let error = Reaction::Error(ErrorCode::SessionExpired);
    rig.core.add_rule(
        Match::op(OpCode::CreateSession).session(peer.session),
        error,
    );
    assert!(rig.resume(&peer).is_none());
    assert!(rig.resume(&peer).is_some());
}

#[test]
fn a_connection_can_be_cut_before_or_after_an_event() {
    for (reaction, arrives) in [(Reaction::CutBeforeApply, 0), (Reaction::CutAfterApply, 1)] {
        let mut rig = Rig::new();
        let (mut writer, mut watcher) = (rig.connect(), rig.connect());
        rig.create(&mut writer, "/a");
        rig.call(&mut watcher, &get("/a", true)).unwrap();
        rig.core
            .add_rule(Match::op(OpCode::Notification).path("/a"), reaction);
        rig.set(&mut writer, "/a");
        assert_eq!(rig.got(&mut watcher).len(), arrives, "{reaction:?}");
        assert!(rig.is_closed(&watcher));
    }
}

#[test]
fn a_postponed_write_takes_effect_behind_what_was_answered_since_if_its_session_lives() {
    for lives in [true, false] {
        let mut rig = Rig::new();
        let mut peer = rig.connect();
        let write = Match::op(OpCode::Create2).path("/a");
        let rule = rig.core.add_rule(write, Reaction::Postpone);
        rig.send(&mut peer, &create("/a", CreateMode::Persistent));
        assert!(rig.is_closed(&peer));
        assert_eq!(rig.core.rule_fired(rule), 1);
        let mut peer = rig.resume(&peer).unwrap();
        rig.create(&mut peer, "/b");
        assert!(rig.stat(&mut peer, "/a").is_none());
        if !lives {
            rig.call(&mut peer, &Request::CloseSession).unwrap();
        }
        let now = rig.now;
        rig.core.apply_postponed(now);
        let expected: &[&str] = if lives { &["/a", "/b"] } else { &["/b"] };
        assert_eq!(rig.core.paths(), expected);
        assert_eq!(rig.core.held_commits(), 0);
    }
}

#[test]
fn a_rule_for_one_connection_spares_the_others() {
    let mut rig = Rig::new();
    let (mut hit, mut spared) = (rig.connect(), rig.connect());
    let rule = rig.core.add_rule(
        Match::any().conn(hit.key).always(),
        Reaction::CutBeforeApply,
    );
    rig.send(&mut spared, &set("/zookeeper"));
    assert!(!rig.is_closed(&spared));
    rig.send(&mut hit, &Request::Ping);
    assert!(rig.is_closed(&hit));
    assert_eq!(rig.core.rule_fired(rule), 1);
    rig.core.remove_rule(rule);
    assert_eq!(rig.core.rule_fired(rule), 0);
}

#[test]
fn an_auth_packet_can_be_failed_on_purpose() {
    let mut rig = Rig::new();
    let mut peer = rig.connect();
    let error = Reaction::Error(ErrorCode::AuthFailed);
    rig.core.add_rule(Match::op(OpCode::Auth), error);
    assert_eq!(
        code(rig.call(&mut peer, &auth("u:p"))),
        ErrorCode::AuthFailed
    );
    assert!(rig.is_closed(&peer));
    let mut peer = rig.resume(&peer).unwrap();
    assert!(rig.call(&mut peer, &auth("u:p")).is_ok());
}

#[test]
fn a_delayed_ping_holds_back_what_follows_it() {
    let mut rig = Rig::new();
    let mut peer = rig.connect();
    let delay = Reaction::DelayReply(Duration::from_millis(100));
    rig.core.add_rule(Match::op(OpCode::Ping), delay);
    rig.send(&mut peer, &Request::Ping);
    rig.send(&mut peer, &get("/", false));
    assert!(rig.got(&mut peer).is_empty());
    rig.advance(100);
    assert_eq!(rig.got(&mut peer).len(), 2);
}
