//! SASL with DIGEST-MD5.

use std::time::Duration;

use bytes::Bytes;
use zk_session::{
    AuthFailure, Credential, DigestMd5, FailCause, Fate, Outcome, SessionConfig, SessionState,
    WatchKind,
};
use zk_wire::Request;

use crate::pair::{Pair, TIMEOUT, config, get, get_watched};
use crate::server::{Node, Reaction, SaslAnswer};

fn of(user: &str, password: &str) -> SessionConfig {
    let mut config = config();
    config.sasl = Some(DigestMd5::new(user, password));
    config
}

fn alice() -> SessionConfig {
    of("alice", "wonderland")
}

fn is_sasl(request: &Request) -> bool {
    matches!(request, Request::Sasl { .. })
}

/// What was received, by its name.
fn names(pair: &Pair, from: usize) -> Vec<&'static str> {
    let received = pair.server.log[from..].iter();
    received.map(|one| one.request.op_code().name()).collect()
}

#[test]
fn zk1437_zk1550_zk3937_nothing_else_is_sent_before_sasl_is_done_and_the_session_is_not_ready() {
    let mut pair = Pair::new(alice());
    // Longer than the pause between two pings.
    pair.server
        .on(is_sasl, 1, Reaction::Delay(TIMEOUT / 3 + TIMEOUT / 10));
    let id = pair.submit(get("/a"));
    pair.run_until(|pair| pair.received(is_sasl).len() == 2);
    pair.run_for(TIMEOUT / 3 + TIMEOUT / 20);
    assert_eq!(pair.states(), []);
    assert_eq!(names(&pair, 0), ["sasl", "sasl"], "not even a ping");
    pair.run_until(|pair| pair.outcome(id).is_some());
    let requests: Vec<_> = pair.server.requests().map(|one| one.xid).collect();
    assert_eq!(requests, [1, 2, 3], "SASL, SASL, getData");
    assert_eq!(
        pair.states(),
        [SessionState::Connected { read_only: false }]
    );
}

#[test]
fn zk204_s3_after_a_reconnect_come_sasl_then_credentials_then_watches_then_requests() {
    let mut config = alice();
    config.auth = vec![Credential::new("digest", Bytes::from_static(b"bob:secret"))];
    let mut pair = Pair::connected(config);
    let node = Node { owner: 0, czxid: 1 };
    pair.server.nodes.insert("/w".to_owned(), node);
    pair.watch(get_watched("/w"), WatchKind::Data);
    let before = pair.server.log.len();
    pair.cut();
    pair.submit(get("/a"));
    pair.run_until(|pair| pair.session.state().is_connected());
    pair.settle();
    assert_eq!(
        names(&pair, before),
        ["sasl", "sasl", "auth", "setWatches", "getData"]
    );
}

#[test]
fn zk2775_a_connection_that_breaks_in_any_step_is_followed_by_one_that_begins_anew() {
    for reaction in [Reaction::CutBefore, Reaction::CutAfter] {
        for step in [0, 1] {
            let mut pair = Pair::new(alice());
            pair.server.on(is_sasl, step, reaction);
            let id = pair.submit(get("/a"));
            pair.run_until(|pair| pair.outcome(id).is_some());
            let tokens = pair.received(is_sasl);
            assert_eq!(tokens.len(), step + 1 + 2, "{reaction:?} at step {step}");
            assert_eq!(
                pair.states(),
                [SessionState::Connected { read_only: false }]
            );
        }
    }
}

#[test]
fn zk4275_an_exchange_that_takes_longer_than_a_connect_may_is_no_failed_connect() {
    let mut config = alice();
    let limit = Duration::from_secs(1);
    config.connect_timeout = Some(limit);
    let mut pair = Pair::new(config);
    for step in [0, 1] {
        pair.server.on(is_sasl, step, Reaction::Delay(limit * 2));
    }
    pair.run_until(|pair| pair.session.state().is_connected());
    assert!(pair.now - pair.dials[0].0 > limit * 4);
    pair.run_for(TIMEOUT);
    assert_eq!((pair.dials.len(), pair.hangups), (1, 0));
    assert_eq!(pair.received(is_sasl).len(), 2);
}

#[test]
fn each_exchange_has_a_nonce_of_its_own() {
    let mut pair = Pair::connected(alice());
    pair.reconnect();
    let answers: Vec<_> = pair
        .received(is_sasl)
        .iter()
        .filter_map(|received| match &received.request {
            Request::Sasl { token } => token.clone().filter(|token| !token.is_empty()),
            _ => None,
        })
        .collect();
    assert_eq!(answers.len(), 2);
    assert_ne!(answers[0], answers[1]);
}

/// How a session ends whose authentication fails, and that nothing of it was sent.
fn fails(mut pair: Pair, why: AuthFailure) {
    let queued = pair.submit(get("/a"));
    pair.run_until(|pair| pair.session.state().is_terminal());
    assert_eq!(pair.states(), [SessionState::AuthFailed]);
    assert_eq!(pair.session.auth_failure(), Some(why));
    let failed = Outcome::Failed {
        cause: FailCause::AuthFailed,
        fate: Fate::NotApplied,
    };
    assert_eq!(pair.outcome(queued), Some(&failed));
    assert_eq!(pair.received(|request| !is_sasl(request)).len(), 0);
    assert_eq!(pair.dials.len(), 1, "there is no second attempt");
}

