//! Promises to clean up: every branch.

use std::time::Duration;

use zk_session::{DutyId, FailCause, Fate, Obligation, Outcome, Settlement, Submit};
use zk_wire::{CreateMode, ErrorCode, MultiOp, OpCode, Request};

use crate::pair::{
    LATENCY, Pair, TIMEOUT, config, create, get, is_create, is_delete, is_get, is_multi,
};
use crate::server::{Handshake, Node, Reaction};

const MARK: &str = "_c_5d1c4a52-";

fn marked() -> Obligation {
    Obligation::DeleteMarked {
        parent: "/locks".to_owned(),
        mark: MARK.to_owned(),
    }
}

fn create_marked(mode: CreateMode) -> Request {
    create(&format!("/locks/{MARK}lock-"), mode)
}

/// A duty with its create submitted.
fn obliged(pair: &mut Pair) -> (DutyId, zk_session::RequestId) {
    let duty = pair.session.oblige(marked());
    let submit = Submit::new().duty(duty);
    let id = pair.submit_with(create_marked(CreateMode::EphemeralSequential), submit);
    (duty, id)
}

fn perform(pair: &mut Pair, duty: DutyId) {
    pair.session.perform(pair.now, duty);
    pair.pump();
}

fn ops_since(pair: &Pair, before: usize) -> Vec<&'static str> {
    pair.server
        .requests()
        .skip(before)
        .map(|r| r.request.op_code().name())
        .collect()
}

/// A duty whose create was applied but not answered, with the connection down.
fn unknown(pair: &mut Pair) -> DutyId {
    pair.server.on(is_create, 0, Reaction::CutAfter);
    let (duty, id) = obliged(pair);
    pair.run_until(|pair| !pair.session.state().is_connected());
    let lost = Outcome::Failed {
        cause: FailCause::ConnectionLost,
        fate: Fate::Unknown,
    };
    assert_eq!(pair.outcome(id), Some(&lost));
    assert_eq!(pair.server.nodes.len(), 1);
    duty
}

#[test]
fn a_located_node_is_deleted_in_the_same_write_as_what_is_queued() {
    let mut pair = Pair::usual();
    let (duty, _) = obliged(&mut pair);
    pair.settle();
    let path = pair.session.located(duty).unwrap().to_owned();
    assert!(path.starts_with("/locks/_c_"), "{path}");
    let batches = pair.batches.len();
    pair.session
        .submit(pair.now, get("/x"), Submit::new())
        .unwrap();
    perform(&mut pair, duty);
    assert_eq!(pair.batches.len(), batches + 1);
    pair.settle();
    assert_eq!(pair.settlement(duty), Some(Settlement::Deleted));
    assert_eq!(ops_since(&pair, 1), ["getData", "delete"]);
    assert!(pair.server.nodes.is_empty());
    assert_eq!(pair.session.stats().duties, 0);
}

#[test]
fn c85_a_node_that_is_gone_already_counts_as_absent() {
    let mut pair = Pair::usual();
    let (duty, _) = obliged(&mut pair);
    pair.settle();
    pair.server.nodes.clear();
    perform(&mut pair, duty);
    pair.settle();
    assert_eq!(pair.settlement(duty), Some(Settlement::Absent));
}

#[test]
fn a_create_that_has_not_left_never_does() {
    let mut pair = Pair::usual();
    pair.server.silent = true;
    pair.cut();
    let (duty, id) = obliged(&mut pair);
    perform(&mut pair, duty);
    assert_eq!(pair.settlement(duty), Some(Settlement::Undone));
    let withdrawn = Outcome::Failed {
        cause: FailCause::Withdrawn,
        fate: Fate::NotApplied,
    };
    assert_eq!(pair.outcome(id), Some(&withdrawn));
    pair.server.silent = false;
    pair.run_until(|pair| pair.session.state().is_connected());
    pair.settle();
    assert_eq!(pair.session.stats().sent(OpCode::Create2), 0);
}

#[test]
fn an_abandoned_create_that_had_not_left_leaves_nothing_to_do() {
    let mut pair = Pair::usual();
    pair.server.silent = true;
    pair.cut();
    let (duty, id) = obliged(&mut pair);
    pair.session.abandon(pair.now, id);
    perform(&mut pair, duty);
    assert_eq!(pair.settlement(duty), Some(Settlement::Undone));
    assert_eq!(pair.outcome(id), None);
}

