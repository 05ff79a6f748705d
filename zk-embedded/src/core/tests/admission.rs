//! The handshake: who is let in, and as whom.

use bytes::Bytes;
use zk_wire::jute::Encode;
use zk_wire::{ConnectRequest, ErrorCode, Request, SessionId, Zxid};

use super::rig::{Got, Peer, Rig, create, exists, framed, hello};

#[test]
fn a_new_session_costs_a_zxid_and_gets_a_clamped_timeout() {
    let mut rig = Rig::new();
    for (asked, granted) in [(1, 1000), (-1, 1000), (5000, 5000), (i32::MAX, 40_000)] {
        let key = rig.dial();
        let response = rig.shake(key, &hello(asked)).unwrap();
        assert_eq!(response.timeout_ms, granted);
        assert_eq!(
            (response.protocol_version, response.password.len()),
            (0, 16)
        );
    }
    assert_eq!(rig.core.last_zxid(), Zxid::from_raw(4));
}

#[test]
fn the_read_only_flag_is_answered_only_if_it_was_sent() {
    let mut rig = Rig::new();
    for (sent, size) in [(None, 36), (Some(false), 37), (Some(true), 37)] {
        let key = rig.dial();
        let request = ConnectRequest {
            read_only: sent,
            ..hello(5000)
        };
        rig.put(key, &framed(|out| request.encode(out)));
        let answer = rig.take(key);
        assert_eq!(answer.len() - 4, size);
        if size == 37 {
            assert_eq!(answer.last(), Some(&0), "the server can write");
        }
    }
}

#[test]
fn b04_a_resumed_session_moves_to_the_new_connection_and_closes_the_old_one() {
    let mut rig = Rig::new();
    let mut old = rig.connect();
    rig.create(&mut old, "/a");
    let mut new = rig.resume(&old).unwrap();
    assert_eq!(new.session, old.session);
    assert!(rig.is_closed(&old));
    assert!(rig.stat(&mut new, "/a").is_some());
    rig.hang_up(&old);
    assert!(
        rig.stat(&mut new, "/a").is_some(),
        "the old connection's end is not the new one's"
    );
}

#[test]
fn the_timeout_is_negotiated_again_with_every_connection() {
    let mut rig = Rig::new();
    let peer = rig.connect_for(30_000);
    let key = rig.dial();
    let request = ConnectRequest {
        session_id: peer.session,
        password: peer.password.clone(),
        ..hello(2000)
    };
    assert_eq!(rig.shake(key, &request).unwrap().timeout_ms, 2000);
    rig.advance(2500);
    assert!(rig.resume(&peer).is_none());
}

#[test]
fn b20_a_wrong_password_reads_as_expired_and_still_closes_the_old_connection() {
    let mut rig = Rig::new();
    let peer = rig.connect();
    for (session_id, password) in [
        (peer.session, Bytes::from_static(b"wrong")),
        (peer.session, Bytes::new()),
        (SessionId::from_raw(99), Bytes::from_static(&[0; 16])),
    ] {
        let key = rig.dial();
        let request = ConnectRequest {
            session_id,
            password,
            ..hello(5000)
        };
        let response = rig.shake(key, &request).unwrap();
        assert_eq!(
            (response.timeout_ms, response.session_id),
            (0, SessionId::NONE)
        );
        assert_eq!(response.password, Bytes::from_static(&[0; 16]));
        assert!(rig.core.poll_closed(key));
    }
    assert!(rig.is_closed(&peer));
    assert!(
        rig.resume(&peer).is_some(),
        "the session itself is unharmed"
    );
}

#[test]
fn a_client_that_has_seen_a_newer_zxid_is_turned_away_without_a_word() {
    let ahead = ConnectRequest {
        last_zxid_seen: Zxid::from_raw(1),
        ..hello(5000)
    };
    let mut rig = Rig::new();
    let key = rig.dial();
    assert_eq!(rig.shake(key, &ahead), None);
    assert!(rig.core.poll_closed(key));
    let mut lenient = Rig::with(|config| config.refuse_ahead = false);
    let key = lenient.dial();
    assert!(lenient.shake(key, &ahead).is_some());
}

