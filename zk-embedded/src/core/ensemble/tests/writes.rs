//! What is written at one server, and when it is seen at the others.

use std::time::Duration;

use zk_wire::{CreateMode, EventType, Request};

use super::{ONE, THREE, TWO, barrier, ok, sync, world, world_with};
use crate::core::tests::rig::{Got, create, delete, exists, get, set};

#[test]
fn a_write_at_a_follower_is_seen_everywhere_with_the_leaders_epoch_in_its_zxid() {
    let mut world = world();
    let mut peer = world.connect_at(ONE);
    let stat = world.create(&mut peer, "/a");
    assert_eq!(stat.czxid.epoch(), 1);
    for server in [ONE, TWO, THREE] {
        assert_eq!(world.paths_at(server), ["/a"]);
        let mut other = world.connect_at(server);
        assert_eq!(world.stat(&mut other, "/a"), Some(stat));
    }
}

#[test]
fn a_write_at_a_follower_takes_two_round_trips_between_the_servers_and_a_read_none() {
    let mut world = world();
    let mut peer = world.connect_at(ONE);
    world.core.set_latency(Duration::from_millis(10));
    let write = world.send(&mut peer, &create("/a", CreateMode::Persistent));
    // Forward, propose, acknowledge, commit.
    world.advance(39);
    assert!(world.got(&mut peer).is_empty());
    world.advance(1);
    assert!(matches!(world.got(&mut peer)[..], [Got::Reply { xid, err: 0, .. }] if xid == write));
    assert!(world.stat(&mut peer, "/a").is_some());
}

#[test]
fn a_lagging_server_answers_from_the_past_and_refuses_whoever_has_seen_more() {
    let mut world = world();
    let mut writer = world.connect_at(TWO);
    let mut reader = world.connect_at(ONE);
    world.core.hold_apply(world.now, ONE, true);
    let stat = world.create(&mut writer, "/a");
    assert_eq!(world.stat(&mut reader, "/a"), None);
    let key = world.dial_at(ONE);
    let ahead = zk_wire::ConnectRequest {
        last_zxid_seen: stat.czxid,
        ..crate::core::tests::rig::hello(10_000)
    };
    assert_eq!(world.shake(key, &ahead), None);
    assert!(world.core.poll_closed(key), "turned away without a word");
    world.core.hold_apply(world.now, ONE, false);
    assert_eq!(world.stat(&mut reader, "/a"), Some(stat));
}

#[test]
fn a_write_is_answered_when_its_own_server_has_carried_it_out() {
    let mut world = world();
    let mut peer = world.connect_at(ONE);
    let lag = Duration::from_millis(300);
    world.core.lag(world.now, ONE, lag);
    let write = world.send(&mut peer, &create("/a", CreateMode::Persistent));
    assert_eq!(world.paths_at(THREE), ["/a"]);
    let read = world.send(&mut peer, &exists("/a", false));
    assert!(world.ping(&mut peer), "pings overtake");
    world.advance(299);
    assert!(world.got(&mut peer).is_empty(), "the read waits behind it");
    world.advance(1);
    let xids: Vec<i32> = replies(world.got(&mut peer));
    assert_eq!(xids, [write, read]);
}

#[test]
fn a_sync_brings_a_lagging_server_up_to_the_leader() {
    let mut world = world();
    let mut writer = world.connect_at(TWO);
    let mut reader = world.connect_at(ONE);
    world.core.lag(world.now, ONE, Duration::from_millis(100));
    world.create(&mut writer, "/a");
    let synced = world.send(&mut reader, &sync("/"));
    let read = world.send(&mut reader, &exists("/a", false));
    world.advance(100);
    assert!(matches!(
        world.got(&mut reader)[..],
        [Got::Reply { xid: first, err: 0, .. }, Got::Reply { xid: second, err: 0, .. }]
            if (first, second) == (synced, read)
    ));
}

