//! Everything a client can ask for.

use bytes::Bytes;
use thiserror::Error;

use crate::codes::error_code::ErrorCode;
use crate::codes::op_code::OpCode;
use crate::decode_error::DecodeError;
use crate::jute::{
    Encode, Reader, put_bool, put_i32, put_i64, put_opt_slice, put_opt_str, put_records, put_slice,
    put_str,
};
use crate::records::acl::{Acl, read_acls};
use crate::records::create::Create;
use crate::records::header::RequestHeader;
use crate::records::multi::MultiOp;
use crate::records::multi_read::ReadOp;
use crate::records::watch::{AddWatchMode, SetWatches, WatcherKind};

/// A request after the handshake, without its xid.
///
/// `Debug` shows the lengths of credentials, not their bytes.
#[derive(Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Request {
    /// Creates a node.
    Create(Create),
    /// Deletes a node.
    Delete {
        /// The node.
        path: String,
        /// The version it must have, −1 for any.
        version: i32,
    },
    /// Reads a node's stat.
    Exists {
        /// The node.
        path: String,
        /// Whether to watch for its creation, deletion and changes of its data.
        watch: bool,
    },
    /// Reads a node's data and stat.
    GetData {
        /// The node.
        path: String,
        /// Whether to watch for its deletion and changes of its data.
        watch: bool,
    },
    /// Replaces a node's data.
    SetData {
        /// The node.
        path: String,
        /// The new data; null is not the same as empty.
        data: Option<Bytes>,
        /// The version it must have, −1 for any.
        version: i32,
    },
    /// Reads a node's ACL and stat.
    GetAcl {
        /// The node.
        path: String,
    },
    /// Replaces a node's ACL.
    SetAcl {
        /// The node.
        path: String,
        /// The new ACL. Servers refuse an empty one.
        acl: Vec<Acl>,
        /// The ACL version it must have, −1 for any.
        version: i32,
    },
    /// Lists a node's children.
    GetChildren {
        /// The node.
        path: String,
        /// Whether to watch for its deletion and changes of its list of children.
        watch: bool,
    },
    /// Lists a node's children and reads its stat.
    GetChildren2 {
        /// The node.
        path: String,
        /// Whether to watch for its deletion and changes of its list of children.
        watch: bool,
    },
    /// Waits until the server has caught up with the leader.
    Sync {
        /// Echoed, of no other effect.
        path: String,
    },
    /// Keeps the session alive.
    Ping,
    /// Several writes and checks as one transaction.
    Multi(Vec<MultiOp>),
    /// Several independent reads.
    MultiRead(Vec<ReadOp>),
    /// Changes the ensemble's configuration.
    Reconfig {
        /// Servers to add.
        joining: Option<String>,
        /// Servers to remove.
        leaving: Option<String>,
        /// All servers, instead of the two above.
        members: Option<String>,
        /// The version the configuration must have, −1 for any.
        config_id: i64,
    },
    /// Compares a node's version outside a multi, which servers allow before 3.9.3.
    Check {
        /// The node.
        path: String,
        /// The version it must have, −1 for any.
        version: i32,
    },
    /// Asks whether a watch exists.
    CheckWatches {
        /// The watched node.
        path: String,
        /// The kind of watch.
        kind: WatcherKind,
    },
    /// Removes watches.
    RemoveWatches {
        /// The watched node.
        path: String,
        /// The kind of watch.
        kind: WatcherKind,
    },
    /// Deletes a childless container, without any check of permissions.
    DeleteContainer {
        /// The node.
        path: String,
    },
    /// Adds an identity to the connection.
    Auth {
        /// How the identity is proved, such as `digest`.
        scheme: String,
        /// The proof, such as `user:password`.
        auth: Bytes,
    },
    /// Registers watches again after a reconnect.
    SetWatches(SetWatches),
    /// A step of a SASL exchange.
    Sasl {
        /// The mechanism's message.
        token: Option<Bytes>,
    },
    /// Lists the session's own ephemeral nodes.
    GetEphemerals {
        /// What their paths begin with, compared as text; empty or `/` for all.
        prefix: String,
    },
    /// Counts all descendants of a node.
    GetAllChildrenNumber {
        /// The node.
        path: String,
    },
    /// Adds a persistent watch.
    AddWatch {
        /// The node, which need not exist.
        path: String,
        /// How far the watch reaches.
        mode: AddWatchMode,
    },
    /// Lists the connection's identities.
    WhoAmI,
    /// Ends the session.
    CloseSession,
}

