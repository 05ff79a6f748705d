//! Finding a server and being let in.

use std::time::Duration;

use bytes::Bytes;
use zk_session::{
    Action, Backoff, Credential, Fate, Outcome, Session, SessionState, SessionTicket,
};
use zk_wire::{CreateMode, Moment, Password, Request, SessionId, Zxid};

use crate::handshake::response;
use crate::pair::{Pair, TIMEOUT, config, create, get, set};
use crate::server::{Handshake, Reaction};

fn is_auth(request: &Request) -> bool {
    matches!(request, Request::Auth { .. })
}

fn credential(user: &str) -> Credential {
    Credential::new("digest", Bytes::from(format!("{user}:secret")))
}

fn is_answered(pair: &Pair, id: zk_session::RequestId) -> bool {
    matches!(pair.outcome(id), Some(Outcome::Reply { result: Ok(_), .. }))
}

/// Chi-square with two degrees of freedom: above 13.8 once in a thousand fair shuffles.
#[test]
fn zk1018_b80_each_of_three_servers_comes_first_equally_often() {
    let mut firsts = [0_u32; 3];
    for seed in 0..3_000 {
        let mut session = Session::new(config(), Moment::ZERO, seed);
        let Some(Action::Dial { server, .. }) = session.poll_action() else {
            panic!("nothing is dialled");
        };
        firsts[server.index()] += 1;
    }
    let square = |count: &u32| (f64::from(*count) - 1_000.0).powi(2) / 1_000.0;
    let chi: f64 = firsts.iter().map(square).sum();
    assert!(chi < 13.8, "{firsts:?}");
}

#[test]
fn go4f64bfc_s10_a_server_that_falls_silent_at_any_byte_of_its_handshake_is_left_in_time() {
    let answer = response(Some(false));
    for split in 0..answer.len() {
        let mut pair = Pair::new(config());
        pair.server.handshake = Handshake::Silence;
        pair.run_until(|pair| !pair.batches.is_empty());
        pair.server_sends_soon(answer[..split].to_vec());
        pair.run_until(|pair| pair.dials.len() == 2);
        assert_eq!(pair.now - pair.dials[0].0, TIMEOUT / 3, "after {split}");
        assert_eq!(pair.session.state(), SessionState::Connecting);
    }
}

#[test]
fn zk4921_a_client_that_never_had_a_session_does_not_give_up() {
    let mut config = config();
    config.local_expiry = true;
    let mut pair = Pair::new(config);
    pair.server.accepts = false;
    pair.run_for(TIMEOUT * 20);
    assert_eq!(pair.session.state(), SessionState::Connecting);
    pair.server.accepts = true;
    pair.run_until(|pair| pair.session.state().is_connected());
}

#[test]
fn rs0e4e201_an_expiry_is_not_put_off_by_a_pause_between_attempts() {
    let mut config = config();
    config.local_expiry = true;
    config.backoff = Backoff::new(Duration::from_secs(3600), Duration::from_secs(3600));
    let mut pair = Pair::connected(config);
    pair.server.accepts = false;
    pair.cut();
    let heard = pair.session.last_heard().unwrap();
    pair.run_until(|pair| pair.session.state().is_terminal());
    assert_eq!(pair.session.state(), SessionState::Expired);
    assert_eq!(pair.now - heard, TIMEOUT * 4 / 3);
}

#[test]
fn s5_a_request_parked_behind_credentials_outlives_the_connection() {
    let mut config = config();
    config.auth = vec![credential("alice")];
    let mut pair = Pair::new(config);
    pair.server.on(is_auth, 0, Reaction::CutBefore);
    let parked = pair.submit(set("/a"));
    pair.run_until(|pair| pair.dials.len() == 2);
    assert_eq!(pair.outcome(parked), None);
    pair.run_until(|pair| pair.session.state().is_connected());
    pair.settle();
    let sent = pair.received(|request| *request == set("/a")).len();
    assert!(pair.outcome(parked).is_some());
    assert_eq!(sent, 1);
}