#[test]
fn a_sync_waits_for_what_is_proposed_before_it() {
    let mut world = world();
    let mut writer = world.connect_at(TWO);
    let mut reader = world.connect_at(ONE);
    world.core.freeze_commits(world.now, true);
    world.send(&mut writer, &create("/a", CreateMode::Persistent));
    let synced = world.send(&mut reader, &sync("/"));
    assert!(world.got(&mut reader).is_empty());
    world.core.freeze_commits(world.now, false);
    assert_eq!(replies(world.got(&mut reader)), [synced]);
}

#[test]
fn watchers_at_every_server_are_told_before_they_can_see_it() {
    let mut world = world();
    let mut writer = world.connect_at(THREE);
    let mut watcher = world.connect_at(ONE);
    world.call(&mut watcher, &exists("/a", true)).unwrap_err();
    let stat = world.create(&mut writer, "/a");
    let read = world.send(&mut watcher, &get("/a", false));
    assert!(matches!(
        &world.got(&mut watcher)[..],
        [Got::Event { kind: EventType::Created, zxid, .. }, Got::Reply { xid, .. }]
            if *zxid == stat.czxid.as_raw() && *xid == read
    ));
}

/// experiments.md 8.1: commits are matched by session and xid alone.
#[test]
fn an_xid_used_twice_in_a_session_gets_another_requests_answer() {
    let mut world = world();
    let mut first = world.connect_at(ONE);
    world.core.freeze_commits(world.now, true);
    world.send(&mut first, &create("/a", CreateMode::Persistent));
    world.hang_up(&first);
    let mut second = world.resume_at(TWO, &first).unwrap();
    second.restart_xids();
    let reused = world.send(&mut second, &delete("/does-not-exist"));
    world.core.freeze_commits(world.now, false);
    let got = world.got(&mut second);
    assert!(
        matches!(got[..], [Got::Reply { xid, err: 0, .. }] if xid == reused),
        "deleting what is not there has been answered with success: {got:?}"
    );
}

#[test]
fn all_operations_of_a_multi_and_their_errors_come_back_through_a_follower() {
    let mut world = world();
    let mut peer = world.connect_at(TWO);
    world.create(&mut peer, "/a");
    let before = world.core.server(TWO).unwrap().last_zxid().as_raw();
    ok(world.call(&mut peer, &barrier()));
    assert_eq!(
        world.call(&mut peer, &create("/a", CreateMode::Persistent)),
        Err(zk_wire::ErrorCode::NodeExists)
    );
    let after = world.core.server(TWO).unwrap().last_zxid().as_raw();
    assert_eq!(after, before + 2, "both have used up a zxid");
}

#[test]
fn an_ensemble_of_one_answers_like_a_server() {
    let mut world = world_with(|config| config.servers = 1);
    let mut peer = world.connect_at(ONE);
    world.create(&mut peer, "/a");
    world.set(&mut peer, "/a");
    ok(world.call(&mut peer, &sync("/a")));
    ok(world.call(&mut peer, &Request::CloseSession));
    assert!(world.is_hung_up(&peer));
}

#[test]
fn a_slow_log_at_the_minority_delays_nobody_and_at_the_majority_everybody() {
    let mut world = world();
    let mut peer = world.connect_at(THREE);
    let delay = Duration::from_millis(80);
    world.core.slow_log(ONE, delay);
    ok(world.call(&mut peer, &create("/0", CreateMode::Persistent)));
    world.core.slow_log(TWO, delay);
    world.send(&mut peer, &set("/0"));
    world.advance(79);
    assert!(world.got(&mut peer).is_empty());
    world.advance(1);
    assert_eq!(world.got(&mut peer).len(), 1);
}

pub(super) fn replies(got: Vec<Got>) -> Vec<i32> {
    let xid = |got| match got {
        Got::Reply { xid, .. } => xid,
        Got::Event { path, .. } => panic!("an event on {path}"),
    };
    got.into_iter().map(xid).collect()
}
