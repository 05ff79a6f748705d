//! The error codes of replies.

use std::fmt;

macro_rules! error_codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $raw:literal, $text:literal;)+) => {
        /// Why a server refused a request, or why a client of ZooKeeper gave up on one.
        ///
        /// Everything ZooKeeper's own server and clients define is here, including codes that never
        /// travel. Codes unknown to this table arrive as [`ErrorCode::Other`] and are no protocol error.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $($(#[doc = $doc])+ $name,)+
            /// A code outside the table.
            Other(i32),
        }

        impl ErrorCode {
            /// Every code of the table.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The meaning of a header's `err`: `None` is success (0).
            #[must_use]
            pub const fn from_raw(raw: i32) -> Option<Self> {
                match raw {
                    0 => None,
                    $($raw => Some(Self::$name),)+
                    other => Some(Self::Other(other)),
                }
            }

            /// The number on the wire.
            #[must_use]
            pub const fn raw(self) -> i32 {
                match self {
                    $(Self::$name => $raw,)+
                    Self::Other(raw) => raw,
                }
            }

            /// The short name, such as `NoNode`; `Unknown` outside the table.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                    Self::Other(_) => "Unknown",
                }
            }

            const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                    Self::Other(_) => "unknown error",
                }
            }
        }
    };
}

error_codes! {
    /// Marks the range of system errors; otherwise client side.
    SystemError = -1, "system error";
    /// An operation of a failed multi that comes after the one that failed.
    RuntimeInconsistency = -2, "not tried because an earlier operation failed";
    /// Never sent.
    DataInconsistency = -3, "data inconsistency";
    /// Client side: the connection broke before the answer came.
    ConnectionLoss = -4, "connection lost";
    /// The server could not decode the request, or failed unexpectedly while executing it.
    MarshallingError = -5, "the server could not decode or execute the request";
    /// The server does not know the operation, or has it switched off.
    Unimplemented = -6, "the server does not implement the operation";
    /// Client side: no answer in time.
    OperationTimeout = -7, "operation timed out";
    /// A malformed path, flag or other argument.
    BadArguments = -8, "bad arguments";
    /// C client: the handle is in no state for the call.
    InvalidState = -9, "invalid state";
    /// The server does not know the session; leaks out in a race only.
    UnknownSession = -12, "unknown session";
    /// A reconfiguration without a connected quorum in the new configuration.
    NewConfigNoQuorum = -13, "no quorum of the new configuration is connected";
    /// Another reconfiguration is under way.
    ReconfigInProgress = -14, "a reconfiguration is in progress";
    /// C client: TLS could not be established.
    SslConnectionError = -15, "TLS connection error";
    /// Marks the range of errors of the data tree.
    ApiError = -100, "API error";
    /// The node, or the parent of the node to be created, does not exist.
    NoNode = -101, "no such node";
    /// The node's ACL does not permit the operation to this connection.
    NoAuth = -102, "not permitted";
    /// The node has another version than expected.
    BadVersion = -103, "version mismatch";
    /// The parent of the node to be created is ephemeral.
    NoChildrenForEphemerals = -108, "ephemeral nodes cannot have children";
    /// The node to be created exists.
    NodeExists = -110, "the node exists";
    /// The node to be deleted has children.
    NotEmpty = -111, "the node has children";
    /// The session has expired or is being closed.
    SessionExpired = -112, "session expired";
    /// Never sent.
    InvalidCallback = -113, "invalid callback";
    /// The ACL is empty or has an entry the server cannot accept.
    InvalidAcl = -114, "invalid ACL";
    /// The credential was refused; the server closes the connection.
    AuthFailed = -115, "authentication failed";
    /// C client: the handle is being closed.
    Closing = -116, "closing";
    /// C client: nothing to process, not an error.
    Nothing = -117, "nothing to do";
    /// The session went to another server; today's servers close the connection instead.
    SessionMoved = -118, "the session moved to another server";
    /// A write sent to a server in read-only mode.
    NotReadOnly = -119, "the server is read-only";
    /// An ephemeral node for a session that only its own server knows.
    EphemeralOnLocalSession = -120, "local sessions cannot have ephemeral nodes";
    /// The watch to be checked or removed does not exist.
    NoWatcher = -121, "no such watch";
    /// Java client: no answer within the request time-out.
    RequestTimeout = -122, "request timed out";
    /// Reconfiguration is switched off.
    ReconfigDisabled = -123, "reconfiguration is disabled";
    /// The server demands authentication first; it closes the connection.
    SessionClosedRequireSaslAuth = -124, "the server requires authentication";
    /// A hard quota would be exceeded.
    QuotaExceeded = -125, "quota exceeded";
    /// The server is throttling; the operation had no effect.
    ThrottledOp = -127, "throttled by the server";
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} {})", self.text(), self.name(), self.raw())
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.name(), self.raw())
    }
}

impl std::error::Error for ErrorCode {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_survives_the_wire_and_zero_is_success() {
        for &code in ErrorCode::ALL {
            assert_eq!(ErrorCode::from_raw(code.raw()), Some(code));
        }
        assert_eq!(ErrorCode::from_raw(0), None);
    }

    #[test]
    fn an_unknown_code_is_surfaced_with_its_number() {
        let code = ErrorCode::from_raw(-126).unwrap();
        assert_eq!(code, ErrorCode::Other(-126));
        assert_eq!(code.to_string(), "unknown error (Unknown -126)");
    }
}
