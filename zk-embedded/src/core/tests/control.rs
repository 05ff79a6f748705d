//! What tests can do to a server and ask of it.

use zk_wire::{CreateMode, ErrorCode, OpCode, Request};

use super::rig::{Got, Peer, Rig, auth, create, delete, exists, framed, get, hello, set};

#[test]
fn while_commits_are_held_reads_and_pings_are_answered_and_writes_wait() {
    let mut rig = Rig::new();
    let (mut reader, mut writer) = (rig.connect(), rig.connect());
    rig.core.hold_commits(rig.now, true);
    let write = rig.send(&mut writer, &create("/a", CreateMode::Persistent));
    let behind = rig.send(&mut writer, &exists("/a", false));
    rig.send(&mut writer, &Request::Ping);
    rig.send(&mut writer, &Request::Multi(vec![]));
    assert_eq!(
        rig.got(&mut writer),
        [Got::Reply {
            xid: -2,
            zxid: 2,
            err: 0
        }]
    );
    assert_eq!(rig.stat(&mut reader, "/a"), None, "a stale read is a read");
    assert_eq!(rig.core.held_commits(), 3);
    rig.core.hold_commits(rig.now, false);
    let multi = behind + 1;
    assert_eq!(
        rig.got(&mut writer),
        [
            Got::Reply {
                xid: write,
                zxid: 3,
                err: 0
            },
            Got::Reply {
                xid: behind,
                zxid: 3,
                err: 0
            },
            Got::Reply {
                xid: multi,
                zxid: 4,
                err: 0
            },
        ]
    );
    assert!(rig.stat(&mut reader, "/a").is_some());
}

#[test]
fn held_writes_are_carried_out_even_if_their_connection_has_gone() {
    let mut rig = Rig::new();
    let mut peer = rig.connect();
    rig.core.hold_commits(rig.now, true);
    rig.send(&mut peer, &create("/a", CreateMode::Ephemeral));
    rig.core.cut_all();
    rig.hang_up(&peer);
    // Taking a session up needs no commit, so what was held may still appear behind a read's back.
    let mut peer = rig.resume(&peer).unwrap();
    assert_eq!(rig.stat(&mut peer, "/a"), None);
    let barrier = rig.send(&mut peer, &Request::Multi(vec![]));
    rig.core.hold_commits(rig.now, false);
    assert_eq!(
        rig.got(&mut peer),
        [Got::Reply {
            xid: barrier,
            zxid: 3,
            err: 0
        }]
    );
    assert_eq!(
        rig.stat(&mut peer, "/a").unwrap().ephemeral_owner,
        peer.session
    );
}

#[test]
fn a_new_session_waits_for_commits_and_reads_nothing_meanwhile() {
    let mut rig = Rig::new();
    rig.core.hold_commits(rig.now, true);
    let key = rig.dial();
    assert_eq!(rig.shake(key, &hello(5000)), None);
    assert!(!rig.core.wants_input(key));
    rig.put(
        key,
        &framed(|out| create("/a", CreateMode::Persistent).encode(1, out)),
    );
    rig.core.hold_commits(rig.now, false);
    assert!(
        rig.take(key).len() > 41,
        "the handshake and the request behind it"
    );
    assert_eq!(rig.core.paths(), ["/a"]);
}

#[test]
fn a_new_session_whose_client_gave_up_is_created_and_expires() {
    let mut rig = Rig::new();
    rig.core.hold_commits(rig.now, true);
    let key = rig.dial();
    rig.shake(key, &hello(2000));
    rig.core.handle_disconnected(rig.now, key);
    rig.core.hold_commits(rig.now, false);
    assert_eq!(rig.core.sessions().len(), 1);
    rig.advance(3000);
    assert!(rig.core.sessions().is_empty());
}