/// A server cannot understand a request.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RequestError {
    /// No client may send this operation code: the server answers −6 and closes the connection.
    #[error("operation code {0} is not implemented")]
    Unimplemented(i32),
    /// The record does not fit its operation: the server answers −5.
    #[error("the request cannot be decoded: {0}")]
    Marshalling(#[from] DecodeError),
}

impl RequestError {
    /// What the server answers.
    #[must_use]
    pub const fn error_code(&self) -> ErrorCode {
        match self {
            Self::Unimplemented(_) => ErrorCode::Unimplemented,
            Self::Marshalling(_) => ErrorCode::MarshallingError,
        }
    }
}

impl Request {
    /// The operation code that carries this request.
    #[must_use]
    pub fn op_code(&self) -> OpCode {
        match self {
            Self::Create(create) => create.op_code(),
            Self::Delete { .. } => OpCode::Delete,
            Self::Exists { .. } => OpCode::Exists,
            Self::GetData { .. } => OpCode::GetData,
            Self::SetData { .. } => OpCode::SetData,
            Self::GetAcl { .. } => OpCode::GetAcl,
            Self::SetAcl { .. } => OpCode::SetAcl,
            Self::GetChildren { .. } => OpCode::GetChildren,
            Self::GetChildren2 { .. } => OpCode::GetChildren2,
            Self::Sync { .. } => OpCode::Sync,
            Self::Ping => OpCode::Ping,
            Self::Multi(_) => OpCode::Multi,
            Self::MultiRead(_) => OpCode::MultiRead,
            Self::Reconfig { .. } => OpCode::Reconfig,
            Self::Check { .. } => OpCode::Check,
            Self::CheckWatches { .. } => OpCode::CheckWatches,
            Self::RemoveWatches { .. } => OpCode::RemoveWatches,
            Self::DeleteContainer { .. } => OpCode::DeleteContainer,
            Self::Auth { .. } => OpCode::Auth,
            Self::SetWatches(watches) => watches.op_code(),
            Self::Sasl { .. } => OpCode::Sasl,
            Self::GetEphemerals { .. } => OpCode::GetEphemerals,
            Self::GetAllChildrenNumber { .. } => OpCode::GetAllChildrenNumber,
            Self::AddWatch { .. } => OpCode::AddWatch,
            Self::WhoAmI => OpCode::WhoAmI,
            Self::CloseSession => OpCode::CloseSession,
        }
    }

