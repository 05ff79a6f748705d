//! Who keeps sessions alive, who ends them, and what is left of them where.

use std::time::Duration;

use zk_wire::{CreateMode, ErrorCode, Request};

use super::writes::replies;
use super::{ONE, THREE, TWO, World, ok, world, world_with};
use crate::core::Fact;
use crate::core::tests::rig::{auth, create, delete, exists};

#[test]
fn b05_a_session_can_be_taken_up_at_any_server() {
    let mut world = world();
    let mut peer = world.connect_at(ONE);
    world
        .create_as(&mut peer, "/e", CreateMode::Ephemeral)
        .unwrap();
    for server in [TWO, THREE, ONE] {
        peer = world.resume_at(server, &peer).unwrap();
        let stat = world.stat(&mut peer, "/e").unwrap();
        assert_eq!(stat.ephemeral_owner, peer.session);
    }
}

#[test]
fn session_ids_tell_the_server_that_made_them() {
    let mut world = world();
    for server in [ONE, TWO, THREE] {
        let peer = world.connect_at(server);
        let top = peer.session.as_raw() >> 56;
        assert_eq!(top, i64::from(server.number()));
    }
}

/// experiments.md 4: followers pass touches on in their answer to the leader's half-tick ping only.
#[test]
fn a_touch_that_a_follower_has_not_passed_on_yet_dies_with_it() {
    for (killed_after_ms, heard) in [(0, false), (250, true)] {
        let mut world = world();
        let mut peer = world.connect_at_for(ONE, 2000);
        world.advance(1450);
        let before = world.core.expires_at(peer.session).unwrap();
        assert!(world.ping(&mut peer));
        assert_eq!(world.core.expires_at(peer.session), Some(before));
        world.advance(killed_after_ms);
        world.core.crash(world.now, ONE);
        let after = world.core.expires_at(peer.session).unwrap();
        assert_eq!(after > before, heard, "after {killed_after_ms} ms");
    }
}

#[test]
fn a_write_at_a_follower_is_no_sign_of_life_before_the_next_ping() {
    let mut world = world();
    let mut peer = world.connect_at_for(ONE, 2000);
    world.advance(1600);
    let before = world.core.expires_at(peer.session).unwrap();
    world.create(&mut peer, "/a");
    assert_eq!(world.core.expires_at(peer.session), Some(before));
    world.advance(250);
    assert!(world.core.expires_at(peer.session).unwrap() > before);
}

/// experiments.md 4: auth packets are answered before anybody looks at the session.
#[test]
fn authentication_keeps_no_session_alive() {
    let mut world = world();
    let mut peer = world.connect_at_for(THREE, 2000);
    for _ in 0..4 {
        world.advance(600);
        world.send(&mut peer, &auth("user:password"));
        world.got(&mut peer);
    }
    world.advance(600);
    assert!(world.is_hung_up(&peer));
    assert!(world.resume_at(ONE, &peer).is_none());
}

#[test]
fn a_session_lives_through_a_pinging_client_at_a_follower() {
    let mut world = world();
    let mut peer = world.connect_at_for(TWO, 2000);
    for _ in 0..20 {
        world.advance(700);
        assert!(world.ping(&mut peer));
    }
    world.advance(3000);
    assert!(world.resume_at(ONE, &peer).is_none(), "and no longer");
}

#[test]
fn a_new_leader_starts_every_session_anew_with_the_timeout_it_was_granted_first() {
    let mut world = world();
    let mut peer = world.connect_at_for(ONE, 4000);
    peer.timeout_ms = 30_000;
    let mut peer = world.resume_at(TWO, &peer).unwrap();
    assert_eq!(peer.timeout_ms, 30_000);
    assert!(world.ping(&mut peer));
    world.advance(250);
    let session = peer.session;
    let left = |world: &World| world.core.expires_at(session).unwrap() - world.now;
    assert!(left(&world) > Duration::from_secs(29));
    world.core.crash(world.now, THREE);
    world.advance(200);
    assert!(world.core.leader().is_some());
    assert!(left(&world) <= Duration::from_millis(4500));
    assert!(left(&world) > Duration::from_secs(4));
}

/// ZOOKEEPER-710; protocol.md 2.14.
#[test]
fn a_write_on_the_connection_that_a_session_has_left_is_refused_and_the_connection_closed() {
    let mut world = world();
    let mut stale = world.connect_at(ONE);
    let mut fresh = world.resume_at(TWO, &stale).unwrap();
    world.send(&mut stale, &create("/a", CreateMode::Persistent));
    assert!(world.got(&mut stale).is_empty());
    assert!(world.is_hung_up(&stale));
    assert_eq!(world.stat(&mut fresh, "/a"), None);
    world.create(&mut fresh, "/b");
}

#[test]
fn reads_on_the_connection_that_a_session_has_left_are_answered_all_the_same() {
    let mut world = world();
    let mut stale = world.connect_at(ONE);
    let _fresh = world.resume_at(TWO, &stale).unwrap();
    ok(world.call(&mut stale, &exists("/", false)));
}

#[test]
fn the_ephemerals_of_a_dead_session_are_still_there_at_a_lagging_server() {
    let mut world = world();
    let mut peer = world.connect_at(ONE);
    world
        .create_as(&mut peer, "/e", CreateMode::Ephemeral)
        .unwrap();
    let mut other = world.connect_at(TWO);
    world.core.hold_apply(world.now, TWO, true);
    assert!(world.core.expire(world.now, peer.session));
    assert!(world.is_hung_up(&peer));
    assert!(world.paths_at(THREE).is_empty());
    assert!(world.stat(&mut other, "/e").is_some());
    // Although the leader says that the session is over.
    assert!(world.resume_at(TWO, &peer).is_none());
    world.core.hold_apply(world.now, TWO, false);
    assert_eq!(world.stat(&mut other, "/e"), None);
}

