//! Nodes whose whole name is fixed: only our own is deleted.

use std::time::Duration;

use zk_session::{DutyId, Obligation, Settlement, Submit};
use zk_wire::{CreateMode, Request};

use crate::pair::{Pair, TIMEOUT, create, is_create, is_delete};
use crate::server::{Node, Reaction};

const PATH: &str = "/group/me";
const OTHER: i64 = 0x0bad;

fn obliged(pair: &mut Pair) -> DutyId {
    let path = PATH.to_owned();
    let duty = pair.session.oblige(Obligation::DeleteOwn { path });
    let create = create(PATH, CreateMode::Ephemeral);
    pair.submit_with(create, Submit::new().duty(duty));
    duty
}

fn perform(pair: &mut Pair, duty: DutyId) {
    pair.session.perform(pair.now, duty);
    pair.pump();
}

fn others_node(pair: &mut Pair) {
    let node = Node {
        owner: OTHER,
        czxid: 9,
    };
    pair.server.nodes.insert(PATH.to_owned(), node);
}

fn ops(pair: &Pair) -> Vec<&'static str> {
    let requests = pair.server.requests();
    requests.map(|r| r.request.op_code().name()).collect()
}

#[test]
fn our_own_node_is_deleted_once_it_is_known_to_be_ours() {
    let mut pair = Pair::usual();
    let duty = obliged(&mut pair);
    pair.settle();
    assert_eq!(pair.session.located(duty), Some(PATH));
    perform(&mut pair, duty);
    pair.settle();
    assert_eq!(ops(&pair), ["create2", "getEphemerals", "delete"]);
    assert_eq!(pair.settlement(duty), Some(Settlement::Deleted));
    assert!(pair.server.nodes.is_empty());
}

#[test]
fn a_node_of_somebody_else_in_the_place_of_ours_stays() {
    let mut pair = Pair::usual();
    let duty = obliged(&mut pair);
    pair.settle();
    others_node(&mut pair);
    perform(&mut pair, duty);
    pair.settle();
    assert_eq!(ops(&pair), ["create2", "getEphemerals"]);
    assert_eq!(pair.settlement(duty), Some(Settlement::Absent));
    assert!(pair.server.nodes.contains_key(PATH));
}

#[test]
fn a_create_without_an_answer_is_settled_behind_a_barrier_by_the_owner() {
    for (reaction, deleted) in [(Reaction::CutAfter, true), (Reaction::CutBefore, false)] {
        let mut pair = Pair::usual();
        pair.server.on(is_create, 0, reaction);
        let duty = obliged(&mut pair);
        pair.run_until(|pair| !pair.session.state().is_connected());
        if !deleted {
            others_node(&mut pair);
        }
        perform(&mut pair, duty);
        pair.run_until(|pair| pair.settlement(duty).is_some());
        let mut expected = vec!["create2", "multi", "getEphemerals"];
        let mut settled = Settlement::Absent;
        if deleted {
            expected.push("delete");
            settled = Settlement::Deleted;
        }
        assert_eq!(ops(&pair), expected);
        assert_eq!(pair.settlement(duty), Some(settled));
        assert_eq!(pair.server.nodes.contains_key(PATH), !deleted);
    }
}

#[test]
fn what_a_transaction_may_have_made_is_looked_for_behind_a_barrier_when_its_connection_is_lost() {
    let is_lost = Reaction::CutAfter;
    let is_late = Reaction::Delay(Duration::from_millis(100));
    for (reaction, barrier) in [(is_lost, true), (is_late, false)] {
        let mut pair = Pair::usual();
        pair.server.on(is_create, 0, reaction);
        let path = PATH.to_owned();
        let duty = pair.session.oblige(Obligation::DeleteOwn { path });
        pair.session.expect(duty);
        pair.submit(create(PATH, CreateMode::Ephemeral));
        if barrier {
            pair.run_until(|pair| !pair.session.state().is_connected());
        }
        perform(&mut pair, duty);
        pair.run_until(|pair| pair.settlement(duty).is_some());
        let mut expected = vec!["create2", "getEphemerals", "delete"];
        if barrier {
            expected.insert(1, "multi");
        }
        assert_eq!(ops(&pair), expected);
        assert_eq!(pair.settlement(duty), Some(Settlement::Deleted));
        assert!(pair.server.nodes.is_empty());
    }
}

#[test]
fn a_delete_without_an_answer_does_not_hit_who_comes_after_us() {
    let mut pair = Pair::usual();
    let duty = obliged(&mut pair);
    pair.settle();
    pair.server.on(is_delete, 0, Reaction::CutAfter);
    perform(&mut pair, duty);
    pair.run_until(|pair| !pair.session.state().is_connected());
    others_node(&mut pair);
    pair.run_until(|pair| pair.settlement(duty).is_some());
    assert_eq!(pair.settlement(duty), Some(Settlement::Deleted));
    assert!(pair.server.nodes.contains_key(PATH));
}

#[test]
fn after_a_delete_without_an_answer_a_server_that_lags_is_asked_behind_a_barrier() {
    let mut pair = Pair::usual();
    let duty = obliged(&mut pair);
    pair.settle();
    pair.server.on(is_delete, 0, Reaction::CutBefore);
    perform(&mut pair, duty);
    pair.run_until(|pair| !pair.session.state().is_connected());
    // The next server has not heard of the delete, until something is committed through it.
    let is_barrier = |request: &Request| matches!(request, Request::Multi(_));
    let is_late = Reaction::Delay(Duration::from_millis(100));
    pair.server.on(is_barrier, 0, is_late);
    pair.run_until(|pair| ops(pair).contains(&"multi"));
    others_node(&mut pair);
    pair.run_until(|pair| pair.settlement(duty).is_some());
    let expected = [
        "create2",
        "getEphemerals",
        "delete",
        "multi",
        "getEphemerals",
    ];
    assert_eq!(ops(&pair), expected);
    assert_eq!(pair.settlement(duty), Some(Settlement::Deleted));
    assert_eq!(pair.server.nodes[PATH].owner, OTHER);
}

