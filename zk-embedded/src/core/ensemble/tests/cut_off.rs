//! Servers that have lost the others, and what they go on telling their clients.

use std::time::Duration;

use zk_wire::{ConnectRequest, CreateMode, ErrorCode, FrameDecoder, ReplyHeader, Request};
use zk_wire::{Decode, Reader};

use super::{MemberState, ONE, THREE, TWO, barrier, ok, sync, world, world_with};
use crate::core::tests::rig::{code, create, exists, framed, hello};

/// experiments.md 4: until the follower's socket times out, syncLimit ticks after the last ping.
#[test]
fn a_follower_cut_off_answers_pings_and_reads_for_sync_limit_ticks_and_then_hangs_up() {
    let mut world = world();
    let mut peer = world.connect_at_for(ONE, 1000);
    let mut watcher = world.connect_at(TWO);
    world
        .create_as(&mut peer, "/lock", CreateMode::Ephemeral)
        .unwrap();
    world.core.partition(world.now, &[&[ONE], &[TWO, THREE]]);
    for _ in 0..24 {
        world.advance(100);
        assert!(world.ping(&mut peer));
        assert!(world.stat(&mut peer, "/lock").is_some());
    }
    assert_eq!(
        world.stat(&mut watcher, "/lock"),
        None,
        "the leader has let the session expire meanwhile"
    );
    world.send(&mut peer, &barrier());
    world.advance(100);
    assert!(world.got(&mut peer).is_empty());
    assert!(world.is_hung_up(&peer));
    assert_eq!(world.state(ONE), MemberState::Looking);
}

/// ZOOKEEPER-1675; experiments.md 5a.
#[test]
fn a_deposed_leader_answers_sync_by_itself_and_no_multi() {
    let mut world = world();
    let mut old = world.connect_at(THREE);
    let mut new = world.connect_at(ONE);
    world.core.partition(world.now, &[&[THREE], &[ONE, TWO]]);
    // The followers notice after 5 ticks, and take 200 ms for an election; the leader only later.
    world.advance(2700);
    assert_eq!(world.core.leader(), Some(TWO));
    assert_eq!(world.state(THREE), MemberState::Leading);
    let mut new = world.resume_at(TWO, &new).unwrap_or_else(|| {
        new.restart_xids();
        panic!("the new quorum should know the session")
    });
    world.create(&mut new, "/a");
    ok(world.call(&mut old, &sync("/a")));
    assert_eq!(world.stat(&mut old, "/a"), None, "synced, and stale");
    world.send(&mut old, &barrier());
    assert!(world.got(&mut old).is_empty());
    world.advance(1000);
    assert!(world.is_hung_up(&old));
    assert_eq!(world.state(THREE), MemberState::Looking);
}

#[test]
fn a_leader_without_a_quorum_steps_down_after_sync_limit_and_at_most_two_ticks_more() {
    for phase in [0, 100, 200, 300, 400] {
        let mut world = world();
        world.advance(phase);
        world.core.partition(world.now, &[&[THREE], &[ONE, TWO]]);
        let cut = world.now;
        while world.state(THREE) == MemberState::Leading {
            world.advance(10);
        }
        let took = world.now - cut;
        assert!(
            (Duration::from_millis(2250)..=Duration::from_millis(3510)).contains(&took),
            "{took:?}"
        );
    }
}

#[test]
fn a_cut_that_heals_in_time_has_only_delayed_things() {
    let mut world = world();
    let mut peer = world.connect_at(ONE);
    world.core.partition(world.now, &[&[ONE], &[TWO, THREE]]);
    world.send(&mut peer, &create("/a", CreateMode::Persistent));
    world.advance(2000);
    assert!(world.got(&mut peer).is_empty());
    world.core.heal(world.now);
    assert_eq!(world.got(&mut peer).len(), 1);
    assert_eq!(world.core.leader(), Some(THREE));
    assert_eq!(world.core.member(THREE).unwrap().epoch, 1);
}

#[test]
fn a_follower_that_is_not_heard_is_dropped_although_it_hears() {
    let mut world = world();
    world.core.block(ONE, THREE);
    world.advance(2600);
    assert_eq!(world.state(ONE), MemberState::Looking);
    assert_eq!(world.state(THREE), MemberState::Leading);
    world.core.heal(world.now);
    world.advance(200);
    assert_eq!(world.state(ONE), MemberState::Following);
}

