//! Finding the next server.

use std::collections::BTreeSet;
use std::time::Duration;

use zk_session::{
    Action, Backoff, FailCause, Fate, LinkFailure, Outcome, ServerId, Session, SessionConfig,
    SessionState, Stage,
};
use zk_wire::Moment;

use crate::pair::{LATENCY, Pair, TIMEOUT, config, get, set};
use crate::server::Handshake;

/// When which server is dialled while every one of them refuses.
fn refused_dials(seed: u64, time: Duration) -> Vec<(Moment, ServerId)> {
    let start = Moment::from_nanos(1_000_000_000);
    let session = Session::new(config(), start, seed);
    let mut pair = Pair::with_session(session, TIMEOUT);
    pair.server.accepts = false;
    pair.run_for(time);
    pair.dials
}

#[test]
fn equal_seeds_give_equal_traces_and_different_seeds_do_not() {
    let hour = Duration::from_secs(600);
    assert_eq!(refused_dials(1, hour), refused_dials(1, hour));
    assert_ne!(refused_dials(1, hour), refused_dials(2, hour));
}

#[test]
fn zk1998_rs79_b14_attempts_are_bounded_however_long_the_outage_is() {
    for seed in 0..5 {
        let dials = refused_dials(seed, Duration::from_secs(3600)).len();
        // Rounds of three, once a second on average: half the cap of two seconds.
        assert!((9_000..12_600).contains(&dials), "{dials} attempts");
    }
}

#[test]
fn zk1836_b19_the_first_round_has_no_pauses_and_every_round_tries_every_server() {
    let dials = refused_dials(3, Duration::from_secs(10));
    assert_eq!(dials[1].0 - dials[0].0, LATENCY);
    assert_eq!(dials[2].0 - dials[1].0, LATENCY);
    assert!(dials[3].0 - dials[2].0 > LATENCY);
    for round in dials.chunks_exact(3) {
        let servers: BTreeSet<_> = round.iter().map(|(_, server)| *server).collect();
        assert_eq!(servers.len(), 3);
    }
}

#[test]
fn what_waits_fails_after_each_round_in_vain_if_it_is_not_to_wait() {
    let mut config = config();
    config.wait_for_connection = false;
    let mut pair = Pair::connected(config);
    pair.run_for(Duration::from_secs(2));
    pair.server.accepts = false;
    pair.cut();
    let (first, read) = (pair.submit(set("/a")), pair.submit(get("/a")));
    pair.run_for(LATENCY * 2);
    assert_eq!(pair.outcome(first), None, "one server is left to try");
    pair.run_for(LATENCY);
    let lost = Outcome::Failed {
        cause: FailCause::ConnectionLost,
        fate: Fate::NotApplied,
    };
    for id in [first, read] {
        assert_eq!(pair.outcome(id), Some(&lost));
    }
    assert_eq!(pair.session.stats().queued, 0);
    let second = pair.submit(set("/a"));
    pair.run_until(|pair| pair.outcome(second).is_some());
    assert_eq!(pair.outcome(second), Some(&lost), "another round");
    let third = pair.submit(set("/a"));
    pair.server.accepts = true;
    pair.run_until(|pair| pair.outcome(third).is_some());
    assert!(matches!(pair.outcome(third), Some(Outcome::Reply { .. })));
}

#[test]
fn k21_a_completed_handshake_starts_the_backoff_anew() {
    let mut pair = Pair::usual();
    pair.run_for(Duration::from_secs(2));
    pair.server.accepts = false;
    pair.cut();
    pair.run_for(Duration::from_secs(60));
    pair.server.accepts = true;
    pair.run_until(|pair| pair.session.state().is_connected());
    pair.run_for(Duration::from_secs(2));
    let before = pair.dials.len();
    pair.server.accepts = false;
    let lost_at = pair.now;
    pair.cut();
    pair.run_for(LATENCY * 3);
    let dials: Vec<_> = pair.dials[before..]
        .iter()
        .map(|(at, _)| *at - lost_at)
        .collect();
    assert_eq!(dials[..3], [Duration::ZERO, LATENCY, LATENCY * 2]);
}

#[test]
fn a_server_that_closes_during_the_handshake_is_passed_over() {
    let mut pair = Pair::usual();
    let first = pair.session.server().unwrap();
    pair.run_for(Duration::from_secs(2));
    pair.server.handshake = Handshake::Close;
    pair.cut();
    let behind = pair.session.server().unwrap();
    assert_ne!(first, behind);
    pair.run_until(|pair| pair.session.server() != Some(behind));
    let failure = pair.session.server_failure(behind).unwrap();
    assert!(failure.text.contains("during the handshake"), "{failure:?}");
    assert!(matches!(
        pair.session.state(),
        SessionState::Suspended { .. }
    ));
    pair.server.handshake = Handshake::Grant;
    pair.run_until(|pair| pair.session.state().is_connected());
    let now = pair.session.server().unwrap();
    assert_eq!(pair.session.server_failure(now), None);
}

