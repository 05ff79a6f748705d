//! The hashes of DIGEST-MD5.

use std::fmt::Write as _;

use md5::{Digest as _, Md5};

/// The count of uses of a nonce: each is used once.
pub(super) const COUNT: &str = "00000001";

/// The only protection that is asked for: none but the proof of who one is.
pub(super) const PROTECTION: &str = "auth";

/// What both sides know at the end.
#[derive(Clone, Copy)]
pub(super) struct Exchange<'a> {
    pub(super) user: &'a str,
    pub(super) password: &'a str,
    pub(super) realm: &'a str,
    pub(super) nonce: &'a str,
    pub(super) cnonce: &'a str,
    pub(super) uri: &'a str,
    pub(super) utf8: bool,
}

impl Exchange<'_> {
    /// What the client proves itself with.
    pub(super) fn response(&self) -> String {
        self.hash("AUTHENTICATE")
    }

    /// What the server proves itself with.
    pub(super) fn proof(&self) -> String {
        self.hash("")
    }

    fn hash(&self, method: &str) -> String {
        let mut secret = Md5::new();
        secret.update(self.bytes(self.user));
        secret.update(b":");
        secret.update(self.bytes(self.realm));
        secret.update(b":");
        secret.update(self.bytes(self.password));
        let mut session = Md5::new();
        session.update(secret.finalize());
        session.update(format!(":{}:{}", self.nonce, self.cnonce));
        let session = hex(session);
        let action = hex(Md5::new_with_prefix(format!("{method}:{}", self.uri)));
        hex(Md5::new_with_prefix(format!(
            "{session}:{}:{COUNT}:{}:{PROTECTION}:{action}",
            self.nonce, self.cnonce
        )))
    }

    /// Latin-1 wherever it can say it, UTF-8 where it cannot (RFC 2831 §2.1.2.1).
    fn bytes(&self, text: &str) -> Vec<u8> {
        let latin: Option<Vec<u8>> = text.chars().map(|char| u8::try_from(char).ok()).collect();
        latin.unwrap_or_else(|| {
            if self.utf8 {
                text.as_bytes().to_vec()
            } else {
                // What Java does with a character that an encoding lacks. Such a user is refused.
                let known = |char| u8::try_from(char).unwrap_or(b'?');
                text.chars().map(known).collect()
            }
        })
    }
}

/// Thirty-two digits.
pub(super) fn hex(hash: Md5) -> String {
    let mut text = String::with_capacity(32);
    for byte in hash.finalize() {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Compares in a time that depends on the lengths alone.
pub(super) fn equal(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .fold(0, |differing, (a, b)| differing | (a ^ b))
            == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 2831 §4.
    #[test]
    fn the_hashes_are_those_of_the_rfc() {
        let exchange = Exchange {
            user: "chris",
            password: "secret",
            realm: "elwood.innosoft.com",
            nonce: "OA6MG9tEQGm2hh",
            cnonce: "OA6MHXh6VqTrRk",
            uri: "imap/elwood.innosoft.com",
            utf8: true,
        };
        assert_eq!(exchange.response(), "d388dad90d4bbd760a152321f2143af7");
        assert_eq!(exchange.proof(), "ea40f60335c427b5527b84dbabcdfffd");
    }

    #[test]
    fn only_equal_bytes_are_equal() {
        assert!(equal(b"ab", b"ab"));
        assert!(!equal(b"ab", b"ac") && !equal(b"ab", b"a"));
    }
}
