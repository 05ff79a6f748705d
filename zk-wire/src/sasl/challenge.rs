//! The client's side: from the server's challenge to the answer, and to what the server must answer then.

use std::fmt;

use md5::{Digest as _, Md5};
use thiserror::Error;

use super::DIGEST_URI;
use super::digest::{COUNT, Exchange, PROTECTION, equal, hex};
use super::directives::{Directives, quoted};

/// What a server begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    realm: String,
    nonce: String,
    utf8: bool,
}

/// Why a challenge cannot be answered.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ChallengeError {
    /// It is no message of DIGEST-MD5.
    #[error("its challenge is malformed: {0}")]
    Malformed(&'static str),
    /// It asks for what this client does not do.
    #[error("its challenge wants {0}, which this client does not do")]
    Unsupported(&'static str),
}

impl Challenge {
    /// A challenge of a server, whose nonce must be new each time.
    #[must_use]
    pub fn new(realm: impl Into<String>, nonce: impl Into<String>) -> Self {
        Self {
            realm: realm.into(),
            nonce: nonce.into(),
            utf8: true,
        }
    }

    /// Reads a server's first message.
    ///
    /// # Errors
    ///
    /// [`ChallengeError`], whatever the bytes are.
    pub fn parse(message: &[u8]) -> Result<Self, ChallengeError> {
        let malformed = ChallengeError::Malformed;
        let found = Directives::parse(message).map_err(malformed)?;
        let nonce = found.once("nonce").map_err(malformed)?;
        let nonce = nonce.ok_or_else(|| malformed("there is no nonce"))?;
        if nonce.is_empty() {
            return Err(malformed("the nonce is empty"));
        }
        let algorithm = found.once("algorithm").map_err(malformed)?;
        match algorithm {
            Some(algorithm) if algorithm.eq_ignore_ascii_case("md5-sess") => {}
            Some(_) => return Err(ChallengeError::Unsupported("another algorithm")),
            None => return Err(malformed("there is no algorithm")),
        }
        let protections = found.once("qop").map_err(malformed)?;
        let offers = |offered: &str| offered.split(',').any(|one| one.trim() == PROTECTION);
        if !protections.is_none_or(offers) {
            return Err(ChallengeError::Unsupported(
                "the connection protected by SASL",
            ));
        }
        let charset = found.once("charset").map_err(malformed)?;
        Ok(Self {
            realm: found.get("realm").unwrap_or_default().to_owned(),
            nonce: nonce.to_owned(),
            utf8: charset.is_some_and(|charset| charset.eq_ignore_ascii_case("utf-8")),
        })
    }

    /// The message.
    #[must_use]
    pub fn message(&self) -> String {
        let (realm, nonce) = (quoted(&self.realm), quoted(&self.nonce));
        let charset = if self.utf8 { "charset=utf-8," } else { "" };
        format!("realm={realm},nonce={nonce},{charset}algorithm=md5-sess")
    }

    /// The client's answer, and the proof that the server owes it. `cnonce` must be new each time and known to nobody
    /// before.
    #[must_use]
    pub fn answer(&self, user: &str, password: &str, cnonce: &str) -> (String, Proof) {
        let exchange = self.exchange(user, password, cnonce);
        let charset = if self.utf8 { "charset=utf-8," } else { "" };
        let realm = if self.realm.is_empty() {
            String::new()
        } else {
            format!("realm={},", quoted(&self.realm))
        };
        let message = format!(
            "{charset}username={},{realm}nonce={},nc={COUNT},cnonce={},digest-uri=\"{DIGEST_URI}\",maxbuf=65536,response={},qop={PROTECTION}",
            quoted(user),
            quoted(&self.nonce),
            quoted(cnonce),
            exchange.response(),
        );
        (message, Proof(exchange.proof()))
    }

    /// A text that nobody can foresee who does not know `chance`, nor learn it from.
    #[must_use]
    pub fn cnonce(&self, chance: u64) -> String {
        hex(Md5::new_with_prefix(format!(
            "{chance:016x}:{}",
            self.nonce
        )))
    }

    pub(super) fn exchange<'a>(
        &'a self,
        user: &'a str,
        password: &'a str,
        cnonce: &'a str,
    ) -> Exchange<'a> {
        Exchange {
            user,
            password,
            realm: &self.realm,
            nonce: &self.nonce,
            cnonce,
            uri: DIGEST_URI,
            utf8: self.utf8,
        }
    }

    pub(super) fn nonce(&self) -> &str {
        &self.nonce
    }

    pub(super) fn realm(&self) -> &str {
        &self.realm
    }
}

/// What only a server can say that knows the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Proof(String);

impl Proof {
    /// Whether the server's last message is it.
    #[must_use]
    pub fn is(&self, message: &[u8]) -> bool {
        Directives::parse(message).is_ok_and(|found| {
            found
                .get("rspauth")
                .is_some_and(|rspauth| equal(rspauth.as_bytes(), self.0.as_bytes()))
        })
    }

    pub(super) fn message(&self) -> String {
        format!("rspauth={}", self.0)
    }

    pub(super) const fn from_hash(hash: String) -> Self {
        Self(hash)
    }
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proof(<redacted>)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As ZooKeeper 3.9.3 sends it.
    const REAL: &[u8] =
        b"realm=\"zk-sasl-md5\",nonce=\"OA6MG9tEQGm2hh\",charset=utf-8,algorithm=md5-sess";

    #[test]
    fn a_challenge_is_read_as_it_is_written() {
        let challenge = Challenge::parse(REAL).unwrap();
        assert_eq!(challenge, Challenge::new("zk-sasl-md5", "OA6MG9tEQGm2hh"));
        assert_eq!(challenge.message().as_bytes(), REAL);
    }

    #[test]
    fn the_answer_names_the_user_and_hides_the_password() {
        let challenge = Challenge::parse(REAL).unwrap();
        let (answer, proof) = challenge.answer("a\"b", "secret", "OA6MHXh6VqTrRk");
        assert!(
            answer.contains("username=\"a\\\"b\",realm=\"zk-sasl-md5\""),
            "{answer}"
        );
        assert!(!answer.contains("secret"), "{answer}");
        assert_eq!(format!("{proof:?}"), "Proof(<redacted>)");
        assert!(proof.is(proof.message().as_bytes()));
        assert!(!proof.is(b"rspauth=0"));
        assert!(!proof.is(b""));
    }

    #[test]
    fn a_challenge_that_cannot_be_answered_says_why() {
        let malformed = [
            &b""[..],
            b"\x00\x01",
            b"realm=x,algorithm=md5-sess",
            b"nonce=\"\",algorithm=md5-sess",
            b"nonce=a,nonce=b,algorithm=md5-sess",
            b"nonce=a",
        ];
        for message in malformed {
            let error = Challenge::parse(message).unwrap_err();
            assert!(matches!(error, ChallengeError::Malformed(_)), "{error}");
        }
        for message in [
            &b"nonce=a,algorithm=md5"[..],
            b"nonce=a,algorithm=md5-sess,qop=\"auth-int,auth-conf\"",
        ] {
            let error = Challenge::parse(message).unwrap_err();
            assert!(matches!(error, ChallengeError::Unsupported(_)), "{error}");
        }
        let both = b"nonce=a,algorithm=md5-sess,qop=\"auth-int, auth\"";
        assert!(Challenge::parse(both).is_ok());
    }
}
