//! Leaders that go, leaders that come, and what becomes of what was under way.

use zk_wire::{CreateMode, Zxid};

use super::{MemberState, ONE, THREE, TWO, world, world_with};
use crate::core::tests::rig::{Got, create, hello};
use crate::core::{Fact, NodeChange};

#[test]
fn when_the_leader_dies_the_others_elect_a_new_one_with_the_next_epoch() {
    let mut world = world();
    let mut peer = world.connect_at(ONE);
    world.create(&mut peer, "/a");
    world.core.crash(world.now, THREE);
    assert!(
        world.is_hung_up(&peer),
        "a server without a leader serves nobody"
    );
    world.advance(199);
    assert_eq!(world.core.leader(), None);
    world.advance(1);
    assert_eq!(world.core.leader(), Some(TWO));
    let mut peer = world.resume_at(ONE, &peer).unwrap();
    let stat = world.create(&mut peer, "/b");
    assert_eq!((stat.czxid.epoch(), stat.czxid.counter()), (2, 1));
    world.core.restart(world.now, THREE);
    world.advance(200);
    assert_eq!(world.state(THREE), MemberState::Following);
    assert_eq!(world.paths_at(THREE), ["/a", "/b"]);
}

#[test]
fn a_proposal_that_nobody_else_has_logged_is_lost_with_its_leader() {
    let mut world = world();
    let mut peer = world.connect_at(THREE);
    world.core.partition(world.now, &[&[THREE], &[ONE, TWO]]);
    world.send(&mut peer, &create("/lost", CreateMode::Persistent));
    assert!(world.got(&mut peer).is_empty());
    world.core.crash(world.now, THREE);
    world.advance(2800);
    world.core.heal(world.now);
    let mut peer = world.resume_at(ONE, &peer).unwrap();
    assert_eq!(world.stat(&mut peer, "/lost"), None);
    world.core.restart(world.now, THREE);
    world.advance(200);
    assert_eq!(world.state(THREE), MemberState::Following);
    assert!(world.paths_at(THREE).is_empty());
}

#[test]
fn a_proposal_in_the_log_of_the_next_leader_survives_unless_tails_are_lost() {
    for lose in [false, true] {
        let mut world = world();
        world.core.witness(true);
        let mut peer = world.connect_at(THREE);
        // Both followers log it; nobody hears that they did.
        world.core.freeze_commits(world.now, true);
        world.send(&mut peer, &create("/tail", CreateMode::Persistent));
        assert!(world.got(&mut peer).is_empty());
        world.core.lose_tails(lose);
        world.core.crash(world.now, THREE);
        world.core.freeze_commits(world.now, false);
        world.advance(200);
        let mut peer = world.resume_at(ONE, &peer).unwrap();
        assert_eq!(world.stat(&mut peer, "/tail").is_none(), lose);
        let facts = world.core.drain_truth();
        let lost = facts
            .iter()
            .any(|seen| matches!(seen.fact, Fact::TailLost { .. }));
        assert_eq!(lost, lose);
    }
}

#[test]
fn whose_log_goes_furthest_wins_whatever_its_number() {
    let mut world = world();
    let mut peer = world.connect_at(THREE);
    world.core.partition(world.now, &[&[ONE, THREE], &[TWO]]);
    world.create(&mut peer, "/a");
    world.advance(2600);
    world.core.crash(world.now, THREE);
    world.core.heal(world.now);
    world.advance(200);
    assert_eq!(
        world.core.leader(),
        Some(ONE),
        "server 2 lacks the newest transaction"
    );
    assert_eq!(world.paths_at(TWO), ["/a"]);
}

/// Found by a campaign: server 3 won with its longer log, and what was committed then was lost to one of a newer epoch.
#[test]
fn whoever_was_part_of_a_newer_epoch_wins_against_a_longer_log() {
    let mut world = world();
    let mut peer = world.connect_at(THREE);
    world.create(&mut peer, "/kept");
    world.core.partition(world.now, &[&[THREE], &[ONE, TWO]]);
    world.send(&mut peer, &create("/lost", CreateMode::Persistent));
    assert!(world.got(&mut peer).is_empty());
    world.advance(2800);
    assert_eq!(world.core.leader(), Some(TWO), "with nothing to log");
    world.core.crash(world.now, TWO);
    world.core.heal(world.now);
    world.advance(3000);
    assert_eq!(world.core.leader(), Some(ONE));
    assert_eq!(world.paths_at(THREE), ["/kept"]);
}

#[test]
fn a_leader_can_be_deposed_and_clients_go_on() {
    let mut world = world();
    let peer = world.connect_at(ONE);
    assert!(world.core.depose(world.now));
    assert_eq!(world.core.leader(), None);
    world.advance(200);
    assert_eq!(world.core.member(ONE).unwrap().epoch, 2);
    assert!(world.resume_at(TWO, &peer).is_some());
}

