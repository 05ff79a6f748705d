//! What a request asks for, as a number.

use std::fmt;

macro_rules! op_codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $raw:literal, $name:literal;)+) => {
        /// The type in a request's header and in the headers inside a multi.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum OpCode {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl OpCode {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The operation with this number, if there is one.
            #[must_use]
            pub const fn from_raw(raw: i32) -> Option<Self> {
                match raw {
                    $($raw => Some(Self::$variant),)+
                    _ => None,
                }
            }

            /// The number on the wire.
            #[must_use]
            pub const fn raw(self) -> i32 {
                match self {
                    $(Self::$variant => $raw,)+
                }
            }

            /// ZooKeeper's own name for the operation, such as `create2` or `getData`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

op_codes! {
    /// Server-internal.
    Notification = 0, "notification";
    /// Creates a node, answered with its path.
    Create = 1, "create";
    /// Deletes a node.
    Delete = 2, "delete";
    /// Reads a node's stat.
    Exists = 3, "exists";
    /// Reads a node's data and stat.
    GetData = 4, "getData";
    /// Replaces a node's data.
    SetData = 5, "setData";
    /// Reads a node's ACL.
    GetAcl = 6, "getACL";
    /// Replaces a node's ACL.
    SetAcl = 7, "setACL";
    /// Lists a node's children.
    GetChildren = 8, "getChildren";
    /// Waits until the server has caught up with the leader.
    Sync = 9, "sync";
    /// Keeps the session alive.
    Ping = 11, "ping";
    /// Lists a node's children and reads its stat.
    GetChildren2 = 12, "getChildren2";
    /// Compares a node's version; inside a multi only.
    Check = 13, "check";
    /// Several writes and checks as one transaction.
    Multi = 14, "multi";
    /// Creates a node, answered with its path and stat.
    Create2 = 15, "create2";
    /// Changes the ensemble's configuration.
    Reconfig = 16, "reconfig";
    /// Asks whether a watch exists.
    CheckWatches = 17, "checkWatches";
    /// Removes watches.
    RemoveWatches = 18, "removeWatches";
    /// Creates a container node.
    CreateContainer = 19, "createContainer";
    /// Deletes an abandoned container; server-internal, but accepted from clients.
    DeleteContainer = 20, "deleteContainer";
    /// Creates a node with a time to live.
    CreateTtl = 21, "createTTL";
    /// Several independent reads in one request.
    MultiRead = 22, "multiRead";
    /// Adds an identity to the connection.
    Auth = 100, "auth";
    /// Registers watches again after a reconnect.
    SetWatches = 101, "setWatches";
    /// A step of a SASL exchange.
    Sasl = 102, "sasl";
    /// Lists the session's own ephemeral nodes.
    GetEphemerals = 103, "getEphemerals";
    /// Counts all descendants of a node.
    GetAllChildrenNumber = 104, "getAllChildrenNumber";
    /// As setWatches, with persistent watches.
    SetWatches2 = 105, "setWatches2";
    /// Adds a persistent watch.
    AddWatch = 106, "addWatch";
    /// Lists the connection's identities.
    WhoAmI = 107, "whoAmI";
    /// Server-internal.
    CreateSession = -10, "createSession";
    /// Ends the session.
    CloseSession = -11, "closeSession";
    /// A failed operation, and the end, inside a multi.
    Error = -1, "error";
}

impl OpCode {
    /// Whether the operation is one of the four that create a node.
    #[must_use]
    pub const fn is_create(self) -> bool {
        matches!(
            self,
            Self::Create | Self::Create2 | Self::CreateContainer | Self::CreateTtl
        )
    }
}

impl fmt::Display for OpCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_op_code_survives_the_wire() {
        for &op in OpCode::ALL {
            assert_eq!(OpCode::from_raw(op.raw()), Some(op), "{op}");
        }
        assert_eq!(OpCode::from_raw(888), None);
        assert_eq!(OpCode::from_raw(10), None);
    }
}
