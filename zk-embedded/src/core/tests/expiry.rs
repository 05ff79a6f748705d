//! Sessions end in buckets, with everything they own.

use std::time::Duration;

use zk_wire::{CreateMode, EventType, Request};

use crate::core::{Match, Reaction};

use super::rig::{Got, Rig, children, exists, get};

#[test]
fn b13_a_silent_session_expires_with_its_bucket_and_not_before() {
    let mut rig = Rig::new();
    let peer = rig.connect_for(2000);
    rig.advance(2499);
    assert_eq!(rig.core.sessions().len(), 1);
    rig.advance(1);
    assert!(rig.core.sessions().is_empty());
    assert!(rig.is_closed(&peer));
    assert!(rig.resume(&peer).is_none());
}

#[test]
fn every_request_keeps_a_session_alive() {
    let mut rig = Rig::new();
    let mut peer = rig.connect_for(2000);
    for request in [Request::Ping, get("/", false), get("/nowhere", false)] {
        rig.advance(1900);
        rig.send(&mut peer, &request);
    }
    rig.advance(2000);
    assert_eq!(rig.core.sessions().len(), 1);
    rig.advance(500);
    assert!(rig.core.sessions().is_empty());
}

#[test]
fn a_session_without_a_connection_lives_until_its_bucket() {
    let mut rig = Rig::new();
    let mut peer = rig.connect_for(2000);
    rig.create_as(&mut peer, "/e", CreateMode::Ephemeral)
        .unwrap();
    rig.hang_up(&peer);
    rig.advance(2499);
    assert_eq!(rig.core.paths(), ["/e"]);
    // Taking it up counts from 2499 ms, which is the bucket at 4500 ms.
    let peer = rig.resume(&peer).unwrap();
    rig.hang_up(&peer);
    rig.advance(2000);
    assert_eq!(rig.core.paths(), ["/e"]);
    rig.advance(1);
    assert!(rig.core.paths().is_empty());
}

#[test]
fn an_expiry_is_one_transaction_and_others_hear_of_it_in_alphabetical_order() {
    let mut rig = Rig::new();
    let mut dying = rig.connect_for(2000);
    let mut watcher = rig.connect_for(40_000);
    for path in ["/b", "/a"] {
        rig.create_as(&mut dying, path, CreateMode::Ephemeral)
            .unwrap();
        rig.call(&mut watcher, &exists(path, true)).unwrap();
    }
    rig.call(&mut watcher, &children("/", true)).unwrap();
    rig.call(&mut dying, &exists("/a", true)).unwrap();
    rig.advance(3000);
    assert_eq!(
        rig.got(&mut watcher),
        [
            Got::event(EventType::Deleted, "/a", 5),
            Got::event(EventType::ChildrenChanged, "/", 5),
            Got::event(EventType::Deleted, "/b", 5),
        ]
    );
    let stat = rig.stat(&mut watcher, "/").unwrap();
    assert_eq!(
        (stat.pzxid.as_raw(), stat.cversion, stat.num_children),
        (5, 3, 1)
    );
    assert_eq!(
        rig.got(&mut dying),
        [Got::event(EventType::Deleted, "/a", 5)]
    );
    assert!(
        rig.is_closed(&dying),
        "without a reply or a word about the expiry"
    );
}

#[test]
fn nothing_is_left_of_an_expired_session() {
    let mut rig = Rig::new();
    let mut peer = rig.connect_for(2000);
    rig.call(&mut peer, &children("/", true)).unwrap();
    assert_eq!(
        (rig.core.watch_count(), rig.core.connection_count()),
        (1, 1)
    );
    rig.advance(3000);
    assert_eq!(
        (rig.core.watch_count(), rig.core.connection_count()),
        (0, 0)
    );
    rig.hang_up(&peer);
    assert_eq!(rig.core.poll_timeout(), None, "no timer runs for nobody");
}

#[test]
fn a_delay_beyond_the_session_timeout_does_not_outlive_the_session() {
    let mut rig = Rig::new();
    let mut peer = rig.connect_for(2000);
    let delay = Reaction::DelayReply(Duration::from_secs(60));
    rig.core.add_rule(Match::any(), delay);
    rig.send(&mut peer, &get("/", false));
    rig.advance(3000);
    assert!(
        rig.is_closed(&peer),
        "the delayed reply is lost with the session"
    );
    assert!(rig.got(&mut peer).is_empty());
}