#[test]
fn of_a_create_on_the_wire_the_reply_is_awaited_and_then_its_node_deleted() {
    let mut pair = Pair::usual();
    let (duty, id) = obliged(&mut pair);
    pair.session.abandon(pair.now, id);
    perform(&mut pair, duty);
    assert_eq!(pair.settlement(duty), None);
    pair.settle();
    assert_eq!(pair.settlement(duty), Some(Settlement::Deleted));
    assert_eq!(ops_since(&pair, 0), ["create2", "delete"]);
    assert_eq!(pair.outcome(id), None);
    assert!(pair.server.nodes.is_empty());
}

#[test]
fn the_duty_of_an_abandoned_create_learns_its_path_all_the_same() {
    let mut pair = Pair::usual();
    let (duty, id) = obliged(&mut pair);
    pair.session.abandon(pair.now, id);
    pair.settle();
    assert!(pair.session.located(duty).is_some());
}

#[test]
fn a_refused_create_leaves_nothing_to_do() {
    let mut pair = Pair::usual();
    pair.server.on(is_create, 0, Reaction::Refuse(-101));
    let (duty, _) = obliged(&mut pair);
    pair.settle();
    perform(&mut pair, duty);
    assert_eq!(pair.settlement(duty), Some(Settlement::Undone));
    assert_eq!(ops_since(&pair, 0), ["create2"]);
}

#[test]
fn after_a_refused_create_the_duty_takes_another_one_but_never_two() {
    let mut pair = Pair::usual();
    pair.server.on(is_create, 0, Reaction::Refuse(-101));
    let (duty, _) = obliged(&mut pair);
    let again = || create_marked(CreateMode::EphemeralSequential);
    let submit = Submit::new().duty(duty);
    assert!(
        pair.session.submit(pair.now, again(), submit).is_err(),
        "one is under way"
    );
    pair.settle();
    pair.submit_with(again(), submit);
    pair.settle();
    assert!(
        pair.session.submit(pair.now, again(), submit).is_err(),
        "the mark is used"
    );
    let other = pair.session.submit(pair.now, get("/a"), submit);
    assert!(other.is_err(), "only creates make nodes");
}

#[test]
fn after_an_unknown_create_come_barrier_own_names_and_delete() {
    let mut pair = Pair::usual();
    let duty = unknown(&mut pair);
    let stranger = "/locks/_c_other-lock-0000000009".to_owned();
    pair.server.nodes.insert(
        stranger.clone(),
        Node {
            owner: pair.server.session,
            czxid: 1,
        },
    );
    let deeper = format!("/locks/sub/{MARK}lock-1");
    pair.server.nodes.insert(
        deeper.clone(),
        Node {
            owner: pair.server.session,
            czxid: 1,
        },
    );
    perform(&mut pair, duty);
    pair.run_until(|pair| pair.settlement(duty).is_some());
    assert_eq!(pair.settlement(duty), Some(Settlement::Deleted));
    assert_eq!(ops_since(&pair, 1), ["multi", "getEphemerals", "delete"]);
    let barrier = &pair.received(is_multi)[0].request;
    assert_eq!(*barrier, Request::Multi(Vec::<MultiOp>::new()));
    let left: Vec<_> = pair.server.nodes.keys().cloned().collect();
    assert_eq!(left, [stranger, deeper]);
}

#[test]
fn an_unknown_create_that_was_not_applied_is_absent_behind_the_barrier() {
    let mut pair = Pair::usual();
    let duty = unknown(&mut pair);
    pair.server.nodes.clear();
    perform(&mut pair, duty);
    pair.run_until(|pair| pair.settlement(duty).is_some());
    assert_eq!(pair.settlement(duty), Some(Settlement::Absent));
    assert_eq!(ops_since(&pair, 1), ["multi", "getEphemerals"]);
}

#[test]
fn an_unknown_create_is_left_alone_until_its_owner_says_so() {
    let mut pair = Pair::usual();
    let duty = unknown(&mut pair);
    pair.run_for(TIMEOUT * 2);
    assert_eq!(ops_since(&pair, 1), [""; 0]);
    pair.session
        .locate(pair.now, duty, "/locks/found-by-its-owner");
    pair.server.nodes.insert(
        "/locks/found-by-its-owner".to_owned(),
        Node { owner: 1, czxid: 1 },
    );
    perform(&mut pair, duty);
    pair.settle();
    assert_eq!(pair.settlement(duty), Some(Settlement::Deleted));
    assert_eq!(ops_since(&pair, 1), ["delete"]);
}