#[test]
fn frames_outside_the_limit_close_the_connection() {
    for length in [0x10_0000_i32, -1, i32::MIN, i32::MAX] {
        let mut rig = Rig::new();
        let peer = rig.connect();
        rig.put(peer.key, &length.to_be_bytes());
        assert!(rig.is_closed(&peer), "{length}");
    }
    let mut rig = Rig::new();
    let peer = rig.connect();
    rig.put(peer.key, &0x000f_ffff_i32.to_be_bytes());
    assert!(!rig.is_closed(&peer), "the limit itself");
}

#[test]
fn a_connection_that_says_nothing_is_closed_after_ten_seconds() {
    let mut rig = Rig::new();
    let key = rig.dial();
    rig.put(key, &[0, 0]);
    rig.advance(9_999);
    assert!(!rig.core.poll_closed(key));
    rig.advance(1);
    assert!(rig.core.poll_closed(key));
}

#[test]
fn requests_right_behind_the_handshake_are_answered() {
    let mut rig = Rig::new();
    let key = rig.dial();
    let mut bytes = framed(|out| hello(5000).encode(out));
    bytes.extend(framed(|out| exists("/", false).encode(1, out)));
    for byte in bytes {
        rig.put(key, &[byte]);
    }
    let answer = rig.take(key);
    assert_eq!(answer.len(), (4 + 37) + (4 + 16 + 68));
}

#[test]
fn a_closing_client_hears_of_its_own_ephemerals_before_the_reply() {
    let mut rig = Rig::new();
    let mut peer = rig.connect();
    rig.call(&mut peer, &create("/e", zk_wire::CreateMode::Ephemeral))
        .unwrap();
    rig.call(&mut peer, &exists("/e", true)).unwrap();
    let xid = rig.send(&mut peer, &Request::CloseSession);
    // Behind the close nothing happens any more.
    rig.send(&mut peer, &create("/late", zk_wire::CreateMode::Ephemeral));
    assert_eq!(
        rig.got(&mut peer),
        [
            Got::event(zk_wire::EventType::Deleted, "/e", 3),
            Got::Reply {
                xid,
                zxid: 3,
                err: 0
            },
        ]
    );
    assert!(rig.is_closed(&peer));
    assert!(rig.core.paths().is_empty());
    assert!(rig.core.sessions().is_empty());
    assert!(rig.resume(&peer).is_none());
}

#[test]
fn four_letter_words_are_answered_before_any_handshake() {
    let mut rig = Rig::new();
    let _peer: Peer = rig.connect();
    let mut ask = |word: &str| {
        let key = rig.dial();
        rig.put(key, word.as_bytes());
        let answer = String::from_utf8(rig.take(key)).unwrap();
        assert!(rig.core.poll_closed(key), "{word}");
        rig.core.handle_disconnected(rig.now, key);
        answer
    };
    assert_eq!(ask("ruok"), "imok");
    assert_eq!(ask("isro"), "rw");
    let srvr = ask("srvr");
    assert!(srvr.starts_with("Zookeeper version: 3.9.3-"), "{srvr}");
    assert!(
        srvr.contains("\nZxid: 0x1\nMode: standalone\nNode count: 5\n"),
        "{srvr}"
    );
    assert!(ask("mntr").contains("zk_znode_count\t5\n"));
    assert!(ask("gtmk").contains("not in the whitelist"));
}

#[test]
fn b38_an_unknown_operation_is_answered_and_ends_the_connection() {
    // Check is one as well when it stands alone, since 3.9.3; so are the server's own operations.
    for op in [888_i32, 13, 0, -1, -10] {
        let mut rig = Rig::new();
        let mut peer = rig.connect();
        rig.put(
            peer.key,
            &framed(|out| {
                zk_wire::RequestHeader { xid: 5, op }.encode(out);
                out.extend_from_slice(&[0, 0, 0, 2, b'/', b'a', 0, 0, 0, 0]);
            }),
        );
        let err = ErrorCode::Unimplemented.raw();
        assert_eq!(
            rig.got(&mut peer),
            [Got::Reply {
                xid: 5,
                zxid: -1,
                err
            }],
            "{op}"
        );
        assert!(rig.is_closed(&peer), "{op}");
        assert!(rig.resume(&peer).is_some(), "the session lives on");
    }
}
