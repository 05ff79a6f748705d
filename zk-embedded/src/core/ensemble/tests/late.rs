//! What a server that stood still takes up late: a handshake that its client gave up, and what it has of the connection before.

use zk_wire::jute::Encode;
use zk_wire::{ConnectRequest, CreateMode};

use super::writes::replies;
use super::{ONE, THREE, TWO, World, barrier, ok, sync, world};
use crate::core::ServerId;
use crate::core::tests::rig::{Peer, create, exists, framed, hello};

const SENT: usize = 20;

/// A client of server 1, which stands still with what the client sent last and, if that is wished, a handshake that the client
/// gave up; by now the client is at `other`, and a barrier was answered there.
fn moved_on(other: ServerId, gives_up_a_handshake: bool) -> (World, Peer) {
    let mut world = world();
    let mut before = world.connect_at(ONE);
    world.core.pause(world.now, ONE, true);
    for number in 0..SENT {
        let path = format!("/late-{number:02}");
        world.send(&mut before, &create(&path, CreateMode::Persistent));
    }
    world.hang_up(&before);
    if gives_up_a_handshake {
        let key = world.dial_at(ONE);
        let handshake = ConnectRequest {
            session_id: before.session,
            password: before.password.clone(),
            ..hello(before.timeout_ms)
        };
        world.put(key, &framed(|out| handshake.encode(out)));
        world.core.handle_disconnected(world.now, key);
    }
    let mut now = world.resume_at(other, &before).unwrap();
    ok(world.call(&mut now, &barrier()));
    assert!(world.paths_at(THREE).is_empty());
    (world, now)
}

/// On servers 3.9.3: `docs/decisions/020-a-write-is-bound-to-its-mark.md`.
#[test]
fn what_a_server_has_of_an_older_connection_is_made_behind_a_barrier_once_it_takes_up_a_handshake()
{
    for (ahead, late) in [(0, SENT), (9, 11), (SENT, 0), (usize::MAX, 0)] {
        for other in [TWO, THREE] {
            let (mut world, mut peer) = moved_on(other, true);
            world.core.go_on(world.now, ONE, ahead);
            let made = world.paths_at(THREE);
            assert_eq!(made.len(), late, "{ahead} ahead of the handshake");
            let last: Vec<String> = (SENT - late..SENT)
                .map(|number| format!("/late-{number:02}"))
                .collect();
            assert_eq!(made, last, "those that were refused came first");
            // The session is at server 1 now: reads are answered, a write closes the connection.
            ok(world.call(&mut peer, &exists("/", false)));
            world.send(&mut peer, &barrier());
            assert!(world.got(&mut peer).is_empty());
            assert!(world.is_hung_up(&peer));
            let mut peer = world.resume_at(other, &peer).unwrap();
            world.create(&mut peer, "/next");
        }
    }
}

#[test]
fn what_a_server_has_of_an_older_connection_is_refused_if_no_handshake_was_given_up() {
    let (mut world, mut peer) = moved_on(THREE, false);
    world.core.go_on(world.now, ONE, 0);
    assert!(world.paths_at(THREE).is_empty());
    ok(world.call(&mut peer, &barrier()));
}

#[test]
fn a_server_that_stood_still_for_too_long_has_nothing_left_to_take_up() {
    let (mut world, peer) = moved_on(THREE, true);
    world.advance(2600);
    world.core.go_on(world.now, ONE, 0);
    world.advance(1000);
    assert!(world.paths_at(THREE).is_empty());
    assert!(!world.is_hung_up(&peer));
}

#[test]
fn a_server_that_dies_while_it_stands_still_takes_up_nothing() {
    let (mut world, mut peer) = moved_on(THREE, true);
    world.core.crash(world.now, ONE);
    world.core.restart(world.now, ONE);
    world.advance(1000);
    world.core.go_on(world.now, ONE, 0);
    assert!(world.paths_at(ONE).is_empty());
    ok(world.call(&mut peer, &barrier()));
}

#[test]
fn who_stays_connected_to_a_server_that_stands_still_is_answered_in_order() {
    let mut world = world();
    let mut peer = world.connect_at(ONE);
    world.core.pause(world.now, ONE, true);
    let requests = [
        create("/a", CreateMode::Persistent),
        sync("/"),
        exists("/a", false),
    ];
    let sent = requests.map(|request| world.send(&mut peer, &request));
    assert!(world.got(&mut peer).is_empty());
    world.core.go_on(world.now, ONE, 0);
    assert_eq!(replies(world.got(&mut peer)), sent);
}
