//! Silence in both directions.

use std::time::Duration;

use zk_session::SessionState;
use zk_wire::{Moment, OpCode, Request};

use crate::pair::{LATENCY, Pair, TIMEOUT, config, get, is_get};
use crate::server::Reaction;

fn ping_times(pair: &Pair) -> Vec<Moment> {
    pair.received(|request| *request == Request::Ping)
        .iter()
        .map(|ping| ping.at)
        .collect()
}

#[test]
fn zk1751_b16_an_idle_hour_is_one_ping_per_third_of_the_timeout() {
    let mut pair = Pair::usual();
    pair.run_for(Duration::from_secs(3600));
    assert_eq!(
        pair.states(),
        [SessionState::Connected { read_only: false }]
    );
    assert_eq!(pair.dials.len(), 1);
    let pings = ping_times(&pair);
    assert_eq!(pings.len(), 3600 / 4 - 1);
    assert!(
        pings
            .windows(2)
            .all(|pair| pair[1] - pair[0] == TIMEOUT / 3)
    );
}

#[test]
fn a_long_session_is_pinged_every_ten_seconds_all_the_same() {
    let mut config = config();
    config.session_timeout = Duration::from_secs(120);
    let mut pair = Pair::connected(config);
    pair.run_for(Duration::from_secs(101));
    let pings = ping_times(&pair);
    assert_eq!(pings.len(), 10);
    assert!(
        pings
            .windows(2)
            .all(|pair| pair[1] - pair[0] == Duration::from_secs(10))
    );
}

#[test]
fn any_request_takes_the_place_of_a_ping() {
    let mut pair = Pair::usual();
    for _ in 0..20 {
        pair.run_for(TIMEOUT / 4);
        pair.submit(get("/a"));
    }
    assert_eq!(pair.session.stats().sent(OpCode::Ping), 0);
}

#[test]
fn zk562_there_is_never_more_than_one_ping_under_way() {
    let mut pair = Pair::usual();
    pair.server
        .on(|request| *request == Request::Ping, 0, Reaction::Hold);
    pair.run_until(|pair| !pair.session.state().is_connected());
    assert_eq!(ping_times(&pair).len(), 1);
}

#[test]
fn k20_two_thirds_of_the_timeout_without_a_byte_end_the_connection() {
    let mut pair = Pair::usual();
    let heard = pair.now;
    pair.server.silent = true;
    pair.run_until(|pair| !pair.session.state().is_connected());
    assert_eq!(pair.now - heard, TIMEOUT * 2 / 3);
    assert_eq!(
        pair.session.state(),
        SessionState::Suspended { since: pair.now }
    );
    assert_eq!(pair.hangups, 1);
}

#[test]
fn any_byte_postpones_the_end_of_the_connection() {
    let mut pair = Pair::usual();
    pair.run_for(TIMEOUT / 3 - LATENCY);
    pair.notify(zk_wire::EventType::Created, "/nobody", -1);
    let heard = pair.now;
    pair.server.silent = true;
    pair.run_until(|pair| !pair.session.state().is_connected());
    assert_eq!(pair.now - heard, TIMEOUT * 2 / 3);
}

#[test]
fn a_request_that_waits_does_not_end_a_connection_that_answers_pings() {
    let mut pair = Pair::usual();
    pair.server.on(is_get, 0, Reaction::Hold);
    let id = pair.submit(get("/a"));
    pair.run_for(TIMEOUT * 5);
    assert!(pair.session.state().is_connected());
    assert_eq!(pair.outcome(id), None);
    assert_eq!(pair.dials.len(), 1);
}

#[test]
fn early_and_late_timeouts_are_harmless() {
    let mut pair = Pair::usual();
    for _ in 0..100 {
        pair.session.handle_timeout(pair.now);
        pair.pump();
    }
    assert!(pair.session.poll_timeout().unwrap() > pair.now);
    assert_eq!(pair.server.log.len(), 0);
}
