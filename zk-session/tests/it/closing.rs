//! Ending a session on purpose.

use std::time::Duration;

use zk_session::{FailCause, Fate, Obligation, Outcome, SessionState, Settlement, Submit};
use zk_wire::{CreateMode, OpCode, Request};

use crate::pair::{LATENCY, Pair, config, create, get, is_create, is_get};
use crate::server::{Handshake, Reaction};

const GRACE: Duration = Duration::from_secs(3);

fn close(pair: &mut Pair) {
    pair.session.close(pair.now);
    pair.pump();
}

fn ops(pair: &Pair) -> Vec<&'static str> {
    pair.server
        .requests()
        .map(|received| received.request.op_code().name())
        .collect()
}

#[test]
fn a_close_comes_after_what_is_queued_and_ends_with_the_servers_answer() {
    let mut pair = Pair::usual();
    pair.submit(create("/e", CreateMode::Ephemeral));
    let last = pair.submit(get("/e"));
    let start = pair.now;
    close(&mut pair);
    close(&mut pair);
    pair.run_until(|pair| pair.session.state().is_terminal());
    assert_eq!(pair.now - start, LATENCY * 2);
    assert_eq!(ops(&pair), ["create2", "getData", "closeSession"]);
    assert!(matches!(
        pair.outcome(last),
        Some(Outcome::Reply { result: Ok(_), .. })
    ));
    assert_eq!(pair.states().last(), Some(&SessionState::Closed));
    assert!(pair.server.nodes.is_empty());
    assert_eq!(pair.hangups, 1);
    assert_eq!(pair.session.poll_timeout(), None);
}

#[test]
fn b12_nothing_follows_the_close() {
    let mut pair = Pair::usual();
    let is_close = |request: &Request| *request == Request::CloseSession;
    pair.server.on(is_close, 0, Reaction::Hold);
    close(&mut pair);
    let duty = pair.session.oblige(Obligation::Delete {
        path: "/x".to_owned(),
    });
    pair.session.perform(pair.now, duty);
    pair.pump();
    pair.run_for(GRACE);
    assert_eq!(ops(&pair), ["closeSession"]);
    assert_eq!(pair.settlement(duty), Some(Settlement::Moot));
}

#[test]
fn duties_that_are_due_are_worked_off_first() {
    let mut pair = Pair::usual();
    pair.server.on(is_create, 0, Reaction::CutAfter);
    let mark = "_c_1-".to_owned();
    let duty = pair.session.oblige(Obligation::DeleteMarked {
        parent: "/l".to_owned(),
        mark,
    });
    let submit = Submit::new().duty(duty);
    pair.submit_with(
        create("/l/_c_1-lock-", CreateMode::EphemeralSequential),
        submit,
    );
    pair.run_until(|pair| !pair.session.state().is_connected());
    pair.session.perform(pair.now, duty);
    close(&mut pair);
    pair.run_until(|pair| pair.session.state().is_terminal());
    assert_eq!(
        ops(&pair),
        [
            "create2",
            "multi",
            "getEphemerals",
            "delete",
            "closeSession"
        ]
    );
    assert_eq!(pair.settlement(duty), Some(Settlement::Deleted));
}

#[test]
fn duties_nobody_called_in_end_with_the_session() {
    let mut pair = Pair::usual();
    let duty = pair.session.oblige(Obligation::Delete {
        path: "/e".to_owned(),
    });
    pair.submit_with(
        create("/e", CreateMode::Ephemeral),
        Submit::new().duty(duty),
    );
    pair.settle();
    assert!(pair.session.hold(pair.now, duty));
    pair.pump();
    close(&mut pair);
    pair.run_until(|pair| pair.session.state().is_terminal());
    assert_eq!(pair.settlement(duty), Some(Settlement::Moot));
    assert!(pair.server.nodes.is_empty());
}

#[test]
fn a_close_takes_no_longer_than_its_grace() {
    let mut pair = Pair::usual();
    pair.server.on(is_get, 0, Reaction::Hold);
    let sent = pair.submit(get("/a"));
    let start = pair.now;
    close(&mut pair);
    pair.run_until(|pair| pair.session.state().is_terminal());
    assert_eq!(pair.now - start, GRACE);
    let failed = Outcome::Failed {
        cause: FailCause::Closed,
        fate: Fate::Unknown,
    };
    assert_eq!(pair.outcome(sent), Some(&failed));
}

#[test]
fn without_a_connection_a_close_looks_for_a_server_until_its_grace_ends() {
    let mut pair = Pair::usual();
    pair.server.accepts = false;
    pair.cut();
    let queued = pair.submit(get("/a"));
    let start = pair.now;
    close(&mut pair);
    pair.run_until(|pair| pair.session.state().is_terminal());
    assert_eq!(pair.now - start, GRACE);
    let failed = Outcome::Failed {
        cause: FailCause::Closed,
        fate: Fate::NotApplied,
    };
    assert_eq!(pair.outcome(queued), Some(&failed));

    let mut pair = Pair::usual();
    pair.cut();
    close(&mut pair);
    pair.run_until(|pair| pair.session.state().is_terminal());
    assert_eq!(ops(&pair), ["closeSession"]);
}

#[test]
fn a_session_that_never_was_is_closed_at_once() {
    let mut pair = Pair::new(config());
    let queued = pair.submit(get("/a"));
    close(&mut pair);
    assert_eq!(pair.session.state(), SessionState::Closed);
    assert!(pair.outcome(queued).is_some());
    assert_eq!(pair.hangups, 1);
}

#[test]
fn a_close_whose_answer_was_lost_is_sent_again_or_found_done() {
    for handshake in [Handshake::Grant, Handshake::Expired] {
        let mut pair = Pair::usual();
        let is_close = |request: &Request| *request == Request::CloseSession;
        pair.server.on(is_close, 0, Reaction::CutAfter);
        pair.server.handshake = handshake;
        close(&mut pair);
        pair.run_until(|pair| pair.session.state().is_terminal());
        assert_eq!(pair.session.state(), SessionState::Closed);
        let closes = if handshake == Handshake::Grant { 2 } else { 1 };
        assert_eq!(pair.session.stats().sent(OpCode::CloseSession), closes);
    }
}

#[test]
fn a_session_that_a_handshake_under_way_may_make_is_closed_when_it_is_there() {
    let mut pair = Pair::new(config());
    pair.run_until(|pair| !pair.batches.is_empty());
    close(&mut pair);
    assert!(!pair.session.state().is_terminal());
    pair.run_until(|pair| pair.session.state().is_terminal());
    assert_eq!(ops(&pair), ["closeSession"]);

    let mut pair = Pair::new(config());
    pair.server.handshake = Handshake::Close;
    pair.run_until(|pair| !pair.batches.is_empty());
    close(&mut pair);
    pair.run_until(|pair| pair.session.state().is_terminal());
    assert_eq!(
        pair.dials.len(),
        1,
        "no session was made, and none is wanted"
    );
}
