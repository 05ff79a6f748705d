//! SASL with DIGEST-MD5, as the JAAS section of a server sets it up.

use bytes::Bytes;
use zk_wire::sasl::{Challenge, SERVER_NAME, verify};
use zk_wire::{ErrorCode, Response};

use super::conn::ConnKey;
use super::server::ServerCore;

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
        let password_of = |user: &str| users.password_of(user);
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
