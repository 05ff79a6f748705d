//! SASL with DIGEST-MD5, as the JAAS section of a server sets it up.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;
use zk_wire::sasl::{Challenge, SERVER_NAME, verify};
use zk_wire::{ErrorCode, Response};

use super::conn::ConnKey;
use super::server::ServerCore;

/// The users that a server knows by SASL, with their passwords. `Debug` shows the names alone.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SaslUsers(BTreeMap<String, String>);

impl SaslUsers {
    /// Adds a user, or gives one another password.
    pub fn add(&mut self, user: impl Into<String>, password: impl Into<String>) {
        self.0.insert(user.into(), password.into());
    }

    /// Whether there is none: then the server does not speak SASL.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for SaslUsers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl ServerCore {
    /// Gives a user this password from now on, or makes it one.
    pub fn set_sasl_password(&mut self, user: &str, password: &str) {
        self.config.sasl_users.add(user, password);
    }

    /// One step of the exchange.
    pub(super) fn sasl_step(&mut self, key: ConnKey, token: &[u8]) -> Result<Response, ErrorCode> {
        let users = &self.config.sasl_users;
        let Some(conn) = self.conns.get_mut(&key).filter(|_| !users.is_empty()) else {
            // A server without SASL answers with nothing, and no error.
            return Ok(Response::Token(None));
        };
        if token.is_empty() {
            // Never the same twice, which is all that a server for development needs.
            let nonce = format!("{:x}-{:x}", self.config.session_epoch_ms, key.as_raw());
            let challenge = Challenge::new(SERVER_NAME, nonce);
            let message = Bytes::from(challenge.message());
            conn.challenge = Some(challenge);
            return Ok(Response::Token(Some(message)));
        }
        let challenge = conn.challenge.take().ok_or(ErrorCode::AuthFailed)?;
        let password_of = |user: &str| users.0.get(user).map(String::as_str);
        let (user, proof) = verify(&challenge, token, password_of).ok_or(ErrorCode::AuthFailed)?;
        std::sync::Arc::make_mut(&mut conn.identities).prove("sasl", user);
        Ok(Response::Token(Some(proof.into())))
    }

    /// Whether the connection may not do anything yet.
    pub(super) fn lacks_sasl(&self, key: ConnKey) -> bool {
        self.config.require_sasl
            && self
                .conns
                .get(&key)
                .is_some_and(|conn| !conn.identities.has("sasl"))
    }
}