    /// The one path the request is about; `None` for a multi and everything else without one.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::Create(Create { path, .. })
            | Self::Delete { path, .. }
            | Self::Exists { path, .. }
            | Self::GetData { path, .. }
            | Self::SetData { path, .. }
            | Self::GetAcl { path }
            | Self::SetAcl { path, .. }
            | Self::GetChildren { path, .. }
            | Self::GetChildren2 { path, .. }
            | Self::Sync { path }
            | Self::Check { path, .. }
            | Self::CheckWatches { path, .. }
            | Self::RemoveWatches { path, .. }
            | Self::DeleteContainer { path }
            | Self::GetAllChildrenNumber { path }
            | Self::AddWatch { path, .. } => Some(path),
            Self::Ping
            | Self::Multi(_)
            | Self::MultiRead(_)
            | Self::Reconfig { .. }
            | Self::Auth { .. }
            | Self::SetWatches(_)
            | Self::Sasl { .. }
            | Self::GetEphemerals { .. }
            | Self::WhoAmI
            | Self::CloseSession => None,
        }
    }

    /// Whether the request becomes a transaction: only then does it matter, when the answer is lost,
    /// whether it was executed.
    #[must_use]
    pub const fn is_write(&self) -> bool {
        matches!(
            self,
            Self::Create(_)
                | Self::Delete { .. }
                | Self::SetData { .. }
                | Self::SetAcl { .. }
                | Self::Check { .. }
                | Self::Multi(_)
                | Self::Reconfig { .. }
                | Self::DeleteContainer { .. }
                | Self::CloseSession
        )
    }

    /// Appends header and record: the content of a frame, see [`crate::frame::write_frame`].
    pub fn encode(&self, xid: i32, out: &mut Vec<u8>) {
        RequestHeader {
            xid,
            op: self.op_code().raw(),
        }
        .encode(out);
        self.encode_body(out);
    }

    /// Appends the record alone.
    pub fn encode_body(&self, out: &mut Vec<u8>) {
        match self {
            Self::Create(create) => create.encode_body(out),
            Self::Delete { path, version } | Self::Check { path, version } => {
                put_str(out, path);
                put_i32(out, *version);
            }
            Self::Exists { path, watch }
            | Self::GetData { path, watch }
            | Self::GetChildren { path, watch }
            | Self::GetChildren2 { path, watch } => {
                put_str(out, path);
                put_bool(out, *watch);
            }
            Self::SetData {
                path,
                data,
                version,
            } => {
                put_str(out, path);
                put_opt_slice(out, data.as_deref());
                put_i32(out, *version);
            }
            Self::SetAcl { path, acl, version } => {
                put_str(out, path);
                put_records(out, acl);
                put_i32(out, *version);
            }
            // The record of deleteContainer declares a buffer, which looks the same.
            Self::GetAcl { path }
            | Self::Sync { path }
            | Self::DeleteContainer { path }
            | Self::GetEphemerals { prefix: path }
            | Self::GetAllChildrenNumber { path } => put_str(out, path),
            Self::Ping | Self::WhoAmI | Self::CloseSession => {}
            Self::Multi(ops) => MultiOp::encode_all(ops, out),
            Self::MultiRead(ops) => ReadOp::encode_all(ops, out),
            Self::Reconfig {
                joining,
                leaving,
                members,
                config_id,
            } => {
                put_opt_str(out, joining.as_deref());
                put_opt_str(out, leaving.as_deref());
                put_opt_str(out, members.as_deref());
                put_i64(out, *config_id);
            }
            Self::CheckWatches { path, kind } | Self::RemoveWatches { path, kind } => {
                put_str(out, path);
                put_i32(out, kind.raw());
            }
            Self::Auth { scheme, auth } => {
                // AuthPacket.type, always zero.
                put_i32(out, 0);
                put_str(out, scheme);
                put_slice(out, auth);
            }
            Self::SetWatches(watches) => watches.encode_body(out),
            Self::Sasl { token } => put_opt_slice(out, token.as_deref()),
            Self::AddWatch { path, mode } => {
                put_str(out, path);
                put_i32(out, mode.raw());
            }
        }
    }

    /// Reads the record that follows a header with the operation code `op`. As in ZooKeeper's server,
    /// bytes behind the record are ignored.
    ///
    /// # Errors
    ///
    /// [`RequestError::Unimplemented`] for codes that no client may send: unknown ones and those internal
    /// to the server. [`RequestError::Marshalling`] when the record is broken.
    pub fn decode(op: i32, input: &mut Reader) -> Result<Self, RequestError> {
        let Some(code) = OpCode::from_raw(op) else {
            return Err(RequestError::Unimplemented(op));
        };
        Ok(match code {
            OpCode::Create | OpCode::Create2 | OpCode::CreateContainer | OpCode::CreateTtl => {
                Self::Create(Create::decode_body(code, input)?)
            }
            OpCode::Delete => Self::Delete {
                path: input.read_string("delete path")?,
                version: input.read_i32("delete version")?,
            },
            OpCode::Exists => Self::Exists {
                path: input.read_string("exists path")?,
                watch: input.read_bool("exists watch")?,
            },
            OpCode::GetData => Self::GetData {
                path: input.read_string("getData path")?,
                watch: input.read_bool("getData watch")?,
            },
            OpCode::SetData => Self::SetData {
                path: input.read_string("setData path")?,
                data: input.read_buffer("setData data")?,
                version: input.read_i32("setData version")?,
            },
            OpCode::GetAcl => Self::GetAcl {
                path: input.read_string("getACL path")?,
            },
            OpCode::SetAcl => Self::SetAcl {
                path: input.read_string("setACL path")?,
                acl: read_acls(input)?,
                version: input.read_i32("setACL version")?,
            },
            OpCode::GetChildren => Self::GetChildren {
                path: input.read_string("getChildren path")?,
                watch: input.read_bool("getChildren watch")?,
            },
            OpCode::GetChildren2 => Self::GetChildren2 {
                path: input.read_string("getChildren2 path")?,
                watch: input.read_bool("getChildren2 watch")?,
            },
            OpCode::Sync => Self::Sync {
                path: input.read_string("sync path")?,
            },
            OpCode::Ping => Self::Ping,
            OpCode::Multi => Self::Multi(MultiOp::decode_all(input)?),
            OpCode::MultiRead => Self::MultiRead(ReadOp::decode_all(input)?),
            OpCode::Reconfig => Self::Reconfig {
                joining: input.read_opt_string("reconfig joiningServers")?,
                leaving: input.read_opt_string("reconfig leavingServers")?,
                members: input.read_opt_string("reconfig newMembers")?,
                config_id: input.read_i64("reconfig curConfigId")?,
            },
            OpCode::Check => Self::Check {
                path: input.read_string("check path")?,
                version: input.read_i32("check version")?,
            },
            OpCode::CheckWatches => Self::CheckWatches {
                path: input.read_string("checkWatches path")?,
                kind: read_kind(input)?,
            },
            OpCode::RemoveWatches => Self::RemoveWatches {
                path: input.read_string("removeWatches path")?,
                kind: read_kind(input)?,
            },
            OpCode::DeleteContainer => Self::DeleteContainer {
                path: input.read_string("deleteContainer path")?,
            },
            OpCode::Auth => {
                input.read_i32("AuthPacket.type")?;
                Self::Auth {
                    scheme: input.read_string("AuthPacket.scheme")?,
                    auth: input.read_buffer("AuthPacket.auth")?.unwrap_or_default(),
                }
            }
            OpCode::SetWatches | OpCode::SetWatches2 => {
                Self::SetWatches(SetWatches::decode_body(code, input)?)
            }
            OpCode::Sasl => Self::Sasl {
                token: input.read_buffer("sasl token")?,
            },
            OpCode::GetEphemerals => Self::GetEphemerals {
                prefix: input.read_string("getEphemerals prefixPath")?,
            },
            OpCode::GetAllChildrenNumber => Self::GetAllChildrenNumber {
                path: input.read_string("getAllChildrenNumber path")?,
            },
            OpCode::AddWatch => Self::AddWatch {
                path: input.read_string("addWatch path")?,
                mode: read_mode(input)?,
            },
            OpCode::WhoAmI => Self::WhoAmI,
            OpCode::CloseSession => Self::CloseSession,
            OpCode::Notification | OpCode::CreateSession | OpCode::Error => {
                return Err(RequestError::Unimplemented(op));
            }
        })
    }
}

fn read_kind(input: &mut Reader) -> Result<WatcherKind, DecodeError> {
    let what = "watcher type";
    let value = input.read_i32(what)?;
    WatcherKind::from_raw(value).ok_or(DecodeError::BadValue { what, value })
}

fn read_mode(input: &mut Reader) -> Result<AddWatchMode, DecodeError> {
    let what = "addWatch mode";
    let value = input.read_i32(what)?;
    AddWatchMode::from_raw(value).ok_or(DecodeError::BadValue { what, value })
}