#[test]
fn a_lost_connection_starts_the_work_again_from_the_barrier() {
    let steps: [fn(&Request) -> bool; 3] = [
        is_multi,
        |request| matches!(request, Request::GetEphemerals { .. }),
        is_delete,
    ];
    for step in steps {
        for reaction in [Reaction::CutBefore, Reaction::CutAfter] {
            let mut pair = Pair::usual();
            let duty = unknown(&mut pair);
            pair.server.on(step, 0, reaction);
            perform(&mut pair, duty);
            pair.run_until(|pair| pair.settlement(duty).is_some());
            assert!(pair.server.nodes.is_empty());
            assert_eq!(pair.received(is_multi).len(), 2);
            let settled = pair.settlement(duty).unwrap();
            assert!(matches!(settled, Settlement::Deleted | Settlement::Absent));
        }
    }
}

#[test]
fn a_lost_delete_of_a_located_node_is_sent_again_before_what_waits() {
    let mut pair = Pair::usual();
    let (duty, _) = obliged(&mut pair);
    pair.settle();
    pair.server.on(is_delete, 0, Reaction::CutBefore);
    perform(&mut pair, duty);
    pair.run_until(|pair| !pair.session.state().is_connected());
    pair.submit(get("/x"));
    pair.run_until(|pair| pair.settlement(duty).is_some());
    assert_eq!(pair.settlement(duty), Some(Settlement::Deleted));
    assert_eq!(ops_since(&pair, 1), ["delete", "delete", "getData"]);
}

#[test]
fn a_release_without_a_connection_keeps_its_place_behind_earlier_writes() {
    let mut pair = Pair::usual();
    let (duty, _) = obliged(&mut pair);
    pair.settle();
    pair.cut();
    pair.submit(get("/x"));
    perform(&mut pair, duty);
    pair.submit(get("/y"));
    pair.run_until(|pair| pair.session.state().is_connected());
    pair.settle();
    assert_eq!(ops_since(&pair, 1), ["getData", "delete", "getData"]);
}

#[test]
fn servers_without_get_ephemerals_are_asked_once_and_then_listed() {
    let mut pair = Pair::usual();
    let is_own_list = |request: &Request| matches!(request, Request::GetEphemerals { .. });
    pair.server
        .on_all(is_own_list, Reaction::RefuseAndClose(-6));
    let duty = unknown(&mut pair);
    perform(&mut pair, duty);
    pair.run_until(|pair| pair.settlement(duty).is_some());
    assert_eq!(pair.settlement(duty), Some(Settlement::Deleted));
    assert!(pair.server.nodes.is_empty());

    let second = pair.session.oblige(marked());
    let creates = pair.received(is_create).len();
    pair.server.on(is_create, 0, Reaction::CutAfter);
    let submit = Submit::new().duty(second);
    pair.run_until(|pair| pair.session.state().is_connected());
    pair.submit_with(create_marked(CreateMode::EphemeralSequential), submit);
    pair.run_until(|pair| pair.received(is_create).len() > creates);
    pair.run_until(|pair| !pair.session.state().is_connected());
    perform(&mut pair, second);
    pair.run_until(|pair| pair.settlement(second).is_some());
    assert_eq!(pair.settlement(second), Some(Settlement::Deleted));
    assert_eq!(pair.received(is_own_list).len(), 1);
}

#[test]
fn a_persistent_node_is_looked_for_among_all_children() {
    let mut pair = Pair::usual();
    pair.server.on(is_create, 0, Reaction::CutAfter);
    let duty = pair.session.oblige(marked());
    let submit = Submit::new().duty(duty);
    pair.submit_with(create_marked(CreateMode::PersistentSequential), submit);
    pair.run_until(|pair| !pair.session.state().is_connected());
    perform(&mut pair, duty);
    pair.run_until(|pair| pair.settlement(duty).is_some());
    assert_eq!(ops_since(&pair, 1), ["multi", "getChildren", "delete"]);
    assert!(pair.server.nodes.is_empty());
}

#[test]
fn a_list_that_no_frame_can_hold_ends_the_duty() {
    let mut pair = Pair::usual();
    let lists = |request: &Request| matches!(request, Request::GetChildren { .. });
    pair.server.on(is_create, 0, Reaction::CutAfter);
    pair.server.on_all(lists, Reaction::Huge(50_000_000));
    let duty = pair.session.oblige(marked());
    let submit = Submit::new().duty(duty);
    pair.submit_with(create_marked(CreateMode::PersistentSequential), submit);
    pair.run_until(|pair| !pair.session.state().is_connected());
    perform(&mut pair, duty);
    pair.run_until(|pair| pair.settlement(duty).is_some());
    assert_eq!(pair.settlement(duty), Some(Settlement::ListTooLarge));
}

