//! The status codes.

/// How a call ended. 0 is success; negative codes are ZooKeeper's own; the others are grouped: connection 10,
/// session 20, set-up 30, caller 40, protocol 50, recipes 100, bugs of this library 900. Codes keep their meaning;
/// new ones may come, so treat an unknown code as a failure.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum zk_status {
    /// Success.
    ZK_OK = 0,
    /// The server answered with a code that none of the others names.
    ZK_ERR_SERVER_ERROR = 1,
    /// The server does not know the operation.
    ZK_ERR_UNIMPLEMENTED = -6,
    /// The server refused the arguments.
    ZK_ERR_BAD_ARGUMENTS = -8,
    /// The node, or the parent of a node to create, does not exist.
    ZK_ERR_NO_NODE = -101,
    /// The node's ACL does not allow the operation to this connection.
    ZK_ERR_NO_AUTH = -102,
    /// The node's version is not the expected one.
    ZK_ERR_BAD_VERSION = -103,
    /// An ephemeral node cannot have children.
    ZK_ERR_NO_CHILDREN_FOR_EPHEMERALS = -108,
    /// A node to create exists already.
    ZK_ERR_NODE_EXISTS = -110,
    /// The node still has children.
    ZK_ERR_NOT_EMPTY = -111,
    /// An ACL is empty or malformed.
    ZK_ERR_INVALID_ACL = -114,
    /// The server is read-only.
    ZK_ERR_READ_ONLY_SERVER = -119,
    /// A quota would be exceeded.
    ZK_ERR_QUOTA_EXCEEDED = -125,
    /// The server gave up the operation under load.
    ZK_ERR_THROTTLED = -127,
    /// The connection broke before the answer arrived.
    ZK_ERR_CONNECTION_LOST = 10,
    /// The deadline passed.
    ZK_ERR_TIMED_OUT = 11,
    /// The operation was cancelled with zk_client_cancel, or its client was freed.
    ZK_ERR_CANCELLED = 19,
    /// The session is gone, and with it every ephemeral node and hold.
    ZK_ERR_SESSION_EXPIRED = 20,
    /// The server refused the credentials.
    ZK_ERR_AUTH_FAILED = 21,
    /// The client was closed.
    ZK_ERR_CLOSED = 22,
    /// No server could be reached in time.
    ZK_ERR_NO_SERVER_REACHABLE = 30,
    /// The connect string or an option is invalid.
    ZK_ERR_INVALID_CONFIG = 31,
    /// No server is who it should be, or none agreed on how to encrypt the connection.
    ZK_ERR_TLS = 32,
    /// The path is malformed.
    ZK_ERR_INVALID_PATH = 40,
    /// A frame is larger than the limit.
    ZK_ERR_FRAME_TOO_LARGE = 41,
    /// Too many requests or completions wait already.
    ZK_ERR_QUEUE_FULL = 42,
    /// The library was used in a way that cannot work.
    ZK_ERR_MISUSE = 43,
    /// A pointer that must not be NULL is.
    ZK_ERR_NULL_ARGUMENT = 46,
    /// A text is not UTF-8.
    ZK_ERR_INVALID_UTF8 = 47,
    /// A handle was freed, is of another type, or never was one.
    ZK_ERR_INVALID_HANDLE = 48,
    /// The library was in use before this process was forked; a child cannot use it.
    ZK_ERR_FORKED = 49,
    /// The server broke the protocol.
    ZK_ERR_PROTOCOL = 50,
    /// A lock was not acquired in time.
    ZK_ERR_ACQUIRE_TIMED_OUT = 100,
    /// A hold ended before it was released.
    ZK_ERR_LOCK_LOST = 101,
    /// Contenders of different layouts wait in one directory, and neither sees the other.
    ZK_ERR_MIXED_CONTENDERS = 102,
    /// It is not certain any more that a lock is held.
    ZK_ERR_LOCK_DOUBT = 103,
    /// Others wrote first, at each of the attempts that were to be made.
    ZK_ERR_CONTENDED = 110,
    /// What was waited for did not happen in time.
    ZK_ERR_WAIT_TIMED_OUT = 111,
    /// The node holds something else than the recipe stores there.
    ZK_ERR_UNDECODABLE = 112,
    /// A cache has a part of its nodes only: the next one is beyond a limit.
    ZK_ERR_INCOMPLETE = 120,
    /// A bug of this library.
    ZK_ERR_BUG = 900,
    /// A bug of this library that was stopped at its border.
    ZK_ERR_PANIC = 901,
}