#[test]
fn an_expiry_waits_for_commits_and_requests_after_it_fail() {
    let mut rig = Rig::new();
    let mut peer = rig.connect_for(2000);
    let mut other = rig.connect_for(40_000);
    rig.create_as(&mut peer, "/e", CreateMode::Ephemeral)
        .unwrap();
    rig.core.hold_commits(rig.now, true);
    let before = rig.send(&mut peer, &set("/e"));
    rig.advance(3000);
    assert_eq!(rig.core.paths(), ["/e"], "decided, but not done");
    assert!(rig.resume(&peer).is_none(), "and not to be taken back");
    assert!(rig.is_closed(&peer));
    rig.core.hold_commits(rig.now, false);
    assert!(rig.core.paths().is_empty());
    assert!(
        rig.got(&mut peer).is_empty(),
        "no answer to request {before}"
    );
    assert!(rig.stat(&mut other, "/e").is_none());
}

#[test]
fn b12_a_write_of_a_session_that_is_closing_fails() {
    let mut rig = Rig::new();
    let mut peer = rig.connect();
    rig.core.hold_commits(rig.now, true);
    assert!(rig.core.expire(rig.now, peer.session));
    let mut line = |request: &Request| rig.send(&mut peer, request);
    let (write, multi) = (
        line(&create("/a", CreateMode::Persistent)),
        line(&Request::Multi(vec![])),
    );
    assert!(multi > write);
    // The session's end is first in line: what follows it is dropped with the connection.
    rig.core.hold_commits(rig.now, false);
    assert!(rig.got(&mut peer).is_empty() && rig.is_closed(&peer));
    assert!(rig.core.paths().is_empty());
}

#[test]
fn while_touches_are_held_a_session_expires_although_it_is_answered() {
    let mut rig = Rig::new();
    let mut peer = rig.connect_for(2000);
    rig.core.hold_touches(rig.now, true);
    for _ in 0..4 {
        rig.advance(600);
        rig.send(&mut peer, &Request::Ping);
        assert_eq!(rig.got(&mut peer).len(), 1);
    }
    rig.advance(100);
    assert!(rig.is_closed(&peer));
    let mut peer = rig.connect_for(2000);
    rig.advance(1900);
    rig.core.hold_touches(rig.now, false);
    rig.advance(600);
    assert!(
        rig.stat(&mut peer, "/").is_some(),
        "on release everybody connected is reported"
    );
}

#[test]
fn an_expired_session_is_gone_with_everything_it_owns() {
    let mut rig = Rig::new();
    let mut peer = rig.connect();
    rig.create_as(&mut peer, "/e", CreateMode::Ephemeral)
        .unwrap();
    assert!(rig.core.expire(rig.now, peer.session));
    assert!(!rig.core.expire(rig.now, peer.session));
    assert!(rig.is_closed(&peer) && rig.core.paths().is_empty());
    assert!(rig.resume(&peer).is_none());
}

#[test]
fn refused_connections_are_closed_at_once() {
    let mut rig = Rig::new();
    let mut peer = rig.connect();
    rig.core.refuse_connections(true);
    let key = rig.dial();
    assert!(rig.core.poll_closed(key));
    assert!(
        rig.stat(&mut peer, "/").is_some(),
        "those that are open stay"
    );
    rig.core.refuse_connections(false);
    assert!(rig.resume(&peer).is_some());
}

#[test]
fn a_preset_sequence_is_what_the_next_child_gets() {
    let mut rig = Rig::new();
    let mut peer = rig.connect();
    rig.create(&mut peer, "/q");
    assert!(rig.core.set_sequence("/q", i32::MAX));
    let mode = CreateMode::EphemeralSequential;
    for prefix in ["/q/a-", "/q/b-"] {
        let (path, _) = rig.create_as(&mut peer, prefix, mode).unwrap();
        assert_eq!(path, format!("{prefix}2147483647"));
    }
    let again = rig.create_as(&mut peer, "/q/b-", mode);
    assert_eq!(again, Err(ErrorCode::NodeExists));
    assert!(!rig.core.set_sequence("/nowhere", 0));
}

