//! SASL, from the first token to what its users may do.

use bytes::Bytes;
use zk_wire::sasl::{Challenge, Proof};
use zk_wire::{Acl, ClientInfo, ErrorCode, Permissions, Request, Response};

use super::rig::{Peer, Rig, code};
use crate::core::ServerConfig;

fn users(config: &mut ServerConfig) {
    config.sasl_users.add("alice", "wonderland");
}

fn step(rig: &mut Rig, peer: &mut Peer, token: &str) -> Result<Option<Bytes>, ErrorCode> {
    let token = Some(Bytes::copy_from_slice(token.as_bytes()));
    match rig.call(peer, &Request::Sasl { token }) {
        Ok(Response::Token(token)) => Ok(token),
        Ok(other) => panic!("{other:?}"),
        Err(code) => Err(code),
    }
}

/// Begins, and yields the answer to the challenge and what the server owes for it.
fn answer(rig: &mut Rig, peer: &mut Peer, user: &str, password: &str) -> (String, Proof) {
    let challenge = step(rig, peer, "").unwrap().unwrap();
    let challenge = Challenge::parse(&challenge).unwrap();
    challenge.answer(user, password, "c")
}

#[test]
fn a_user_who_knows_the_password_is_who_it_says() {
    let mut rig = Rig::with(users);
    let mut peer = rig.connect();
    let (token, proof) = answer(&mut rig, &mut peer, "alice", "wonderland");
    let proven = step(&mut rig, &mut peer, &token).unwrap().unwrap();
    assert!(proof.is(&proven));
    let Ok(Response::WhoAmI(all)) = rig.call(&mut peer, &Request::WhoAmI) else {
        panic!("nobody");
    };
    let is_alice = |one: &ClientInfo| (&*one.auth_scheme, &*one.user) == ("sasl", "alice");
    assert!(all.iter().any(is_alice), "{all:?}");
}

#[test]
fn a_wrong_password_an_unknown_user_and_a_token_out_of_turn_end_the_connection() {
    for (user, password) in [("alice", "wonder"), ("bob", "wonderland")] {
        let mut rig = Rig::with(users);
        let mut peer = rig.connect();
        let (token, _) = answer(&mut rig, &mut peer, user, password);
        assert_eq!(
            step(&mut rig, &mut peer, &token),
            Err(ErrorCode::AuthFailed)
        );
        assert!(rig.core.poll_closed(peer.key));
    }
    let mut rig = Rig::with(users);
    let mut peer = rig.connect();
    assert_eq!(
        step(&mut rig, &mut peer, "early"),
        Err(ErrorCode::AuthFailed)
    );
    assert!(rig.core.poll_closed(peer.key));
}

#[test]
fn an_answer_serves_once() {
    let mut rig = Rig::with(users);
    let mut peer = rig.connect();
    let (token, _) = answer(&mut rig, &mut peer, "alice", "wonderland");
    step(&mut rig, &mut peer, &token).unwrap();
    let mut other = rig.connect();
    step(&mut rig, &mut other, "").unwrap();
    assert_eq!(
        step(&mut rig, &mut other, &token),
        Err(ErrorCode::AuthFailed)
    );
}

#[test]
fn a_server_that_requires_sasl_serves_nothing_before_it() {
    let required = |config: &mut ServerConfig| {
        users(config);
        config.require_sasl = true;
    };
    for request in [Request::Ping, Request::WhoAmI, Request::CloseSession] {
        let mut rig = Rig::with(required);
        let mut peer = rig.connect();
        let refused = rig.call(&mut peer, &request);
        assert_eq!(code(refused), ErrorCode::SessionClosedRequireSaslAuth);
        assert!(rig.core.poll_closed(peer.key));
    }
    let mut rig = Rig::with(required);
    let mut peer = rig.connect();
    let (token, _) = answer(&mut rig, &mut peer, "alice", "wonderland");
    step(&mut rig, &mut peer, &token).unwrap();
    assert!(rig.call(&mut peer, &Request::WhoAmI).is_ok());
}

#[test]
fn schemes_without_a_provider_are_no_acl() {
    let of_sasl = Acl::new("sasl", "alice", Permissions::ALL);
    let of_x509 = Acl::new("x509", "CN=alice", Permissions::ALL);
    let set = |acl: &Acl| Request::SetAcl {
        path: "/".to_owned(),
        acl: vec![acl.clone(), Acl::open()],
        version: -1,
    };
    let mut rig = Rig::new();
    let mut peer = rig.connect();
    for acl in [&of_sasl, &of_x509] {
        assert_eq!(code(rig.call(&mut peer, &set(acl))), ErrorCode::InvalidAcl);
    }
    let mut rig = Rig::with(|config| {
        users(config);
        config.x509 = true;
    });
    let mut peer = rig.connect();
    for acl in [&of_sasl, &of_x509] {
        assert!(rig.call(&mut peer, &set(acl)).is_ok(), "{acl}");
    }
    for id in ["a@b@c", "a/b/c@R"] {
        let acl = Acl::new("sasl", id, Permissions::ALL);
        assert_eq!(code(rig.call(&mut peer, &set(&acl))), ErrorCode::InvalidAcl);
    }
}

#[test]
fn passwords_stay_out_of_debug_output() {
    let rig = Rig::with(users);
    let shown = format!("{:?}", rig.core);
    assert!(shown.contains("alice") && !shown.contains("wonderland"));
}