#[test]
fn expiry_makes_duties_moot_and_nothing_is_carried_over() {
    let mut pair = Pair::usual();
    let duty = unknown(&mut pair);
    perform(&mut pair, duty);
    pair.server.handshake = Handshake::Expired;
    pair.run_until(|pair| pair.session.state().is_terminal());
    assert_eq!(pair.settlement(duty), Some(Settlement::Moot));
    let late = pair.session.oblige(marked());
    pair.session.perform(pair.now, late);
    pair.pump();
    assert_eq!(pair.settlement(late), None);
}

#[test]
fn a_discharged_duty_does_nothing() {
    let mut pair = Pair::usual();
    let duty = unknown(&mut pair);
    pair.session.discharge(pair.now, duty);
    perform(&mut pair, duty);
    pair.run_for(TIMEOUT);
    assert_eq!(pair.settlement(duty), None);
    assert_eq!(ops_since(&pair, 1), [""; 0]);
}

#[test]
fn a_duty_discharged_in_the_middle_of_its_work_stops() {
    let mut pair = Pair::usual();
    let duty = unknown(&mut pair);
    perform(&mut pair, duty);
    pair.run_until(|pair| pair.received(is_multi).len() == 1);
    pair.session.discharge(pair.now, duty);
    pair.run_for(TIMEOUT);
    assert_eq!(ops_since(&pair, 1), ["multi"]);
    assert_eq!(pair.server.nodes.len(), 1);
}

#[test]
fn c85_a_node_that_cannot_be_deleted_is_reported() {
    let mut pair = Pair::usual();
    pair.server.on_all(is_delete, Reaction::Refuse(-111));
    let (duty, _) = obliged(&mut pair);
    pair.settle();
    perform(&mut pair, duty);
    pair.settle();
    assert_eq!(
        pair.settlement(duty),
        Some(Settlement::Refused(ErrorCode::NotEmpty))
    );
}

#[test]
fn a_throttled_delete_is_tried_again_after_a_pause() {
    let mut pair = Pair::usual();
    pair.server.on(is_delete, 0, Reaction::Refuse(-127));
    let (duty, _) = obliged(&mut pair);
    pair.settle();
    perform(&mut pair, duty);
    let start = pair.now;
    pair.run_until(|pair| pair.settlement(duty).is_some());
    assert_eq!(pair.settlement(duty), Some(Settlement::Deleted));
    assert_eq!(pair.now - start, Duration::from_secs(1) + LATENCY * 4);
}

#[test]
fn a_full_queue_does_not_keep_a_duty_from_being_done() {
    let mut config = config();
    config.max_queue = 5;
    let mut pair = Pair::connected(config);
    let (duty, _) = obliged(&mut pair);
    pair.settle();
    pair.cut();
    for _ in 0..5 {
        pair.submit(get("/x"));
    }
    assert!(
        pair.session
            .submit(pair.now, get("/x"), Submit::new())
            .is_err()
    );
    perform(&mut pair, duty);
    pair.run_until(|pair| pair.settlement(duty).is_some());
    assert_eq!(pair.settlement(duty), Some(Settlement::Deleted));
    assert_eq!(pair.received(is_get).len(), 5);
}

#[test]
fn an_exact_path_is_deleted_even_when_its_create_is_unknown() {
    let mut pair = Pair::usual();
    pair.server.on(is_create, 0, Reaction::CutAfter);
    let path = "/members/me".to_owned();
    let duty = pair
        .session
        .oblige(Obligation::Delete { path: path.clone() });
    pair.submit_with(
        create(&path, CreateMode::Ephemeral),
        Submit::new().duty(duty),
    );
    pair.run_until(|pair| !pair.session.state().is_connected());
    perform(&mut pair, duty);
    pair.run_until(|pair| pair.settlement(duty).is_some());
    assert_eq!(pair.settlement(duty), Some(Settlement::Deleted));
    assert_eq!(ops_since(&pair, 1), ["delete"]);
}

#[test]
fn an_exact_path_that_belongs_to_somebody_else_is_left_alone() {
    let mut pair = Pair::usual();
    let path = "/members/me".to_owned();
    pair.server.nodes.insert(
        path.clone(),
        Node {
            owner: 99,
            czxid: 1,
        },
    );
    let duty = pair
        .session
        .oblige(Obligation::Delete { path: path.clone() });
    pair.submit_with(
        create(&path, CreateMode::Ephemeral),
        Submit::new().duty(duty),
    );
    pair.settle();
    perform(&mut pair, duty);
    pair.settle();
    assert_eq!(pair.settlement(duty), Some(Settlement::Undone));
    assert_eq!(pair.server.nodes.len(), 1);
}