#[test]
fn of_two_in_one_session_the_one_that_stays_keeps_the_node() {
    let mut pair = Pair::usual();
    pair.server.on(is_create, 0, Reaction::CutBefore);
    let first = obliged(&mut pair);
    pair.run_until(|pair| !pair.session.state().is_connected());
    let second = obliged(&mut pair);
    perform(&mut pair, first);
    pair.run_until(|pair| pair.settlement(first).is_some());
    assert_eq!(pair.settlement(first), Some(Settlement::Absent));
    assert!(pair.server.nodes.contains_key(PATH));
    perform(&mut pair, second);
    pair.run_until(|pair| pair.settlement(second).is_some());
    assert_eq!(pair.settlement(second), Some(Settlement::Deleted));
    assert!(pair.server.nodes.is_empty());
}

#[test]
fn of_two_creates_in_one_session_the_refused_one_takes_nothing_and_the_other_leaves_nothing() {
    // Whichever of the two goes first, and whether its end is awaited.
    for (refused_first, awaited) in [(true, true), (true, false), (false, true), (false, false)] {
        let mut pair = Pair::usual();
        let made = obliged(&mut pair);
        let refused = obliged(&mut pair);
        pair.settle();
        assert_eq!(pair.session.located(refused), None);
        let (one, two) = match refused_first {
            true => (refused, made),
            false => (made, refused),
        };
        perform(&mut pair, one);
        if awaited {
            pair.settle();
            assert_eq!(pair.server.nodes.contains_key(PATH), refused_first);
        }
        perform(&mut pair, two);
        pair.settle();
        assert_eq!(pair.settlement(refused), Some(Settlement::Undone));
        assert_eq!(pair.settlement(made), Some(Settlement::Deleted));
        assert!(pair.server.nodes.is_empty());
    }
}

/// The node of the first is being looked for when the create of a second leaves.
fn overtaken(pair: &mut Pair) -> (DutyId, DutyId) {
    let made = obliged(pair);
    pair.settle();
    perform(pair, made);
    let second = obliged(pair);
    (made, second)
}

#[test]
fn a_node_that_is_given_up_goes_also_if_another_create_of_this_session_is_refused_meanwhile() {
    for is_dropped in [false, true] {
        let mut pair = Pair::usual();
        let (made, refused) = overtaken(&mut pair);
        if is_dropped {
            perform(&mut pair, refused);
        }
        pair.settle();
        assert_eq!(pair.settlement(made), Some(Settlement::Deleted));
        assert!(pair.server.nodes.is_empty(), "it is nobody's duty any more");
        if !is_dropped {
            assert_eq!(pair.settlement(refused), None, "it may create again");
            perform(&mut pair, refused);
            pair.settle();
        }
        assert_eq!(pair.settlement(refused), Some(Settlement::Undone));
    }
}

#[test]
fn a_node_that_is_given_up_goes_also_if_whoever_was_to_follow_takes_its_promise_back() {
    let mut pair = Pair::usual();
    let (made, refused) = overtaken(&mut pair);
    pair.run_until(|pair| pair.server.requests().count() == 3);
    // The list is answered, and the create is not.
    pair.step(pair.now + TIMEOUT);
    assert_eq!(pair.settlement(made), None);
    pair.session.discharge(pair.now, refused);
    pair.pump();
    pair.settle();
    assert_eq!(pair.settlement(made), Some(Settlement::Deleted));
    assert!(pair.server.nodes.is_empty());
}

#[test]
fn a_node_that_is_given_up_is_left_to_a_create_of_this_session_that_made_it_anew() {
    let mut pair = Pair::usual();
    let made = obliged(&mut pair);
    pair.settle();
    // Somebody deletes it, and another create of ours makes it, before the list is answered.
    pair.server.nodes.clear();
    let second = obliged(&mut pair);
    perform(&mut pair, made);
    pair.settle();
    assert_eq!(pair.settlement(made), Some(Settlement::Absent));
    assert_eq!(pair.session.located(second), Some(PATH));
    assert!(pair.server.nodes.contains_key(PATH));
    perform(&mut pair, second);
    pair.settle();
    assert_eq!(pair.settlement(second), Some(Settlement::Deleted));
    assert!(pair.server.nodes.is_empty());
}

#[test]
fn a_server_that_does_not_list_our_own_is_asked_whose_it_is() {
    for ours in [true, false] {
        let mut pair = Pair::usual();
        let is_list = |request: &Request| matches!(request, Request::GetEphemerals { .. });
        pair.server.on(is_list, 0, Reaction::RefuseAndClose(-6));
        let duty = obliged(&mut pair);
        pair.settle();
        if !ours {
            others_node(&mut pair);
        }
        perform(&mut pair, duty);
        pair.run_until(|pair| pair.settlement(duty).is_some());
        let settled = pair.settlement(duty);
        assert_eq!(settled == Some(Settlement::Deleted), ours, "{settled:?}");
        assert_eq!(pair.server.nodes.contains_key(PATH), !ours);
        assert!(ops(&pair).contains(&"exists"));
    }
}