#[test]
fn zk800_zk1108_credentials_are_taken_in_every_living_state_and_refused_after_the_end() {
    let mut pair = Pair::new(config());
    let early = pair
        .session
        .add_auth(pair.now, credential("early"))
        .unwrap();
    pair.run_until(|pair| pair.session.state().is_connected());
    let several = ["a", "b", "c"].map(|user| {
        let id = pair.session.add_auth(pair.now, credential(user)).unwrap();
        pair.pump();
        id
    });
    pair.settle();
    pair.server.accepts = false;
    pair.cut();
    let away = pair.session.add_auth(pair.now, credential("away")).unwrap();
    pair.server.accepts = true;
    pair.run_until(|pair| pair.session.state().is_connected());
    pair.settle();
    for id in several.into_iter().chain([early, away]) {
        assert!(is_answered(&pair, id), "{:?}", pair.outcome(id));
    }
    pair.session.close(pair.now);
    assert!(pair.session.add_auth(pair.now, credential("late")).is_err());
    pair.pump();
    pair.run_until(|pair| pair.session.state().is_terminal());
    assert!(pair.session.add_auth(pair.now, credential("late")).is_err());
}

#[test]
fn zk3253_b37_s9_requests_and_pings_go_on_when_the_xids_are_used_up() {
    let ticket = SessionTicket::new(
        SessionId::from_raw(0x100_0000_0000_0001),
        Password::new(Bytes::from_static(b"sixteen bytes pw")),
        i32::MAX - 2,
        Zxid::from_raw(1),
        TIMEOUT,
    );
    let now = Moment::from_nanos(1_000_000_000);
    let session = Session::resume(config(), ticket, now, 1);
    let mut pair = Pair::with_session(session, TIMEOUT);
    pair.run_until(|pair| pair.session.state().is_connected());
    let ids: Vec<_> = (0..10).map(|_| pair.submit(get("/missing"))).collect();
    pair.settle();
    pair.run_for(TIMEOUT);
    ids.iter()
        .for_each(|id| assert!(pair.outcome(*id).is_some()));
    let mut xids: Vec<_> = pair.server.requests().map(|request| request.xid).collect();
    assert_eq!(xids[..4], [i32::MAX - 2, i32::MAX - 1, i32::MAX, 1]);
    assert!(xids.iter().all(|xid| *xid > 0), "{xids:?}");
    xids.sort_unstable();
    xids.dedup();
    assert_eq!(xids.len(), 10);
    assert_eq!(pair.dials.len(), 1);
    let pings = pair.received(|request| *request == Request::Ping).len();
    assert_eq!(pings, 3);
}

#[test]
fn b24_a_session_that_was_left_open_goes_on_elsewhere_with_its_nodes() {
    let mut first = Pair::usual();
    first.submit(create("/e", CreateMode::Ephemeral));
    first.settle();
    let ticket = first.session.ticket().unwrap();
    first.cut();
    let session = Session::resume(config(), ticket, first.now, 2);
    let mut second = Pair::with_session(session, TIMEOUT);
    // One ensemble for both; the first is gone without a close.
    second.server = first.server;
    second.run_until(|pair| pair.session.state().is_connected());
    let found = second.submit(get("/e"));
    second.settle();
    assert!(is_answered(&second, found));
    assert_eq!(second.session.session_id(), first.session.session_id());
    second.session.close(second.now);
    second.pump();
    second.run_until(|pair| pair.session.state().is_terminal());
    assert!(second.server.nodes.is_empty());
}

#[test]
fn b22_a_resumed_session_that_is_gone_has_expired_and_is_not_replaced_in_silence() {
    let ticket = Pair::usual().session.ticket().unwrap();
    let now = Moment::from_nanos(1_000_000_000);
    let mut pair = Pair::with_session(Session::resume(config(), ticket, now, 2), TIMEOUT);
    pair.server.handshake = Handshake::Expired;
    let queued = pair.submit(get("/a"));
    pair.run_until(|pair| pair.session.state().is_terminal());
    assert_eq!(pair.states(), [SessionState::Expired]);
    assert_eq!(
        pair.outcome(queued).and_then(Outcome::fate),
        Some(Fate::NotApplied)
    );
}
