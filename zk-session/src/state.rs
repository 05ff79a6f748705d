//! The states of a session and the reasons it ends.

use std::time::Duration;

use thiserror::Error;
use zk_wire::{Moment, SessionId};

use crate::ids::ServerId;

/// Where a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "every caller has to decide about each state"
)]
pub enum SessionState {
    /// No server has accepted the session yet.
    Connecting,
    /// Attached to a server, all credentials accepted.
    Connected {
        /// The server cannot write.
        read_only: bool,
    },
    /// Was connected and is not: the session may live or be gone.
    Suspended {
        /// When the connection was lost.
        since: Moment,
    },
    /// The session is gone, with its ephemeral nodes. Terminal.
    Expired,
    /// A server refused a credential. Terminal.
    AuthFailed,
    /// We ended it. Terminal.
    Closed,
}

impl SessionState {
    /// Whether nothing comes after this state.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Expired | Self::AuthFailed | Self::Closed)
    }

    /// Whether requests are being sent.
    #[must_use]
    pub const fn is_connected(self) -> bool {
        matches!(self, Self::Connected { .. })
    }
}

/// How it became known that a session expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ExpiryCause {
    /// A server answered the handshake with no session.
    #[error("the server does not know the session any more")]
    Handshake,
    /// A server answered the handshake with another session than the one presented.
    #[error("the server answered with session {given} in place of {presented}")]
    Substituted {
        /// The session we presented.
        presented: SessionId,
        /// The session we were given.
        given: SessionId,
    },
    /// A request was answered with "session expired".
    #[error("a request was answered with session expired")]
    Reply,
    /// Nothing was heard for 4/3 of the session timeout; only with
    /// [`SessionConfig::local_expiry`](crate::SessionConfig::local_expiry).
    #[error("nothing was heard for {silence:?}")]
    Silence {
        /// How long.
        silence: Duration,
    },
}

/// Why a server and the client do not take each other for who they say they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AuthFailure {
    /// The server refused an auth packet: it does not know the scheme.
    #[error("the server refused the credentials")]
    Credential,
    /// The server refused the user of SASL, or the password.
    #[error("the server refused the user of SASL")]
    Sasl,
    /// The server answers SASL with nothing: it is not set up for it.
    #[error("the server does not speak SASL")]
    NoSasl,
    /// The server asks for what this client does not do.
    #[error("the server wants {0}, which this client does not do")]
    Unsupported(&'static str),
    /// The server did not prove that it knows the password, too.
    #[error("the server did not prove that it knows the password")]
    Unproven,
    /// The server serves nobody who has not authenticated by SASL.
    #[error("the server requires SASL")]
    Required,
}

/// Why a connection ended, as its driver saw it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{text}")]
pub struct LinkFailure {
    text: String,
    tls: bool,
}

impl LinkFailure {
    /// A failure described by one lower-case clause, such as an I/O error's text.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            tls: false,
        }
    }

    /// The same, of the encryption: it was not agreed on, or the server is not who it should be.
    pub fn of_tls(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            tls: true,
        }
    }

    /// Whether it is about the encryption.
    #[must_use]
    pub const fn is_tls(&self) -> bool {
        self.tls
    }

    /// The description.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// An attempt to reach a server that has neither failed nor succeeded yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// Which server.
    pub server: ServerId,
    /// When it began.
    pub since: Moment,
    /// How far it is.
    pub stage: Stage,
}

/// How far an attempt to reach a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a connection is opened, then encrypted, then used"
)]
pub enum Stage {
    /// There is no connection yet.
    Dialing,
    /// It is open, and both sides agree on how to encrypt.
    Securing,
    /// Only the answer to the handshake is missing.
    Handshake,
}

impl Stage {
    /// What is said of an attempt that is not done after so long.
    #[must_use]
    pub fn overdue(self, after: Duration) -> String {
        let after = after.as_secs_f64();
        match self {
            Self::Dialing => {
                format!("no connection within {after:.1} s (packets may be dropped on the way)")
            }
            Self::Securing => {
                format!("connected, but the TLS handshake was not done within {after:.1} s")
            }
            Self::Handshake => {
                format!("connected, but it did not answer the handshake within {after:.1} s")
            }
        }
    }
}

/// The last thing that went wrong with one server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerFailure {
    /// When.
    pub at: Moment,
    /// What, as one lower-case clause.
    pub text: String,
    /// How many attempts failed since this server last completed a handshake.
    pub attempts: u32,
    /// Whether it is about the encryption: the server is not who it should be, or the two do not agree.
    pub tls: bool,
}

impl ServerFailure {
    pub(crate) const fn new(at: Moment, text: String, attempts: u32) -> Self {
        Self {
            at,
            text,
            attempts,
            tls: false,
        }
    }
}
