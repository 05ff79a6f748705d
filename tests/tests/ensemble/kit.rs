//! The test kit itself: what is done to a member happens, and nothing is left behind.

use std::process::{Command, Stdio};
use std::time::Duration;

use zk_recipes::{Client, ErrorKind};
use zk_tests::{Ensemble, Role, deadline};

const LIMIT: Duration = Duration::from_secs(60);

fn names(words: &[&str]) -> String {
    let listed = Command::new("docker").args(words).output().unwrap();
    String::from_utf8(listed.stdout).unwrap()
}

#[test]
fn a_killed_leader_is_replaced_and_comes_back_as_a_follower() {
    let ensemble = Ensemble::start();
    let leader = ensemble.leader();
    let others: Vec<_> = Ensemble::MEMBERS.filter(|m| *m != leader).collect();
    ensemble.kill(leader);
    assert_eq!(ensemble.role(leader), None);
    let limit = deadline(LIMIT);
    let next = ensemble.wait_for_leader_among(&others, &limit);
    ensemble.restart(leader);
    ensemble.wait_until_all_serve(&limit);
    assert_eq!(ensemble.role(next), Some(Role::Leader));
    assert_eq!(ensemble.role(leader), Some(Role::Follower));
}
