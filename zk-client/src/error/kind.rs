//! The kinds of errors, in the one table that every language takes them from.

use zk_session::FailCause;
use zk_wire::ErrorCode;

/// What a caller may do after an [`Error`](crate::Error).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RetryAdvice {
    /// The same call will fail again.
    Never,
    /// The same call may succeed; nothing was applied.
    SameSession,
    /// The same call may succeed in a new session.
    NewSession,
    /// First find out whether the request took effect.
    AfterSettling,
}

macro_rules! error_kinds {
    ($($(#[doc = $doc:literal])* $kind:ident = $number:literal, $python:ident, $retry:ident;)*) => {
        /// What kind of failure an [`Error`](crate::Error) is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorKind {
            $($(#[doc = $doc])* $kind,)*
        }

        impl ErrorKind {
            /// Every kind, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$kind),*];

            /// The kind's number: ZooKeeper's own (negative) where the server has one, else ours. Stable, never
            /// reused; the status code of the C binding.
            #[must_use]
            pub const fn number(self) -> i32 {
                match self {
                    $(Self::$kind => $number,)*
                }
            }

            /// The kind's name, as in the code.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => stringify!($kind),)*
                }
            }

            /// The exception class of the Python binding.
            #[must_use]
            pub const fn python_class(self) -> &'static str {
                match self {
                    $(Self::$kind => stringify!($python),)*
                }
            }

            /// What the kind means: its documentation.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$kind => concat!($($doc),*).trim_ascii(),)*
                }
            }

            pub(crate) const fn retry(self) -> RetryAdvice {
                match self {
                    $(Self::$kind => RetryAdvice::$retry,)*
                }
            }
        }
    };
}

// Kind = number, Python class, what a caller may do if nothing was applied. Groups: answers of the server below 0
// (1: any other code), connection 10, session 20, set-up 30, caller 40, protocol 50, recipes 100, ours 900.
error_kinds! {
    /// The node, or the parent of a node to create, does not exist.
    NoNode = -101, NoNodeError, Never;
    /// A node to create exists already.
    NodeExists = -110, NodeExistsError, Never;
    /// The node's version is not the expected one.
    BadVersion = -103, BadVersionError, Never;
    /// The node still has children.
    NotEmpty = -111, NotEmptyError, Never;
    /// An ephemeral node cannot have children.
    NoChildrenForEphemerals = -108, NoChildrenForEphemeralsError, Never;
    /// The node's ACL does not allow the operation to this connection.
    NoAuth = -102, NoAuthError, Never;
    /// An ACL is empty or malformed.
    InvalidAcl = -114, InvalidACLError, Never;
    /// A quota would be exceeded.
    QuotaExceeded = -125, QuotaExceededError, Never;
    /// The server is read-only.
    ReadOnlyServer = -119, ReadOnlyServerError, Never;
    /// The server does not know the operation.
    Unimplemented = -6, UnimplementedError, Never;
    /// The server refused the arguments.
    BadArguments = -8, BadArgumentsError, Never;
    /// The server gave up the operation under load.
    Throttled = -127, ThrottledError, SameSession;
    /// The server answered with a code that none of the other kinds names.
    ServerError = 1, ServerError, Never;
    /// The connection broke before the answer arrived.
    ConnectionLost = 10, ConnectionLost, SameSession;
    /// The request's deadline passed.
    TimedOut = 11, RequestTimeout, SameSession;
    /// The session is gone, and with it every ephemeral node and hold.
    SessionExpired = 20, SessionExpired, NewSession;
    /// The server refused the credentials.
    AuthFailed = 21, AuthFailed, Never;
    /// The client was closed.
    Closed = 22, ClientClosed, Never;
    /// No server could be reached in time.
    NoServerReachable = 30, NoServerReachable, SameSession;
    /// The connect string or an option is invalid.
    InvalidConfig = 31, ConfigError, Never;
    /// No server is who it should be, or none agreed on how to encrypt the connection.
    Tls = 32, TlsError, Never;
    /// The path is malformed.
    InvalidPath = 40, InvalidPathError, Never;
    /// A frame is larger than the limit.
    FrameTooLarge = 41, FrameTooLargeError, Never;
    /// Too many requests wait already.
    QueueFull = 42, QueueFullError, SameSession;
    /// The API was used in a way that cannot work.
    Misuse = 43, UsageError, Never;
    /// The server broke the protocol.
    Protocol = 50, ProtocolError, SameSession;
    /// A lock was not acquired in time.
    AcquireTimedOut = 100, AcquireTimeout, SameSession;
    /// A hold ended before it was released.
    LockLost = 101, LockLost, NewSession;
    /// Contenders of different layouts wait in one directory, and neither sees the other.
    MixedContenders = 102, MixedContendersError, Never;
    /// It is not certain any more that a lock is held.
    LockDoubt = 103, LockDoubt, SameSession;
    /// Others wrote first, at each of the attempts that were to be made.
    Contended = 110, ContendedError, SameSession;
    /// What was waited for did not happen in time.
    WaitTimedOut = 111, WaitTimeout, SameSession;
    /// The node holds something else than the recipe stores there.
    Undecodable = 112, UndecodableError, Never;
    /// A cache has a part of its nodes only: the next one is beyond a limit.
    Incomplete = 120, IncompleteError, Never;
    /// A bug of this library.
    Bug = 900, InternalError, Never;
}

