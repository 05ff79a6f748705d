//! Leaving a session to somebody else.

use std::time::Duration;

use zk_session::{
    Fate, Obligation, Outcome, Session, SessionState, SessionTicket, Settlement, Submit,
};
use zk_wire::{CreateMode, Request};

use crate::pair::{Pair, TIMEOUT, config, create, get, is_create, is_delete, is_get};
use crate::server::Reaction;

fn detach(pair: &mut Pair) {
    pair.session.detach(pair.now);
    pair.pump();
}

fn detached(pair: &mut Pair) -> Option<SessionTicket> {
    pair.run_until(|pair| pair.session.state().is_terminal());
    assert_eq!(pair.session.state(), SessionState::Closed);
    pair.session.detached().cloned()
}

#[test]
fn a_detached_session_lives_on_with_its_nodes_and_is_taken_over_by_its_ticket() {
    let mut pair = Pair::usual();
    let session = pair.session.session_id().unwrap();
    let last = pair.submit(create("/mine", CreateMode::Ephemeral));
    detach(&mut pair);
    let ticket = detached(&mut pair).unwrap();
    assert!(matches!(pair.outcome(last), Some(Outcome::Reply { .. })));
    assert!(pair.received(|r| *r == Request::CloseSession).is_empty());
    assert_eq!(pair.hangups, 1);

    let text = ticket.expose();
    let ticket: SessionTicket = text.parse().unwrap();
    let xids: Vec<i32> = pair.server.requests().map(|request| request.xid).collect();
    let heir = Session::resume(config(), ticket, pair.now, 5);
    let mut server = std::mem::replace(&mut pair.server, crate::server::Server::new(TIMEOUT));
    server.log.clear();
    let mut pair = Pair::with_session(heir, TIMEOUT);
    pair.server = server;
    pair.run_until(|pair| pair.session.state().is_connected());
    assert_eq!(pair.session.session_id(), Some(session));
    pair.submit(get("/mine"));
    pair.settle();
    let next = pair.server.requests().last().unwrap().xid;
    assert!(xids.iter().all(|xid| *xid < next), "an xid was used twice");
    assert!(pair.server.nodes.contains_key("/mine"));
}

#[test]
fn a_detach_waits_for_answers_within_the_grace_and_says_what_is_unknown() {
    let mut pair = Pair::usual();
    pair.server.on(is_get, 0, Reaction::Hold);
    let held = pair.submit(get("/a"));
    let start = pair.now;
    detach(&mut pair);
    let refused = pair.session.submit(pair.now, get("/b"), Submit::new());
    assert!(refused.is_err());
    assert!(detached(&mut pair).is_some());
    assert_eq!(pair.now - start, Duration::from_secs(3));
    let outcome = pair.outcome(held).unwrap();
    assert_eq!(outcome.fate(), Some(Fate::Unknown));
}

#[test]
fn what_is_to_be_cleaned_up_is_cleaned_up_before_a_detach() {
    let mut pair = Pair::usual();
    let path = "/mine".to_owned();
    let duty = pair.session.oblige(Obligation::Delete { path });
    let submit = Submit::new().duty(duty);
    pair.submit_with(create("/mine", CreateMode::Ephemeral), submit);
    pair.settle();
    pair.session.perform(pair.now, duty);
    detach(&mut pair);
    assert!(detached(&mut pair).is_some());
    assert_eq!(pair.settlement(duty), Some(Settlement::Deleted));
}

#[test]
fn a_session_that_cannot_clean_up_in_time_hands_out_no_ticket() {
    let mut pair = Pair::usual();
    pair.server.on_all(is_delete, Reaction::Hold);
    let path = "/mine".to_owned();
    let duty = pair.session.oblige(Obligation::Delete { path });
    let submit = Submit::new().duty(duty);
    pair.submit_with(create("/mine", CreateMode::Ephemeral), submit);
    pair.settle();
    pair.session.perform(pair.now, duty);
    detach(&mut pair);
    assert_eq!(detached(&mut pair), None);
    assert_eq!(pair.settlement(duty), Some(Settlement::Moot));
}

#[test]
fn a_node_that_is_held_goes_with_the_session_that_is_detached() {
    let mut pair = Pair::usual();
    let path = "/mine".to_owned();
    let duty = pair.session.oblige(Obligation::Delete { path });
    let submit = Submit::new().duty(duty);
    pair.submit_with(create("/mine", CreateMode::Ephemeral), submit);
    pair.settle();
    assert_eq!(pair.received(is_create).len(), 1);
    detach(&mut pair);
    assert!(detached(&mut pair).is_some());
    assert_eq!(pair.settlement(duty), Some(Settlement::HandedOver));
    assert!(pair.server.nodes.contains_key("/mine"));
}

#[test]
fn a_session_that_is_none_yet_has_no_ticket() {
    let mut pair = Pair::new(config());
    detach(&mut pair);
    assert_eq!(detached(&mut pair), None);
}

#[test]
fn a_detach_without_a_connection_needs_none_if_nothing_is_queued() {
    let mut pair = Pair::usual();
    pair.server.accepts = false;
    pair.cut();
    let start = pair.now;
    detach(&mut pair);
    assert!(detached(&mut pair).is_some());
    assert_eq!(pair.now, start);
}