impl zk_status {
    /// Every code.
    pub(crate) const ALL: &'static [Self] = &[
        Self::ZK_OK,
        Self::ZK_ERR_SERVER_ERROR,
        Self::ZK_ERR_UNIMPLEMENTED,
        Self::ZK_ERR_BAD_ARGUMENTS,
        Self::ZK_ERR_NO_NODE,
        Self::ZK_ERR_NO_AUTH,
        Self::ZK_ERR_BAD_VERSION,
        Self::ZK_ERR_NO_CHILDREN_FOR_EPHEMERALS,
        Self::ZK_ERR_NODE_EXISTS,
        Self::ZK_ERR_NOT_EMPTY,
        Self::ZK_ERR_INVALID_ACL,
        Self::ZK_ERR_READ_ONLY_SERVER,
        Self::ZK_ERR_QUOTA_EXCEEDED,
        Self::ZK_ERR_THROTTLED,
        Self::ZK_ERR_CONNECTION_LOST,
        Self::ZK_ERR_TIMED_OUT,
        Self::ZK_ERR_CANCELLED,
        Self::ZK_ERR_SESSION_EXPIRED,
        Self::ZK_ERR_AUTH_FAILED,
        Self::ZK_ERR_CLOSED,
        Self::ZK_ERR_NO_SERVER_REACHABLE,
        Self::ZK_ERR_INVALID_CONFIG,
        Self::ZK_ERR_TLS,
        Self::ZK_ERR_INVALID_PATH,
        Self::ZK_ERR_FRAME_TOO_LARGE,
        Self::ZK_ERR_QUEUE_FULL,
        Self::ZK_ERR_MISUSE,
        Self::ZK_ERR_NULL_ARGUMENT,
        Self::ZK_ERR_INVALID_UTF8,
        Self::ZK_ERR_INVALID_HANDLE,
        Self::ZK_ERR_FORKED,
        Self::ZK_ERR_PROTOCOL,
        Self::ZK_ERR_ACQUIRE_TIMED_OUT,
        Self::ZK_ERR_LOCK_LOST,
        Self::ZK_ERR_MIXED_CONTENDERS,
        Self::ZK_ERR_LOCK_DOUBT,
        Self::ZK_ERR_CONTENDED,
        Self::ZK_ERR_WAIT_TIMED_OUT,
        Self::ZK_ERR_UNDECODABLE,
        Self::ZK_ERR_INCOMPLETE,
        Self::ZK_ERR_BUG,
        Self::ZK_ERR_PANIC,
    ];

    /// The code with a number.
    pub(crate) fn from_number(number: i32) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|status| *status as i32 == number)
    }
}

#[cfg(test)]
mod tests {
    use zk_client::ErrorKind;

    use super::*;

    /// Codes that only C has, with the group of the table they stand in.
    const OF_C: [(zk_status, std::ops::Range<i32>); 8] = [
        (zk_status::ZK_OK, 0..1),
        (zk_status::ZK_ERR_CANCELLED, 10..20),
        (zk_status::ZK_ERR_NULL_ARGUMENT, 40..50),
        (zk_status::ZK_ERR_INVALID_UTF8, 40..50),
        (zk_status::ZK_ERR_INVALID_HANDLE, 40..50),
        (zk_status::ZK_ERR_FORKED, 40..50),
        (zk_status::ZK_ERR_LOCK_DOUBT, 100..200),
        (zk_status::ZK_ERR_PANIC, 900..1000),
    ];

    /// `NoNode` as `ZK_ERR_NO_NODE`.
    fn name_in_c(kind: &str) -> String {
        let mut name = "ZK_ERR".to_owned();
        for letter in kind.chars() {
            if letter.is_uppercase() {
                name.push('_');
            }
            name.push(letter.to_ascii_uppercase());
        }
        name
    }

    #[test]
    fn every_kind_of_error_has_the_code_of_its_name_and_number() {
        for kind in ErrorKind::ALL {
            let status = zk_status::from_number(kind.number());
            assert_eq!(
                status.map(|status| format!("{status:?}")),
                Some(name_in_c(kind.name()))
            );
        }
    }

    #[test]
    fn codes_that_only_c_has_stand_in_their_group_and_collide_with_no_kind() {
        for (at, status) in zk_status::ALL.iter().enumerate() {
            let number = *status as i32;
            let kind = ErrorKind::ALL.iter().find(|kind| kind.number() == number);
            match kind {
                Some(kind) => assert_eq!(format!("{status:?}"), name_in_c(kind.name())),
                None => assert!(
                    OF_C.iter()
                        .any(|(of_c, group)| of_c == status && group.contains(&number)),
                    "{status:?}"
                ),
            }
            assert!(
                !zk_status::ALL[..at].contains(status),
                "{status:?} is listed twice"
            );
        }
    }
}
