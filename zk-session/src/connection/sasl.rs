//! The exchange of SASL, and how far the current connection is with it.

use bytes::Bytes;
use zk_wire::sasl::{Challenge, ChallengeError, Proof};

use crate::config::DigestMd5;
use crate::connection::rng::Rng;
use crate::state::AuthFailure;

/// DIGEST-MD5, begun anew on each connection: what is left of another one's exchange would be refused
/// (ZOOKEEPER-2775).
#[derive(Debug)]
pub(crate) struct Sasl {
    user: Option<DigestMd5>,
    step: Step,
    chance: Rng,
}

/// The next thing to happen.
#[derive(Debug)]
enum Step {
    /// We say that we want to begin.
    Begin,
    /// The server sends its challenge.
    Challenge { xid: i32 },
    /// We answer it.
    Answer { token: Token, proof: Proof },
    /// The server proves itself.
    Proof { xid: i32, proof: Proof },
    /// Nothing: both sides are who they say they are.
    Done,
}

/// Bytes that must not reach a log.
struct Token(Bytes);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<redacted>")
    }
}

/// Why the exchange ends without success.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failed {
    /// Authentication failed, for good.
    Auth(AuthFailure),
    /// The server broke the protocol; another one may not.
    Protocol(String),
}

impl Sasl {
    pub(crate) fn new(user: Option<DigestMd5>, seed: u64) -> Self {
        // A stream of its own: the order of servers, which can be seen from outside, comes from the seed, too.
        let chance = Rng::new(seed.rotate_left(32) ^ 0x5a51_5a51_5a51_5a51);
        let mut sasl = Self {
            user,
            step: Step::Done,
            chance,
        };
        sasl.start_over();
        sasl
    }

    /// There is another connection now, or none.
    pub(crate) fn start_over(&mut self) {
        self.step = match self.user {
            Some(_) => Step::Begin,
            None => Step::Done,
        };
    }

    /// Whether anything else may be sent.
    pub(crate) const fn is_done(&self) -> bool {
        matches!(self.step, Step::Done)
    }

    /// The token to send now, and from now on waits for the reply to it.
    pub(crate) fn next_to_send(&mut self, take_xid: impl FnOnce() -> i32) -> Option<(i32, Bytes)> {
        match std::mem::replace(&mut self.step, Step::Done) {
            Step::Begin => {
                let xid = take_xid();
                self.step = Step::Challenge { xid };
                // Empty, and not null: servers refuse an initial response (JDK-6682540).
                Some((xid, Bytes::new()))
            }
            Step::Answer { token, proof } => {
                let xid = take_xid();
                self.step = Step::Proof { xid, proof };
                Some((xid, token.0))
            }
            other => {
                self.step = other;
                None
            }
        }
    }

    /// Whether the exchange waits for the reply with this xid.
    pub(crate) const fn expects(&self, replied: i32) -> bool {
        match self.step {
            Step::Challenge { xid } | Step::Proof { xid, .. } => xid == replied,
            Step::Begin | Step::Answer { .. } | Step::Done => false,
        }
    }

    /// The reply that was waited for. `token` is `None` if the server sent null.
    pub(crate) fn replied(&mut self, token: Option<&[u8]>) -> Result<(), Failed> {
        let Some(user) = &self.user else {
            return Ok(());
        };
        match std::mem::replace(&mut self.step, Step::Done) {
            Step::Challenge { .. } => {
                let Some(token) = token.filter(|token| !token.is_empty()) else {
                    return Err(Failed::Auth(AuthFailure::NoSasl));
                };
                let challenge = Challenge::parse(token).map_err(|error| match error {
                    ChallengeError::Unsupported(what) => {
                        Failed::Auth(AuthFailure::Unsupported(what))
                    }
                    error => Failed::Protocol(format!("SASL: {error}")),
                })?;
                let cnonce = challenge.cnonce(self.chance.next());
                let (answer, proof) = challenge.answer(user.user(), user.password(), &cnonce);
                let token = Token(answer.into());
                self.step = Step::Answer { token, proof };
                Ok(())
            }
            Step::Proof { proof, .. } if proof.is(token.unwrap_or_default()) => Ok(()),
            Step::Proof { .. } => Err(Failed::Auth(AuthFailure::Unproven)),
            other => {
                self.step = other;
                Ok(())
            }
        }
    }
}