#[test]
fn b88_a_wrong_password_and_an_unknown_user_end_the_session() {
    fails(Pair::new(of("alice", "wonder")), AuthFailure::Sasl);
    fails(Pair::new(of("bob", "wonderland")), AuthFailure::Sasl);
    let mut pair = Pair::new(alice());
    pair.server.on(is_sasl, 0, Reaction::RefuseAndClose(-124));
    fails(pair, AuthFailure::Sasl);
}

#[test]
fn a_server_that_does_not_speak_sasl_is_not_taken_for_one_that_does() {
    for nothing in [None, Some(&b""[..])] {
        let mut pair = Pair::new(alice());
        pair.server.sasl[0] = SaslAnswer::Token(nothing);
        fails(pair, AuthFailure::NoSasl);
    }
}

#[test]
fn a_server_that_does_not_know_the_password_is_not_trusted() {
    let lies = [
        None,
        Some(&b""[..]),
        Some(b"rspauth="),
        Some(b"rspauth=ea40f60335c427b5527b84dbabcdfffd"),
        Some(b"\xff\xff"),
    ];
    for lie in lies {
        let mut pair = Pair::new(alice());
        pair.server.sasl[1] = SaslAnswer::Token(lie);
        fails(pair, AuthFailure::Unproven);
    }
}

#[test]
fn b88_a_server_that_wants_what_we_do_not_do_is_refused() {
    let mut pair = Pair::new(alice());
    let only_sealed = b"nonce=\"x\",algorithm=md5-sess,qop=\"auth-conf\"";
    pair.server.sasl[0] = SaslAnswer::Token(Some(only_sealed));
    fails(
        pair,
        AuthFailure::Unsupported("the connection protected by SASL"),
    );
}

#[test]
fn a_malformed_challenge_breaks_the_connection_and_the_next_server_is_tried() {
    const LONG: &[u8] = &[b'a'; 2049];
    for challenge in [
        &b"nonce"[..],
        b"algorithm=md5-sess",
        b"nonce=\"x",
        b"\x00\xff",
        LONG,
    ] {
        let mut pair = Pair::new(alice());
        pair.server.sasl[0] = SaslAnswer::Token(Some(challenge));
        pair.run_until(|pair| pair.dials.len() == 2);
        let (_, first) = pair.dials[0];
        let failure = pair.session.server_failure(first).unwrap();
        let opening = "broke the protocol: SASL: its challenge is malformed: ";
        assert!(failure.text.starts_with(opening), "{}", failure.text);
        assert_ne!(pair.dials[1].1, first);
        pair.server.sasl[0] = SaslAnswer::Right;
        pair.run_until(|pair| pair.session.state().is_connected());
    }
}

#[test]
fn a_server_that_never_finishes_is_left_even_if_it_goes_on_sending() {
    let mut pair = Pair::new(alice());
    pair.server.on(is_sasl, 1, Reaction::Hold);
    let start = pair.now;
    pair.run_until(|pair| pair.received(is_sasl).len() == 2);
    while pair.dials.len() == 1 && pair.now < start + TIMEOUT {
        // The first byte of a frame, and then no more than one a second.
        pair.server_sends_soon(vec![0]);
        pair.run_for(Duration::from_secs(1));
        if pair.now > start + Duration::from_secs(3) {
            break;
        }
    }
    pair.run_until(|pair| pair.dials.len() == 2);
    let silence = pair.dials[1].0 - start;
    assert!(
        silence <= TIMEOUT * 2 / 3 + Duration::from_millis(50),
        "{silence:?}"
    );
    let failure = pair.session.server_failure(pair.dials[0].1).unwrap();
    assert_eq!(
        failure.text,
        "did not finish authentication within two thirds of the session timeout"
    );
}

#[test]
fn b87_a_server_that_requires_sasl_ends_the_session_of_a_client_without() {
    let is_ping = |request: &Request| *request == Request::Ping;
    let mut pair = Pair::usual();
    pair.server.on(is_ping, 0, Reaction::RefuseAndClose(-124));
    pair.run_until(|pair| pair.session.state().is_terminal());
    assert_eq!(pair.session.auth_failure(), Some(AuthFailure::Required));
    let mut pair = Pair::usual();
    pair.server.on_all(|_| true, Reaction::RefuseAndClose(-124));
    let asked = pair.submit(get("/a"));
    pair.run_until(|pair| pair.session.state().is_terminal());
    assert_eq!(pair.session.auth_failure(), Some(AuthFailure::Required));
    assert!(matches!(
        pair.outcome(asked),
        Some(Outcome::Reply { result: Err(_), .. })
    ));
}

#[test]
fn the_password_stays_out_of_debug_output() {
    let mut pair = Pair::new(alice());
    let mut shown = format!("{:?}", alice());
    for _ in 0..4 {
        shown.push_str(&format!("{:?}", pair.session));
        pair.run_for(crate::pair::LATENCY);
    }
    assert!(
        shown.contains("alice") && !shown.contains("wonderland"),
        "{shown}"
    );
    assert!(!shown.contains("response="), "{shown}");
}
