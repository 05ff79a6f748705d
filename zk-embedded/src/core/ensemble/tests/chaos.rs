//! Faults in words, and what becomes of them.

use zk_wire::CreateMode;

use super::{MemberState, ONE, THREE, TWO, World, world, world_with};
use crate::core::tests::rig::{create, get};
use crate::core::{FaultPlan, Refusal};

fn chaos(world: &mut World, words: &str) -> Result<(), Refusal> {
    let now = world.now;
    FaultPlan::parse_all(words)
        .unwrap()
        .iter()
        .try_for_each(|plan| world.core.plan(now, plan))
}

#[test]
fn a_partition_ends_by_itself() {
    let mut world = world();
    chaos(&mut world, "partition 1|2,3 for 1s").unwrap();
    let mut peer = world.connect_at(THREE);
    world.create(&mut peer, "/a");
    assert!(world.paths_at(ONE).is_empty());
    world.advance(1000);
    assert_eq!(world.paths_at(ONE), ["/a"]);
    assert_eq!(world.state(ONE), MemberState::Following);
}

#[test]
fn a_request_can_set_off_what_happens_to_the_servers_before_it_is_carried_out() {
    let mut world = world();
    chaos(&mut world, "on create2 /locks/ #2 kill leader for 1s").unwrap();
    let mut peer = world.connect_at(THREE);
    world.create(&mut peer, "/locks");
    world.create(&mut peer, "/locks/a");
    world.send(&mut peer, &create("/locks/b", CreateMode::Persistent));
    assert!(world.got(&mut peer).is_empty());
    assert_eq!(world.state(THREE), MemberState::Down);
    world.advance(200);
    assert_eq!(world.core.leader(), Some(TWO));
    assert_eq!(world.paths_at(ONE), ["/locks", "/locks/a"]);
    // It is the one that led then that comes back, not the one that leads now.
    world.advance(1000);
    assert_eq!(world.state(THREE), MemberState::Following);
    assert_eq!(world.core.leader(), Some(TWO));
}

#[test]
fn what_is_planned_for_later_happens_later() {
    let mut world = world();
    chaos(
        &mut world,
        "after 3s election; after 1s pause follower for 500ms",
    )
    .unwrap();
    world.advance(999);
    assert!(!world.core.member(ONE).unwrap().paused);
    world.advance(1);
    assert!(world.core.member(ONE).unwrap().paused);
    world.advance(500);
    assert!(!world.core.member(ONE).unwrap().paused);
    assert_eq!(world.core.member(THREE).unwrap().epoch, 1);
    world.advance(1700);
    assert_eq!(world.core.member(THREE).unwrap().epoch, 2);
}

#[test]
fn a_reaction_holds_at_every_server() {
    let mut world = world();
    chaos(&mut world, "on getData / always error NoAuth").unwrap();
    for server in [ONE, TWO, THREE] {
        let mut peer = world.connect_at(server);
        let refused = world.call(&mut peer, &get("/", false));
        assert_eq!(refused, Err(zk_wire::ErrorCode::NoAuth));
    }
    chaos(&mut world, "clear").unwrap();
    let mut peer = world.connect_at(ONE);
    world.call(&mut peer, &get("/", false)).unwrap();
}

#[test]
fn what_nothing_can_come_of_is_refused_with_its_reason() {
    let mut world = world();
    for (words, reason) in [
        ("kill 4", "from 1 to 3"),
        ("expire 0x01", "0x0000000000000001"),
        ("set-sequence /none 1", "/none"),
    ] {
        let refusal = chaos(&mut world, words).unwrap_err();
        assert!(refusal.to_string().contains(reason), "{refusal}");
    }
    chaos(&mut world, "kill 1; kill 2; kill 3").unwrap();
    assert_eq!(chaos(&mut world, "election"), Err(Refusal::NoLeader));
    assert_eq!(chaos(&mut world, "pause leader"), Err(Refusal::NoLeader));
}

#[test]
fn acknowledged_writes_can_be_lost_by_word() {
    let mut world = world();
    assert_eq!(chaos(&mut world, "restore all"), Err(Refusal::NoBackup));
    chaos(&mut world, "backup leader").unwrap();
    let mut peer = world.connect_at(ONE);
    world.create(&mut peer, "/a");
    chaos(&mut world, "restore all").unwrap();
    world.advance(200);
    assert!(world.core.leader().is_some());
    assert!(world.paths_at(ONE).is_empty());
    assert!(
        world.resume_at(ONE, &peer).is_none(),
        "its session is lost, too"
    );
}

#[test]
fn reads_without_a_quorum_can_be_allowed_and_forbidden_at_any_time() {
    let mut world = world();
    chaos(&mut world, "kill 2; kill 3; allow-read-only for 3s").unwrap();
    world.advance(2000);
    assert_eq!(world.state(ONE), MemberState::ReadOnly);
    world.advance(1000);
    assert_eq!(world.state(ONE), MemberState::Looking);
}

#[test]
fn every_session_can_be_ended_at_once() {
    let mut world = world_with(|config| config.servers = 2);
    let (one, two) = (world.connect_at(ONE), world.connect_at(TWO));
    chaos(&mut world, "expire all").unwrap();
    assert!(world.is_hung_up(&one) && world.is_hung_up(&two));
}