#[test]
fn a_server_without_a_quorum_hangs_up_on_everybody_or_turns_read_only() {
    for read_only in [false, true] {
        let mut world = world_with(|config| {
            config.server.read_only_mode = read_only;
            config.server.local_sessions = true;
        });
        let mut peer = world.connect_at(ONE);
        world.create(&mut peer, "/a");
        world.core.crash(world.now, TWO);
        world.core.crash(world.now, THREE);
        world.advance(2000);
        let key = world.dial_at(ONE);
        assert_eq!(world.shake(key, &hello(10_000)), None, "wants to write");
        let wanted = ConnectRequest {
            read_only: Some(true),
            ..hello(10_000)
        };
        let key = world.dial_at(ONE);
        let response = world.shake(key, &wanted);
        assert_eq!(response.is_some(), read_only);
        let Some(response) = response else {
            continue;
        };
        assert_eq!(response.read_only, Some(true));
        assert_eq!(world.state(ONE), MemberState::ReadOnly);
        let mut reader = crate::core::tests::rig::Peer::new(key, &response);
        assert!(world.stat(&mut reader, "/a").is_some());
        for request in [create("/b", CreateMode::Persistent), sync("/"), barrier()] {
            let refused = code(world.call(&mut reader, &request));
            assert_eq!(refused, ErrorCode::NotReadOnly);
        }
        // Whoever has a session of the ensemble is sent elsewhere.
        assert!(world.resume_at(ONE, &peer).is_none());
        world.core.restart(world.now, TWO);
        world.advance(200);
        assert!(world.is_hung_up(&reader), "the server can do better now");
        assert!(world.resume_at(ONE, &peer).is_some());
    }
}

/// protocol.md 2.12: since 3.7 the creation of the session itself is refused.
#[test]
fn a_read_only_server_without_local_sessions_answers_a_handshake_with_a_reply() {
    let mut world = world_with(|config| config.server.read_only_mode = true);
    world.core.crash(world.now, TWO);
    world.core.crash(world.now, THREE);
    world.advance(2000);
    let key = world.dial_at(ONE);
    let wanted = ConnectRequest {
        read_only: Some(true),
        ..hello(10_000)
    };
    world.put(key, &framed(|out| zk_wire::Encode::encode(&wanted, out)));
    let mut bytes = bytes::BytesMut::from(&world.take(key)[..]);
    let frame = FrameDecoder::default().next(&mut bytes).unwrap().unwrap();
    let header = ReplyHeader::decode(&mut Reader::new(frame)).unwrap();
    assert_eq!((header.xid, header.err), (0, ErrorCode::NotReadOnly.raw()));
}

#[test]
fn a_stopped_leader_lets_sessions_expire_the_moment_it_goes_on() {
    let mut world = world_with(|config| config.sync_limit = 20);
    let mut peer = world.connect_at_for(ONE, 4000);
    world.advance(1000);
    world.core.pause(world.now, THREE, true);
    for _ in 0..7 {
        world.advance(1000);
        assert!(world.ping(&mut peer), "its follower knows nothing of it");
    }
    world.core.pause(world.now, THREE, false);
    assert!(world.is_hung_up(&peer));
    assert!(world.resume_at(TWO, &peer).is_none());
}

#[test]
fn a_stopped_server_answers_nobody_and_everybody_when_it_goes_on() {
    let mut world = world();
    let mut peer = world.connect_at(ONE);
    world.core.pause(world.now, ONE, true);
    let read = world.send(&mut peer, &exists("/", false));
    world.advance(2000);
    assert!(world.got(&mut peer).is_empty());
    assert!(!world.core.wants_input(peer.key));
    world.core.pause(world.now, ONE, false);
    assert_eq!(super::writes::replies(world.got(&mut peer)), [read]);
}

#[test]
fn a_deafened_server_keeps_its_part_in_the_ensemble() {
    let mut world = world();
    let mut peer = world.connect_at(ONE);
    world.core.deafen(world.now, ONE, true);
    world.send(&mut peer, &Request::Ping);
    world.advance(5000);
    assert!(world.got(&mut peer).is_empty());
    assert_eq!(world.state(ONE), MemberState::Following);
    world.core.deafen(world.now, ONE, false);
    assert_eq!(world.got(&mut peer).len(), 1);
}

#[test]
fn a_killed_server_answers_no_more_and_whoever_dials_it_is_hung_up_on() {
    let mut world = world();
    let mut peer = world.connect_at(ONE);
    world.core.pause(world.now, ONE, true);
    world.send(&mut peer, &create("/a", CreateMode::Persistent));
    world.core.crash(world.now, ONE);
    assert!(world.is_hung_up(&peer));
    let key = world.dial_at(ONE);
    assert!(world.core.poll_closed(key));
    world.core.restart(world.now, ONE);
    world.advance(200);
    assert!(world.paths_at(TWO).is_empty(), "it was never read");
    assert!(world.resume_at(ONE, &peer).is_some());
}