#[test]
fn an_epoch_whose_counter_is_used_up_ends_in_an_election() {
    let mut world = world();
    let peer = world.connect_at(ONE);
    world.core.set_counter(u32::MAX - 1);
    let mut peer = world.resume_at(TWO, &peer).unwrap();
    let last = world.create(&mut peer, "/a");
    assert_eq!(last.czxid.counter(), u32::MAX);
    world.send(&mut peer, &create("/b", CreateMode::Persistent));
    assert!(world.got(&mut peer).is_empty() && world.is_hung_up(&peer));
    world.advance(200);
    let mut peer = world.resume_at(TWO, &peer).unwrap();
    let next = world.create(&mut peer, "/c");
    assert_eq!((next.czxid.epoch(), next.czxid.counter()), (2, 1));
    assert_eq!(world.paths_at(ONE), ["/a", "/c"]);
}

#[test]
fn whoever_was_away_for_long_is_given_the_whole_tree() {
    let mut world = world();
    let mut peer = world.connect_at(THREE);
    world.create(&mut peer, "/a");
    world.core.crash(world.now, ONE);
    for _ in 0..700 {
        world.set(&mut peer, "/a");
    }
    world.core.restart(world.now, ONE);
    world.advance(200);
    let mut late = world.resume_at(ONE, &peer).unwrap();
    assert_eq!(world.stat(&mut late, "/a").unwrap().version, 700);
}

/// reliability.md F9: out of the model, for hostile runs.
#[test]
fn an_old_backup_takes_back_what_was_acknowledged_and_turns_its_clients_away() {
    let mut world = world();
    let mut peer = world.connect_at(ONE);
    world.create(&mut peer, "/a");
    let backup = world.core.backup(TWO).unwrap();
    let stat = world.create(&mut peer, "/b");
    world.core.restore(world.now, &[ONE, TWO, THREE], &backup);
    world.advance(200);
    assert!(world.core.leader().is_some());
    assert_eq!(world.paths_at(ONE), ["/a"]);
    // The old leader's epoch was not forgotten, so a client that has seen it is not ahead of everybody.
    let key = world.dial_at(ONE);
    let seen = zk_wire::ConnectRequest {
        last_zxid_seen: Zxid::from_raw(stat.czxid.as_raw()),
        ..hello(1000)
    };
    let answered = world.shake(key, &seen).is_some();
    assert_eq!(
        answered,
        stat.czxid <= world.core.server(ONE).unwrap().last_zxid()
    );
}

#[test]
fn a_single_restored_server_is_brought_back_by_the_others() {
    let mut world = world();
    let mut peer = world.connect_at(THREE);
    world.create(&mut peer, "/a");
    let backup = world.core.backup(ONE).unwrap();
    world.create(&mut peer, "/b");
    world.core.restore(world.now, &[ONE], &backup);
    assert_eq!(world.paths_at(ONE), ["/a"]);
    world.advance(200);
    assert_eq!(world.paths_at(ONE), ["/a", "/b"]);
}

#[test]
fn the_truth_tells_every_transaction_once_and_in_order() {
    let mut world = world_with(|config| config.servers = 5);
    world.core.witness(true);
    let mut peer = world.connect_at(ONE);
    world.create(&mut peer, "/a");
    world.core.depose(world.now);
    world.advance(200);
    let mut peer = world.resume_at(TWO, &peer).unwrap();
    world.set(&mut peer, "/a");
    let facts = world.core.drain_truth();
    let mut zxids = Vec::new();
    let mut changes = Vec::new();
    for seen in &facts {
        match &seen.fact {
            Fact::Committed { zxid, outcome, .. } => {
                zxids.push(*zxid);
                changes.extend(outcome.clone().unwrap());
            }
            Fact::SessionCreated { zxid, .. } => zxids.push(*zxid),
            _ => {}
        }
    }
    assert_eq!(zxids.len(), 3);
    assert!(zxids.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(matches!(
        &changes[..],
        [
            NodeChange::Created { .. },
            NodeChange::DataSet { version: 1, .. }
        ]
    ));
    let elections = facts
        .iter()
        .filter(|seen| matches!(seen.fact, Fact::Elected { .. }))
        .count();
    assert_eq!(elections, 1);
    let replied = Got::Reply {
        xid: 0,
        zxid: 0,
        err: 0,
    };
    assert_ne!(
        world.got(&mut peer).first(),
        Some(&replied),
        "nothing was left unread"
    );
}

/// Found by the random test: server 1 had gone back to the leader of an epoch that was over.
#[test]
fn nobody_joins_a_leader_of_the_past() {
    let mut world = world();
    // Its next beat is one of those at which it does not ask whether it has a quorum.
    world.advance(250);
    world.core.pause(world.now, THREE, true);
    world.advance(2700);
    assert_eq!(world.core.leader(), Some(TWO));
    let mut peer = world.connect_at(ONE);
    world.create(&mut peer, "/a");
    world.core.crash(world.now, ONE);
    world.core.crash(world.now, TWO);
    world.core.pause(world.now, THREE, false);
    world.core.restart(world.now, ONE);
    world.advance(200);
    assert_ne!(world.state(ONE), MemberState::Following);
    world.advance(3000);
    assert_eq!(world.core.leader(), Some(ONE));
    assert_eq!(world.paths_at(THREE), ["/a"]);
}
