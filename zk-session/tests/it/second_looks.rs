//! What was found not made, and is made later all the same.

use std::time::Duration;

use zk_session::{DutyId, Obligation, Settlement, Submit};
use zk_wire::CreateMode;

use crate::pair::{Pair, create, is_create};
use crate::server::{Node, Reaction};

const PARENT: &str = "/l";
const NODE: &str = "/l/m1-lock-0000000003";
const FIXED: &str = "/group/me";

/// A create is lost before it is made, and the next handshake is given up or not; then its duty finds nothing.
fn missed(is_given_up: bool) -> (Pair, DutyId) {
    let mut pair = Pair::usual();
    pair.server.on(is_create, 0, Reaction::CutBefore);
    let (parent, mark) = (PARENT.to_owned(), "m1-".to_owned());
    let obligation = Obligation::DeleteMarked { parent, mark };
    let duty = pair.session.oblige(obligation);
    let request = create("/l/m1-lock-", CreateMode::EphemeralSequential);
    pair.submit_with(request, Submit::new().duty(duty));
    if is_given_up {
        stand_still(&mut pair, duty);
    } else {
        pair.run_until(|pair| !pair.session.state().is_connected());
        pair.session.perform(pair.now, duty);
    }
    pair.run_until(|pair| pair.settlement(duty).is_some());
    assert_eq!(pair.settlement(duty), Some(Settlement::Absent));
    (pair, duty)
}

/// The connection breaks, the next one opens, and the server stands still until it is given up.
fn stand_still(pair: &mut Pair, duty: DutyId) {
    pair.run_until(|pair| !pair.session.state().is_connected());
    pair.session.perform(pair.now, duty);
    pair.run_for(pair.latency);
    pair.server.silent = true;
    let dials = pair.session.stats().dials;
    pair.run_until(|pair| pair.session.stats().dials > dials);
    pair.server.silent = false;
}

fn made_late(pair: &mut Pair) {
    let owner = pair.session.session_id().unwrap().as_raw();
    let node = Node { owner, czxid: 9 };
    pair.server.nodes.insert(NODE.to_owned(), node);
}

fn requests(pair: &Pair, name: &str) -> usize {
    let requests = pair.server.requests();
    requests
        .filter(|it| it.request.op_code().name() == name)
        .count()
}

#[test]
fn what_a_server_makes_behind_the_barrier_after_a_handshake_was_given_up_is_found_and_deleted() {
    let (mut pair, _) = missed(true);
    assert_eq!(pair.session.stats().duties, 0, "whoever owned it was told");
    made_late(&mut pair);
    pair.run_until(|pair| pair.server.nodes.is_empty());
    assert_eq!(requests(&pair, "delete"), 1);
}

#[test]
fn it_is_looked_for_when_the_connection_is_lost_again() {
    let (mut pair, _) = missed(true);
    made_late(&mut pair);
    let before = pair.now;
    pair.cut();
    pair.run_until(|pair| pair.server.nodes.is_empty());
    assert!(pair.now - before < Duration::from_secs(1));
}

#[test]
fn looks_come_more_and_more_seldom_and_end() {
    let (mut pair, _) = missed(true);
    let lists = requests(&pair, "getEphemerals");
    pair.run_for(Duration::from_secs(300));
    assert_eq!(requests(&pair, "getEphemerals") - lists, 7);
    let quiet = requests(&pair, "multi");
    pair.run_for(Duration::from_secs(300));
    assert_eq!(requests(&pair, "multi"), quiet);
}

#[test]
fn where_no_handshake_was_given_up_nothing_is_looked_for_again() {
    let (mut pair, _) = missed(false);
    let lists = requests(&pair, "getEphemerals");
    pair.run_for(Duration::from_secs(300));
    assert_eq!(requests(&pair, "getEphemerals"), lists);
}

/// Two deletes of one path might hit whoever comes in between.
#[test]
fn a_node_of_a_fixed_name_is_left_to_whoever_made_it_since() {
    let mut pair = Pair::usual();
    let obliged = |pair: &mut Pair| {
        let path = FIXED.to_owned();
        let duty = pair.session.oblige(Obligation::DeleteOwn { path });
        let request = create(FIXED, CreateMode::Ephemeral);
        pair.submit_with(request, Submit::new().duty(duty));
        duty
    };
    pair.server.on(is_create, 0, Reaction::CutBefore);
    let first = obliged(&mut pair);
    stand_still(&mut pair, first);
    pair.run_until(|pair| pair.settlement(first).is_some());
    let second = obliged(&mut pair);
    pair.settle();
    // The look comes while the node is held, and while it is deleted.
    pair.run_for(Duration::from_secs(10));
    assert!(pair.server.nodes.contains_key(FIXED));
    let deletes = requests(&pair, "delete");
    pair.session.perform(pair.now, second);
    pair.run_for(Duration::from_secs(300));
    assert_eq!(requests(&pair, "delete") - deletes, 1);
    assert!(pair.server.nodes.is_empty());
}

#[test]
fn a_close_does_not_wait_for_second_looks() {
    let (mut pair, _) = missed(true);
    pair.session.close(pair.now);
    pair.pump();
    pair.run_until(|pair| pair.session.state().is_terminal());
}
