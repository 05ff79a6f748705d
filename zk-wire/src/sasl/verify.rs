//! The server's side.

use super::DIGEST_URI;
use super::challenge::{Challenge, Proof};
use super::digest::{COUNT, PROTECTION, equal};
use super::directives::Directives;

/// Judges a client's answer to a challenge: the user it has proven to be, and the server's own proof to send.
///
/// `None` if it has proven nothing.
pub fn verify<'a>(
    challenge: &Challenge,
    answer: &[u8],
    password_of: impl FnOnce(&str) -> Option<&'a str>,
) -> Option<(String, String)> {
    let found = Directives::parse(answer).ok()?;
    let once = |name| found.once(name).ok().flatten();
    let same = [
        ("realm", challenge.realm()),
        ("nonce", challenge.nonce()),
        ("nc", COUNT),
        ("digest-uri", DIGEST_URI),
        ("qop", PROTECTION),
    ];
    if !same.iter().all(|(name, value)| once(name) == Some(value)) {
        return None;
    }
    let (user, cnonce) = (once("username")?, once("cnonce")?);
    // Nobody acts for somebody else.
    if once("authzid").is_some_and(|other| other != user) {
        return None;
    }
    let exchange = challenge.exchange(user, password_of(user)?, cnonce);
    if !equal(once("response")?.as_bytes(), exchange.response().as_bytes()) {
        return None;
    }
    Some((
        user.to_owned(),
        Proof::from_hash(exchange.proof()).message(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password_of(user: &str) -> Option<&'static str> {
        match user {
            "alice" => Some("wonder land"),
            "zoë" => Some("pässwörd"),
            "Ω" => Some("ωmega"),
            _ => None,
        }
    }

    #[test]
    fn whoever_knows_the_password_is_believed_and_told_so_in_turn() {
        let challenge = Challenge::new("zk-sasl-md5", "n1");
        for user in ["alice", "zoë", "Ω"] {
            let password = password_of(user).unwrap();
            let (answer, proof) = challenge.answer(user, password, "c1");
            let (proven, message) = verify(&challenge, answer.as_bytes(), password_of).unwrap();
            assert_eq!(proven, user);
            assert!(proof.is(message.as_bytes()));
        }
    }

    #[test]
    fn whoever_does_not_is_refused() {
        let challenge = Challenge::new("zk-sasl-md5", "n1");
        let (right, _) = challenge.answer("alice", "wonder land", "c1");
        let (wrong, _) = challenge.answer("alice", "wonderland", "c1");
        let (nobody, _) = challenge.answer("mallory", "wonder land", "c1");
        let (stale, _) = Challenge::new("zk-sasl-md5", "n0").answer("alice", "wonder land", "c1");
        let another = right.replace("username=\"alice\"", "username=\"bob\"");
        let acting = format!("{right},authzid=\"root\"");
        for answer in [wrong, nobody, stale, another, acting, String::new()] {
            assert_eq!(
                verify(&challenge, answer.as_bytes(), password_of),
                None,
                "{answer}"
            );
        }
    }
}