/// reliability.md F13.
#[test]
fn a_lingering_server_answers_reads_between_the_nodes_of_a_session_that_ends() {
    let mut world = world();
    let mut peer = world.connect_at(ONE);
    for path in ["/a", "/b", "/c"] {
        world
            .create_as(&mut peer, path, CreateMode::Ephemeral)
            .unwrap();
    }
    world.core.linger(TWO, Duration::from_millis(10));
    let mut other = world.connect_at(TWO);
    let before = world.core.server(TWO).unwrap().last_zxid();
    ok(world.call(&mut peer, &Request::CloseSession));
    for left in [2, 1] {
        assert_eq!(world.paths_at(TWO).len(), left);
        assert!(world.stat(&mut other, "/c").is_some());
        assert_eq!(world.core.server(TWO).unwrap().last_zxid(), before);
        world.advance(10);
    }
    assert_eq!(world.stat(&mut other, "/c"), None);
    world.advance(10);
    assert_eq!(
        world.core.server(TWO).unwrap().last_zxid().as_raw(),
        before.as_raw() + 1
    );
}

#[test]
fn the_end_of_a_session_is_on_record_once_and_whole_before_its_first_node_is_seen_to_be_gone() {
    let mut world = world();
    let mut peer = world.connect_at(ONE);
    for path in ["/a", "/b", "/c"] {
        world
            .create_as(&mut peer, path, CreateMode::Ephemeral)
            .unwrap();
    }
    for id in [ONE, TWO, THREE] {
        world.core.linger(id, Duration::from_millis(10));
    }
    world.core.witness(true);
    world.send(&mut peer, &Request::CloseSession);
    assert_eq!(world.paths_at(TWO).len(), 2, "the first is gone");
    let ends = |world: &mut World| {
        let facts = world.core.drain_truth().into_iter();
        facts
            .filter_map(|seen| match seen.fact {
                Fact::Committed { outcome, .. } => Some(outcome.map_or(0, |deleted| deleted.len())),
                Fact::SessionClosed { .. } => Some(usize::MAX),
                _ => None,
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(ends(&mut world), [3, usize::MAX]);
    world.advance(100);
    assert!(world.paths_at(TWO).is_empty());
    assert_eq!(ends(&mut world), []);
}

#[test]
fn a_request_behind_the_end_of_its_session_has_no_effect() {
    let mut world = world();
    let mut peer = world.connect_at(ONE);
    world.core.freeze_commits(world.now, true);
    assert!(world.core.expire(world.now, peer.session));
    assert!(!world.core.expire(world.now, peer.session), "only once");
    world.send(&mut peer, &create("/a", CreateMode::Persistent));
    world.core.freeze_commits(world.now, false);
    assert!(world.paths_at(ONE).is_empty());
    assert!(world.is_hung_up(&peer));
}

/// reliability.md F19, as other servers than ZooKeeper do it.
#[test]
fn a_session_that_is_gone_can_be_replaced_silently() {
    let mut world = world();
    let peer = world.connect_at(ONE);
    world.core.expire(world.now, peer.session);
    assert!(world.resume_at(TWO, &peer).is_none());
    world
        .core
        .with_server(world.now, TWO, |server| server.substitute_sessions(true));
    let replaced = world.resume_at(TWO, &peer).unwrap();
    assert_ne!(replaced.session, peer.session);
}

#[test]
fn dropped_touches_let_a_session_expire_although_its_client_is_answered() {
    let mut world = world();
    let mut peer = world.connect_at_for(ONE, 2000);
    let now = world.now;
    world
        .core
        .with_server(now, ONE, |server| server.hold_touches(now, true));
    for _ in 0..3 {
        world.advance(700);
        assert!(world.ping(&mut peer));
    }
    world.advance(500);
    assert!(world.is_hung_up(&peer));
}

#[test]
fn an_own_node_can_be_deleted_from_any_server() {
    let mut world = world();
    let mut peer = world.connect_at(ONE);
    world
        .create_as(&mut peer, "/e", CreateMode::Ephemeral)
        .unwrap();
    let mut other = world.connect_at(TWO);
    ok(world.call(&mut other, &delete("/e")));
    assert_eq!(world.stat(&mut peer, "/e"), None);
}

#[test]
fn an_eager_server_refuses_what_is_not_permitted_before_it_answers_what_came_first() {
    let mut world = world_with(|config| config.server.eager_acl_check = true);
    let mut peer = world.connect_at(ONE);
    ok(world.call(
        &mut peer,
        &crate::core::tests::rig::create_with_acl("/locked", vec![zk_wire::Acl::read_only()]),
    ));
    world.core.freeze_commits(world.now, true);
    let first = world.send(&mut peer, &create("/a", CreateMode::Persistent));
    let refused = world.send(&mut peer, &create("/locked/b", CreateMode::Persistent));
    let got = world.got(&mut peer);
    let expected = crate::core::tests::rig::Got::Reply {
        xid: refused,
        zxid: 0,
        err: ErrorCode::NoAuth.raw(),
    };
    assert_eq!(got, [expected]);
    world.core.freeze_commits(world.now, false);
    assert_eq!(replies(world.got(&mut peer)), [first]);
}
