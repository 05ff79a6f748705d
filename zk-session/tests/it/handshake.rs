//! The first exchange on every connection, and how sessions end there.

use std::time::Duration;

use bytes::BytesMut;
use zk_session::{
    Action, Event, ExpiryCause, FailCause, Fate, Outcome, Session, SessionState, SessionTicket,
};
use zk_wire::frame::write_frame;
use zk_wire::jute::Encode;
use zk_wire::{ConnectResponse, EventType, Moment, SessionId, Zxid};

use crate::pair::{LATENCY, Pair, TIMEOUT, config, get, set};
use crate::server::{Handshake, Reaction};

pub(crate) fn response(read_only: Option<bool>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let response = ConnectResponse {
        protocol_version: 0,
        timeout_ms: 8_000,
        session_id: SessionId::from_raw(-3),
        password: b"sixteen bytes pw"[..].into(),
        read_only,
    };
    write_frame(&mut bytes, |out| response.encode(out));
    bytes
}

#[test]
fn zk3426_rsc031d8e_b02_both_lengths_of_the_response_are_understood_however_they_are_split() {
    for read_only in [None, Some(false), Some(true)] {
        let bytes = response(read_only);
        assert_eq!(bytes.len(), if read_only.is_some() { 41 } else { 40 });
        for split in 0..bytes.len() {
            let now = Moment::ZERO;
            let mut session = Session::new(config(), now, 1);
            let Some(Action::Dial { conn, .. }) = session.poll_action() else {
                panic!("nothing is dialled");
            };
            session.handle_connected(now, conn);
            let _ = session.poll_transmit(now, &mut Vec::new()).unwrap();
            let mut input = BytesMut::from(&bytes[..split]);
            session.handle_bytes(now, conn, &mut input);
            assert_eq!(
                session.state(),
                SessionState::Connecting,
                "after {split} bytes"
            );
            input.extend_from_slice(&bytes[split..]);
            session.handle_bytes(now, conn, &mut input);
            let read_only = read_only.unwrap_or(false);
            assert_eq!(session.state(), SessionState::Connected { read_only });
            assert_eq!(session.session_id(), Some(SessionId::from_raw(-3)));
            assert_eq!(session.negotiated_timeout(), Duration::from_secs(8));
        }
    }
}

#[test]
fn zk1702_s4_nothing_but_the_handshake_is_sent_before_it_is_answered() {
    let mut pair = Pair::new(config());
    pair.server.handshake = Handshake::Silence;
    let id = pair.submit(get("/a"));
    pair.run_for(Duration::from_secs(1));
    assert_eq!(pair.batches, [49]);
    assert_eq!(pair.server.log.len(), 0);
    assert_eq!(pair.outcome(id), None);
}

#[test]
fn a_new_session_presents_a_password_of_sixteen_zeros() {
    let pair = Pair::usual();
    let (_, _, request) = &pair.server.handshakes[0];
    assert_eq!(request.password[..], [0; 16]);
    assert!(request.session_id.is_none());
    assert_eq!(request.timeout_ms, 12_000);
    assert_eq!(request.read_only, Some(false));
}

#[test]
fn zk1702_b20_a_session_the_server_does_not_know_has_expired() {
    let mut pair = Pair::usual();
    pair.server
        .on_all(|request| *request == get("/b"), Reaction::Hold);
    let sent = pair.submit(get("/b"));
    pair.server.handshake = Handshake::Expired;
    pair.cut();
    let queued = pair.submit(get("/a"));
    pair.settle();
    assert_eq!(pair.session.state(), SessionState::Expired);
    assert_eq!(pair.session.expiry_cause(), Some(ExpiryCause::Handshake));
    let lost = Outcome::Failed {
        cause: FailCause::ConnectionLost,
        fate: Fate::Unknown,
    };
    assert_eq!(pair.outcome(sent), Some(&lost));
    let expired = Outcome::Failed {
        cause: FailCause::SessionExpired,
        fate: Fate::NotApplied,
    };
    assert_eq!(pair.outcome(queued), Some(&expired));
    assert_eq!(pair.session.ticket(), None);
}

#[test]
fn another_session_than_the_one_presented_is_an_expiry() {
    let mut pair = Pair::usual();
    pair.server.handshake = Handshake::Substitute(77);
    pair.cut();
    pair.settle();
    assert_eq!(pair.session.state(), SessionState::Expired);
    let given = SessionId::from_raw(77);
    let presented = SessionId::from_raw(pair.server.session);
    assert_eq!(
        pair.session.expiry_cause(),
        Some(ExpiryCause::Substituted { presented, given })
    );
}

#[test]
fn b22_a_server_without_a_session_for_a_new_client_is_passed_over() {
    let mut pair = Pair::new(config());
    pair.server.handshake = Handshake::Expired;
    pair.run_for(LATENCY * 10);
    assert_eq!(pair.session.state(), SessionState::Connecting);
    pair.server.handshake = Handshake::Grant;
    pair.run_until(|pair| pair.session.state().is_connected());
}

#[test]
fn a_reply_that_says_expired_ends_the_session() {
    let mut pair = Pair::usual();
    pair.server.on(|_| true, 0, Reaction::Refuse(-112));
    let id = pair.submit(get("/a"));
    pair.settle();
    assert_eq!(pair.session.expiry_cause(), Some(ExpiryCause::Reply));
    assert!(matches!(
        pair.outcome(id),
        Some(Outcome::Reply { result: Err(_), .. })
    ));
}

