//! Credentials.

use bytes::Bytes;
use zk_session::{Credential, FailCause, Fate, Outcome, SessionConfig, SessionState};
use zk_wire::{Request, xid};

use crate::pair::{LATENCY, Pair, config, get, get_watched};
use crate::server::Reaction;
use zk_session::WatchKind;

fn with_credentials() -> SessionConfig {
    let mut config = config();
    config.auth = vec![
        Credential::new("digest", Bytes::from_static(b"alice:secret")),
        Credential::new("digest", Bytes::from_static(b"bob:secret")),
    ];
    config
}

fn is_auth(request: &Request) -> bool {
    matches!(request, Request::Auth { .. })
}

#[test]
fn credentials_are_accepted_before_anything_else_is_sent() {
    let mut pair = Pair::new(with_credentials());
    pair.server.on(
        is_auth,
        1,
        Reaction::Delay(std::time::Duration::from_millis(100)),
    );
    let id = pair.submit(get("/a"));
    pair.run_until(|pair| pair.received(is_auth).len() == 2);
    pair.run_for(std::time::Duration::from_millis(100));
    assert_eq!(pair.states(), [], "one is not accepted yet");
    assert_eq!(pair.server.log.len(), 2);
    pair.settle();
    assert!(pair.outcome(id).is_some());
    let xids: Vec<_> = pair
        .server
        .log
        .iter()
        .map(|received| received.xid)
        .collect();
    assert_eq!(xids, [xid::AUTH, xid::AUTH, 1]);
}

#[test]
fn zk204_go03a78d2_after_a_reconnect_come_credentials_then_watches_then_requests() {
    let mut pair = Pair::connected(with_credentials());
    pair.server
        .nodes
        .insert("/w".to_owned(), crate::server::Node { owner: 0, czxid: 1 });
    pair.watch(get_watched("/w"), WatchKind::Data);
    let before = pair.server.log.len();
    pair.cut();
    pair.submit(get("/a"));
    pair.run_until(|pair| pair.session.state().is_connected());
    pair.settle();
    let kinds: Vec<_> = pair.server.log[before..]
        .iter()
        .map(|received| received.request.op_code().name())
        .collect();
    assert_eq!(kinds, ["auth", "auth", "setWatches", "getData"]);
}

#[test]
fn god0e0d8e_rs45_a_refused_credential_ends_the_session() {
    let mut pair = Pair::new(with_credentials());
    pair.server.on(is_auth, 1, Reaction::RefuseAndClose(-115));
    let queued = pair.submit(get("/a"));
    let begun = pair.now;
    pair.run_until(|pair| pair.session.state().is_terminal());
    assert_eq!(pair.states(), [SessionState::AuthFailed]);
    // The way there, the handshake and the credentials.
    assert_eq!(pair.now - begun, LATENCY * 5);
    pair.run_for(std::time::Duration::from_secs(3600));
    assert_eq!(pair.dials.len(), 1, "nobody tries again");
    let failed = Outcome::Failed {
        cause: FailCause::AuthFailed,
        fate: Fate::NotApplied,
    };
    assert_eq!(pair.outcome(queued), Some(&failed));
}

#[test]
fn a_credential_added_later_is_presented_at_once_and_on_every_later_connection() {
    let mut pair = Pair::usual();
    let carol = || Credential::new("digest", Bytes::from_static(b"carol:secret"));
    let id = pair.session.add_auth(pair.now, carol()).unwrap();
    pair.pump();
    pair.settle();
    assert!(matches!(
        pair.outcome(id),
        Some(Outcome::Reply { result: Ok(_), .. })
    ));
    let again = pair.session.add_auth(pair.now, carol()).unwrap();
    pair.pump();
    assert!(pair.outcome(again).is_some(), "known already");
    assert_eq!(pair.received(is_auth).len(), 1);
    pair.reconnect();
    pair.settle();
    assert_eq!(pair.received(is_auth).len(), 2);
    assert_eq!(pair.states().len(), 3);
}

#[test]
fn whoever_waits_for_a_credential_survives_a_lost_connection() {
    let mut pair = Pair::usual();
    pair.server.on(is_auth, 0, Reaction::CutBefore);
    let credential = Credential::new("digest", Bytes::from_static(b"carol:secret"));
    let id = pair.session.add_auth(pair.now, credential).unwrap();
    pair.pump();
    pair.run_until(|pair| pair.outcome(id).is_some());
    assert!(matches!(
        pair.outcome(id),
        Some(Outcome::Reply { result: Ok(_), .. })
    ));
}

#[test]
fn secrets_stay_out_of_debug_output() {
    let shown = format!("{:?}", Pair::connected(with_credentials()).session);
    assert!(
        shown.contains("digest") && !shown.contains("secret"),
        "{shown}"
    );
    assert!(!shown.contains("sixteen bytes"), "{shown}");
}