impl ErrorKind {
    pub(crate) fn from_code(code: ErrorCode) -> Self {
        match code {
            ErrorCode::NoNode => Self::NoNode,
            ErrorCode::NodeExists => Self::NodeExists,
            ErrorCode::BadVersion => Self::BadVersion,
            ErrorCode::NotEmpty => Self::NotEmpty,
            ErrorCode::NoChildrenForEphemerals => Self::NoChildrenForEphemerals,
            ErrorCode::NoAuth => Self::NoAuth,
            ErrorCode::InvalidAcl => Self::InvalidAcl,
            ErrorCode::QuotaExceeded => Self::QuotaExceeded,
            ErrorCode::NotReadOnly => Self::ReadOnlyServer,
            ErrorCode::Unimplemented => Self::Unimplemented,
            ErrorCode::BadArguments => Self::BadArguments,
            ErrorCode::ThrottledOp => Self::Throttled,
            ErrorCode::SessionExpired => Self::SessionExpired,
            ErrorCode::AuthFailed | ErrorCode::SessionClosedRequireSaslAuth => Self::AuthFailed,
            ErrorCode::ConnectionLoss | ErrorCode::SessionMoved => Self::ConnectionLost,
            _ => Self::ServerError,
        }
    }

    pub(crate) fn from_cause(cause: &FailCause) -> Self {
        match cause {
            FailCause::ConnectionLost => Self::ConnectionLost,
            FailCause::TimedOut => Self::TimedOut,
            FailCause::SessionExpired => Self::SessionExpired,
            FailCause::AuthFailed => Self::AuthFailed,
            FailCause::Closed => Self::Closed,
            FailCause::FrameTooLarge { .. } => Self::FrameTooLarge,
            FailCause::Protocol(_) => Self::Protocol,
            _ => Self::Bug,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn numbers_names_and_classes_are_each_used_once() {
        let unique =
            |texts: Vec<String>| texts.iter().collect::<BTreeSet<_>>().len() == texts.len();
        let all = ErrorKind::ALL;
        assert!(unique(
            all.iter().map(|kind| kind.number().to_string()).collect()
        ));
        assert!(unique(
            all.iter().map(|kind| kind.name().to_owned()).collect()
        ));
        assert!(unique(
            all.iter()
                .map(|kind| kind.python_class().to_owned())
                .collect()
        ));
        assert!(all.iter().all(|kind| kind.number() != 0), "0 is success");
    }

    fn table() -> String {
        let mut text = String::from(
            "# Error kinds\n\n\
             Made from the table in `zk-client/src/error/kind.rs`, and compared with it by a test. The number is the \
             status code\nof the C library and never changes; below 0 it is ZooKeeper's own. The advice is for an error \
             whose fate is *not applied*;\nwith unknown fate *in the same session* becomes *after settling*: first find \
             out whether the request took effect.\n\n\
             | Kind | Number | Python class | Retry | Meaning |\n|---|--:|---|---|---|\n",
        );
        for kind in ErrorKind::ALL {
            let retry = match kind.retry() {
                RetryAdvice::Never => "never as it is",
                RetryAdvice::SameSession => "in the same session",
                RetryAdvice::NewSession => "in a new session",
                RetryAdvice::AfterSettling => "after settling",
            };
            text += &format!(
                "| `{}` | {} | `{}` | {retry} | {} |\n",
                kind.name(),
                kind.number(),
                kind.python_class(),
                kind.meaning()
            );
        }
        text
    }

    #[test]
    fn the_documented_table_is_the_one_in_the_code() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/error-kinds.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(file, table()).unwrap();
        }
        assert_eq!(
            std::fs::read_to_string(file).unwrap_or_default(),
            table(),
            "{file} is stale: UPDATE_DOCS=1 cargo test -p zk-client documented_table"
        );
    }

    #[test]
    fn kinds_of_the_server_keep_its_numbers() {
        for code in ErrorCode::ALL {
            let kind = ErrorKind::from_code(*code);
            if kind.number() < 0 {
                assert_eq!(kind.number(), code.raw());
            }
        }
    }
}