#[test]
fn rs39_b15_the_handshake_presents_everything_seen_events_and_pings_included() {
    let mut pair = Pair::usual();
    let id = pair.submit(set("/a"));
    pair.settle();
    assert!(pair.outcome(id).is_some());
    assert_eq!(pair.session.last_zxid(), Zxid::from_raw(101));
    pair.notify(EventType::Deleted, "/x", 250);
    pair.reconnect();
    assert_eq!(
        pair.server.handshakes[1].2.last_zxid_seen,
        Zxid::from_raw(250)
    );
    pair.server.zxid = 300;
    pair.run_for(TIMEOUT / 2);
    pair.reconnect();
    assert_eq!(
        pair.server.handshakes[2].2.last_zxid_seen,
        Zxid::from_raw(300)
    );
}

#[test]
fn a_resumed_session_presents_itself_and_goes_on_with_its_xids() {
    let mut pair = Pair::usual();
    for _ in 0..5 {
        pair.submit(get("/a"));
    }
    pair.settle();
    let ticket = pair.session.ticket().unwrap();
    assert!(!format!("{ticket:?}").contains("sixteen"), "{ticket:?}");
    assert_eq!(ticket.next_xid(), 6);
    let parts = SessionTicket::new(
        ticket.session(),
        ticket.password().clone(),
        ticket.next_xid(),
        ticket.last_zxid(),
        ticket.smallest_timeout(),
    );
    let resumed = Session::resume(config(), parts, pair.now, 1);
    let mut second = Pair::with_session(resumed, TIMEOUT);
    second.run_until(|pair| pair.session.state().is_connected());
    let (_, _, request) = &second.server.handshakes[0];
    assert_eq!(request.session_id, ticket.session());
    assert_eq!(&request.password[..], b"sixteen bytes pw");
    assert_eq!(request.last_zxid_seen, ticket.last_zxid());
    second.submit(get("/a"));
    second.settle();
    assert_eq!(second.server.log[0].xid, 6);
}

#[test]
fn a_session_of_read_only_servers_is_not_presented_elsewhere() {
    let mut config = config();
    config.read_only_ok = true;
    let mut pair = Pair::new(config);
    pair.server.read_only_byte = Some(true);
    pair.run_until(|pair| pair.session.state().is_connected());
    assert_eq!(pair.states(), [SessionState::Connected { read_only: true }]);
    assert_eq!(pair.session.ticket(), None);
    pair.server.read_only_byte = Some(false);
    pair.reconnect();
    assert!(pair.server.handshakes[1].2.session_id.is_none());
    assert_eq!(
        pair.session.state(),
        SessionState::Connected { read_only: false }
    );
    pair.reconnect();
    assert!(!pair.server.handshakes[2].2.session_id.is_none());
}

#[test]
fn bytes_before_the_handshake_was_sent_break_the_connection() {
    let now = Moment::ZERO;
    let mut session = Session::new(config(), now, 1);
    let Some(Action::Dial { conn, server, .. }) = session.poll_action() else {
        panic!("nothing is dialled");
    };
    session.handle_connected(now, conn);
    session.handle_bytes(now, conn, &mut BytesMut::from(&response(None)[..]));
    assert_eq!(session.state(), SessionState::Connecting);
    assert!(matches!(session.poll_action(), Some(Action::Hangup { conn: old }) if old == conn));
    assert!(
        session
            .server_failure(server)
            .unwrap()
            .text
            .contains("broke the protocol")
    );
}

#[test]
fn a_server_that_closes_during_the_handshake_may_lag_behind() {
    let mut fresh = Pair::new(config());
    fresh.server.handshake = Handshake::Close;
    fresh.run_for(LATENCY * 10);
    let text = |pair: &Pair, server: usize| {
        let failure = pair.session.server_failure(pair.dials[server].1);
        failure.unwrap().text.clone()
    };
    let reasons = "it may expect TLS, or have too many connections from here (maxClientCnxns)";
    assert!(text(&fresh, 0).ends_with(reasons), "{}", text(&fresh, 0));
    assert_eq!(fresh.session.last_heard(), None);

    // A session that has seen a transaction is refused by servers that have not.
    let mut seasoned = Pair::usual();
    seasoned.submit(set("/a"));
    seasoned.settle();
    let heard = seasoned.session.last_heard().unwrap();
    seasoned.server.handshake = Handshake::Close;
    seasoned.cut();
    seasoned.run_for(LATENCY * 10);
    let lag = format!("{reasons}, or lag behind what this session has seen");
    assert!(text(&seasoned, 1).ends_with(&lag), "{}", text(&seasoned, 1));
    assert_eq!(
        seasoned.session.last_heard(),
        Some(heard),
        "a hang-up is no word"
    );
}

#[test]
fn zk4508_rs280ae6f_b09_without_a_word_from_a_server_local_expiry_ends_the_session_if_wanted() {
    let mut config = config();
    config.local_expiry = true;
    let mut pair = Pair::connected(config);
    let heard = pair.now;
    pair.server.silent = true;
    pair.run_until(|pair| pair.session.state().is_terminal());
    let silence = TIMEOUT * 4 / 3;
    assert_eq!(
        pair.session.expiry_cause(),
        Some(ExpiryCause::Silence { silence })
    );
    assert_eq!(pair.now - heard, silence);
}

#[test]
fn b10_without_a_word_from_a_server_a_session_stays_suspended_by_default() {
    let mut pair = Pair::usual();
    pair.server.silent = true;
    pair.run_for(TIMEOUT * 20);
    assert!(matches!(
        pair.session.state(),
        SessionState::Suspended { .. }
    ));
    pair.server.silent = false;
    pair.run_until(|pair| pair.session.state().is_connected());
    let states = pair
        .events
        .iter()
        .filter(|(_, event)| matches!(event, Event::State(_)));
    assert_eq!(states.count(), 3, "connected, suspended, connected");
}
