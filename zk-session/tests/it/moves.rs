//! Changes of the list of servers.

use std::time::Duration;

use zk_session::{Fate, Outcome, ServerId, SessionState};
use zk_wire::CreateMode;

use crate::pair::{LATENCY, Pair, TIMEOUT, config, create, get, is_create, is_get, set};
use crate::server::Reaction;

fn id(index: usize) -> ServerId {
    ServerId::from_index(index)
}

/// The list of three without this one.
fn without(server: ServerId) -> Vec<Option<ServerId>> {
    (0..3)
        .map(id)
        .filter(|other| *other != server)
        .map(Some)
        .collect()
}

fn update(pair: &mut Pair, origins: &[Option<ServerId>]) {
    assert!(pair.session.update_servers(pair.now, origins));
    pair.pump();
}

#[test]
fn a_session_whose_server_went_from_the_list_moves_and_stays_the_same() {
    let mut pair = Pair::usual();
    let session = pair.session.session_id();
    let own = pair.session.server().unwrap();
    let dials = pair.dials.len();
    update(&mut pair, &without(own));
    pair.run_until(|pair| pair.session.state().is_connected());
    assert_eq!(pair.session.session_id(), session);
    assert_eq!(pair.dials.len(), dials + 1);
    assert!(pair.session.server().unwrap().index() < 2);
    let (_, _, handshake) = pair.server.handshakes.last().unwrap();
    assert_eq!(Some(handshake.session_id), session);
}

#[test]
fn a_session_whose_server_is_still_listed_stays_and_knows_it_by_its_new_place() {
    let mut pair = Pair::usual();
    let own = pair.session.server().unwrap();
    let mut origins = without(own);
    origins.push(Some(own));
    update(&mut pair, &origins);
    pair.run_for(TIMEOUT);
    assert_eq!(pair.session.server(), Some(id(2)));
    assert_eq!(pair.dials.len(), 1);
    pair.cut();
    assert_ne!(
        pair.session.server(),
        Some(id(2)),
        "the next one is another"
    );
}

#[test]
fn requests_under_way_are_answered_before_the_move_and_later_ones_after_it() {
    let mut pair = Pair::usual();
    let own = pair.session.server().unwrap();
    pair.server
        .on(is_get, 0, Reaction::Delay(Duration::from_secs(1)));
    let before = pair.submit(get("/a"));
    pair.run_for(LATENCY * 4);
    update(&mut pair, &without(own));
    let after = pair.submit(get("/b"));
    pair.run_until(|pair| pair.outcome(after).is_some());
    for request in [before, after] {
        let outcome = pair.outcome(request).unwrap();
        assert!(matches!(outcome, Outcome::Reply { .. }), "{outcome:?}");
    }
    let conns: Vec<_> = pair.received(is_get).iter().map(|get| get.conn).collect();
    assert_ne!(conns[0], conns[1]);
}

#[test]
fn a_server_that_owes_an_answer_for_too_long_is_left_without_it() {
    let mut pair = Pair::usual();
    let own = pair.session.server().unwrap();
    pair.server.on(is_get, 0, Reaction::Hold);
    let held = pair.submit(get("/a"));
    pair.run_for(LATENCY * 4);
    let start = pair.now;
    update(&mut pair, &without(own));
    pair.run_until(|pair| pair.outcome(held).is_some());
    assert_eq!(pair.now - start, TIMEOUT / 6);
    pair.run_until(|pair| pair.session.state().is_connected());
}

#[test]
fn a_list_that_changes_while_nobody_answers_is_tried_at_once() {
    let mut pair = Pair::new(config());
    pair.server.accepts = false;
    pair.run_for(Duration::from_secs(60));
    pair.run_until(|pair| pair.session.server().is_none());
    pair.server.accepts = true;
    let start = pair.now;
    update(&mut pair, &[None]);
    pair.run_until(|pair| pair.session.state().is_connected());
    assert_eq!(pair.now - start, LATENCY * 3);
    assert_eq!(pair.session.server(), Some(id(0)));
    assert_eq!(pair.session.server_failure(id(0)), None);
}

#[test]
fn zk1683_a_list_can_change_in_every_state() {
    for steps in 0..12 {
        let mut pair = Pair::new(config());
        let limit = pair.now + Duration::from_secs(1);
        for _ in 0..steps {
            pair.step(limit);
        }
        update(&mut pair, &[None, Some(id(1))]);
        pair.run_until(|pair| pair.session.state().is_connected());
        pair.cut();
        update(&mut pair, &[None]);
        pair.run_until(|pair| pair.session.state().is_connected());
        assert_eq!(pair.session.server(), Some(id(0)), "after {steps} steps");
    }
}

#[test]
fn a_list_is_not_taken_when_it_is_empty_or_the_session_ends() {
    let mut pair = Pair::usual();
    assert!(!pair.session.update_servers(pair.now, &[]));
    pair.session.close(pair.now);
    assert!(!pair.session.update_servers(pair.now, &[None]));
    pair.pump();
    pair.run_until(|pair| pair.session.state() == SessionState::Closed);
    assert!(!pair.session.update_servers(pair.now, &[None]));
}

#[test]
fn nothing_is_sent_to_a_server_that_hangs_up_behind_an_operation_it_does_not_know() {
    let mut pair = Pair::usual();
    pair.run_for(Duration::from_secs(2));
    let refuses = Reaction::RefuseAndClose(-6);
    pair.server.on(is_create, 0, refuses);
    let unknown = pair.submit(create("/a", CreateMode::Persistent));
    // On its way before the answer is.
    let behind = pair.submit(get("/a"));
    pair.run_until(|pair| pair.outcome(unknown).is_some());
    let outcome = pair.outcome(unknown).unwrap();
    assert_eq!(outcome.fate(), Some(Fate::NotApplied));
    let after = pair.submit(set("/b"));
    pair.run_until(|pair| pair.outcome(after).is_some());
    assert_eq!(pair.outcome(behind).unwrap().fate(), Some(Fate::Unknown));
    let outcome = pair.outcome(after).unwrap();
    assert!(matches!(outcome, Outcome::Reply { .. }), "{outcome:?}");
}

#[test]
fn a_session_that_is_to_leave_its_server_goes_on_at_each_of_the_others_in_turn() {
    let mut pair = Pair::usual();
    let first = pair.dials[0].1;
    let mut seen = vec![first];
    for _ in 0..3 {
        let under_way = pair.submit(get("/a"));
        assert!(pair.session.leave_server(pair.now));
        pair.pump();
        let later = pair.submit(get("/b"));
        pair.run_until(|pair| pair.outcome(later).is_some());
        for id in [under_way, later] {
            let answered = matches!(pair.outcome(id), Some(Outcome::Reply { .. }));
            assert!(answered, "{:?}", pair.outcome(id));
        }
        seen.push(pair.dials.last().unwrap().1);
    }
    assert_eq!(seen[3], first, "{seen:?}");
    seen.truncate(3);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!((seen.len(), pair.dials.len()), (3, 4));
    assert_eq!(
        pair.server.session,
        pair.session.session_id().unwrap().as_raw()
    );
    assert!(
        pair.session.server_failure(first).is_none(),
        "nothing is held against it"
    );
}

#[test]
fn without_a_connection_there_is_no_server_to_leave() {
    let mut pair = Pair::new(config());
    assert!(!pair.session.leave_server(pair.now));
    pair.run_until(|pair| pair.session.state().is_connected());
    pair.session.close(pair.now);
    assert!(!pair.session.leave_server(pair.now));
}