#[test]
fn requests_are_counted_by_operation_and_session_and_logged_with_their_paths() {
    let mut rig = Rig::new();
    let (mut peer, mut other) = (rig.connect(), rig.connect());
    rig.core.drain_log();
    rig.advance(5);
    rig.create(&mut peer, "/a");
    rig.call(&mut peer, &get("/a", true)).unwrap();
    rig.call(&mut other, &delete("/a")).unwrap();
    rig.call(&mut other, &auth("u:p")).unwrap();
    let counts = rig.core.counts();
    assert_eq!(
        (counts[&OpCode::CreateSession], counts[&OpCode::Create2]),
        (2, 1)
    );
    let own: Vec<(OpCode, u64)> = rig.core.counts_of(peer.session).into_iter().collect();
    let expected = [
        (OpCode::Notification, 1),
        (OpCode::GetData, 1),
        (OpCode::Create2, 1),
    ];
    assert_eq!(own.len(), 3);
    assert!(expected.iter().all(|count| own.contains(count)), "{own:?}");
    let log = rig.core.drain_log();
    let lines: Vec<_> = log
        .iter()
        .map(|entry| (entry.op.unwrap(), entry.path.as_deref(), entry.session))
        .collect();
    assert_eq!(
        lines,
        [
            (OpCode::Create2, Some("/a"), peer.session),
            (OpCode::GetData, Some("/a"), peer.session),
            (OpCode::Delete, Some("/a"), other.session),
            (OpCode::Auth, None, other.session),
        ]
    );
    assert_eq!((log[0].at, log[0].conn), (rig.now, peer.key));
}

#[test]
fn what_is_left_can_be_looked_at() {
    let mut rig = Rig::new();
    let mut peer: Peer = rig.connect_for(2000);
    rig.create_as(&mut peer, "/e", CreateMode::Ephemeral)
        .unwrap();
    rig.set(&mut peer, "/e");
    let node = rig.core.node("/e").unwrap();
    assert_eq!(
        (node.data.as_deref(), node.stat.version),
        (Some(&b"new"[..]), 1)
    );
    assert_eq!(rig.core.node("/nowhere"), None);
    let session = rig.core.sessions()[0];
    assert_eq!(
        (session.id, session.conn, session.ephemerals),
        (peer.session, Some(peer.key), 1)
    );
    assert_eq!(
        (
            session.timeout.as_millis(),
            session.expires_at.to_string().as_str()
        ),
        (2000, "2.500000000s")
    );
}

#[test]
fn a_client_that_does_not_read_is_not_listened_to() {
    let mut rig = Rig::new();
    let mut peer = rig.connect();
    let create = zk_wire::Create::new("/a", vec![0; 900_000], CreateMode::Persistent);
    rig.call(&mut peer, &Request::Create(create)).unwrap();
    let mut burst = Vec::new();
    for xid in 2..102 {
        burst.extend(framed(|out| get("/a", false).encode(xid, out)));
    }
    rig.put(peer.key, &burst);
    assert!(!rig.core.wants_input(peer.key));
    let mut replies = 0;
    loop {
        let bytes = rig.take(peer.key).len();
        assert!(
            bytes < 3_000_000,
            "{bytes} bytes were kept for a client that does not read"
        );
        if bytes == 0 {
            break;
        }
        replies += bytes / 900_000;
    }
    assert_eq!(replies, 100, "once it reads, it gets everything");
    assert!(rig.core.wants_input(peer.key));
}

#[test]
fn a_frame_without_a_header_ends_the_connection() {
    let mut rig = Rig::new();
    let peer = rig.connect();
    rig.put(peer.key, &framed(|out| out.extend_from_slice(&[1, 2, 3])));
    assert!(rig.is_closed(&peer));
}