#[test]
fn a_server_that_never_answers_gets_its_share_of_the_timeout() {
    let mut pair = Pair::new(config());
    pair.server.handshake = Handshake::Silence;
    // Shortly before the third attempt is given up.
    pair.run_for(TIMEOUT - Duration::from_millis(1));
    let gaps: Vec<_> = pair
        .dials
        .windows(2)
        .map(|pair| pair[1].0 - pair[0].0)
        .collect();
    assert_eq!(gaps[..2], [TIMEOUT / 3; 2]);
    let attempt = pair.session.attempt().unwrap();
    assert_eq!(
        attempt.stage,
        Stage::Handshake,
        "only the answer is missing"
    );
    assert_eq!(attempt.since, pair.dials.last().unwrap().0);
    let failure = pair.session.server_failure(pair.dials[0].1).unwrap();
    let share = (TIMEOUT / 3).as_secs_f64();
    assert_eq!(
        failure.text,
        format!("connected, but it did not answer the handshake within {share:.1} s")
    );
    assert_eq!(pair.session.last_heard(), None);
}

#[test]
fn zk267_b06_the_state_is_suspended_only_after_a_connection_and_reported_once() {
    let mut pair = Pair::new(config());
    pair.server.accepts = false;
    pair.run_for(Duration::from_secs(30));
    assert_eq!(pair.states(), []);
    pair.server.accepts = true;
    pair.run_until(|pair| pair.session.state().is_connected());
    pair.server.accepts = false;
    pair.cut();
    let since = pair.now;
    pair.run_for(Duration::from_secs(30));
    let connected = SessionState::Connected { read_only: false };
    assert_eq!(
        pair.states(),
        [connected, SessionState::Suspended { since }]
    );
}

#[test]
fn a_server_that_drops_every_session_at_once_is_not_dialled_in_a_tight_loop() {
    let mut pair = Pair::usual();
    let start = pair.now;
    while pair.now - start < Duration::from_secs(60) {
        if pair.session.state().is_connected() {
            pair.cut();
        } else {
            let limit = pair.now + Duration::from_secs(60);
            pair.step(limit);
        }
    }
    assert!(
        pair.dials.len() < 150,
        "{} dials in a minute",
        pair.dials.len()
    );
}

#[test]
fn a_configured_backoff_bounds_the_pauses() {
    let mut config = config();
    config.servers = 1;
    config.backoff = Backoff::new(Duration::from_millis(10), Duration::from_millis(40));
    let mut pair = Pair::new(config);
    pair.server.accepts = false;
    pair.run_for(Duration::from_secs(20));
    let longest = pair
        .dials
        .windows(2)
        .map(|pair| pair[1].0 - pair[0].0)
        .max()
        .unwrap();
    assert!(
        longest <= Duration::from_millis(40) + LATENCY,
        "{longest:?}"
    );
    assert!(longest >= Duration::from_millis(30), "{longest:?}");
}

/// A session that is about to dial, with the connection it asks for.
fn dialling(now: Moment) -> (Session, zk_session::ConnId, ServerId) {
    let mut session = Session::new(SessionConfig::default(), now, 7);
    match session.poll_action() {
        Some(Action::Dial { conn, server, .. }) => (session, conn, server),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_encryption_that_is_not_agreed_on_in_time_is_told_from_a_connection_that_is_not_made() {
    let now = Moment::from_nanos(0);
    for (securing, text) in [
        (
            false,
            "no connection within 10.0 s (packets may be dropped on the way)",
        ),
        (
            true,
            "connected, but the TLS handshake was not done within 10.0 s",
        ),
    ] {
        let (mut session, conn, server) = dialling(now);
        assert_eq!(session.attempt().unwrap().stage, Stage::Dialing);
        if securing {
            session.handle_securing(now, conn);
            assert_eq!(session.attempt().unwrap().stage, Stage::Securing);
        }
        let mut out = Vec::new();
        assert!(
            session.poll_transmit(now, &mut out).is_none(),
            "nothing is sent before"
        );
        session.handle_timeout(session.poll_timeout().unwrap());
        let failure = session.server_failure(server).unwrap();
        assert_eq!((failure.text.as_str(), failure.tls), (text, securing));
    }
}

#[test]
fn a_failure_of_tls_is_told_as_it_is_also_after_the_handshake_was_sent() {
    let now = Moment::from_nanos(0);
    let (mut session, conn, server) = dialling(now);
    session.handle_connected(now, conn);
    let _ = session.poll_transmit(now, &mut Vec::new()).unwrap();
    let why = LinkFailure::of_tls("refused the client's certificate");
    session.handle_disconnected(now, conn, why);
    let failure = session.server_failure(server).unwrap();
    assert_eq!(
        (failure.text.as_str(), failure.tls),
        ("refused the client's certificate", true)
    );
}
