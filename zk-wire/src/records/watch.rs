//! Watches: registration and events.

use std::fmt;

use crate::codes::op_code::OpCode;
use crate::decode_error::DecodeError;
use crate::jute::{Decode, Encode, Reader, put_i32, put_i64, put_str, put_strings};
use crate::values::zxid::Zxid;

/// What happened to a watched node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum EventType {
    /// The node was created.
    Created,
    /// The node was deleted.
    Deleted,
    /// The node's data was replaced.
    DataChanged,
    /// A child of the node was created or deleted.
    ChildrenChanged,
    /// A type no server is known to send.
    Other(i32),
}

impl EventType {
    /// The type with this number; never fails, a client has to cope with new ones.
    #[must_use]
    pub const fn from_raw(raw: i32) -> Self {
        match raw {
            1 => Self::Created,
            2 => Self::Deleted,
            3 => Self::DataChanged,
            4 => Self::ChildrenChanged,
            other => Self::Other(other),
        }
    }

    /// The number on the wire.
    #[must_use]
    pub const fn raw(self) -> i32 {
        match self {
            Self::Created => 1,
            Self::Deleted => 2,
            Self::DataChanged => 3,
            Self::ChildrenChanged => 4,
            Self::Other(raw) => raw,
        }
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Created => f.write_str("created"),
            Self::Deleted => f.write_str("deleted"),
            Self::DataChanged => f.write_str("data changed"),
            Self::ChildrenChanged => f.write_str("children changed"),
            Self::Other(raw) => write!(f, "event {raw}"),
        }
    }
}

/// The record of a notification. The zxid of the change is in the header before it, since 3.9.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "the protocol fixes the fields")]
pub struct WatcherEvent {
    /// What happened.
    pub event: EventType,
    /// The raw keeper state; servers only ever send [`WatcherEvent::SYNC_CONNECTED`].
    pub state: i32,
    /// The node, by its path on the server.
    pub path: String,
}

impl WatcherEvent {
    /// The keeper state of every event a server sends.
    pub const SYNC_CONNECTED: i32 = 3;

    /// An event as servers send it.
    #[must_use]
    pub fn new(event: EventType, path: impl Into<String>) -> Self {
        Self {
            event,
            state: Self::SYNC_CONNECTED,
            path: path.into(),
        }
    }
}

impl Encode for WatcherEvent {
    fn encode(&self, out: &mut Vec<u8>) {
        put_i32(out, self.event.raw());
        put_i32(out, self.state);
        put_str(out, &self.path);
    }
}

impl Decode for WatcherEvent {
    fn decode(input: &mut Reader) -> Result<Self, DecodeError> {
        Ok(Self {
            event: EventType::from_raw(input.read_i32("WatcherEvent.type")?),
            state: input.read_i32("WatcherEvent.state")?,
            path: input.read_string("WatcherEvent.path")?,
        })
    }
}

/// Registers watches again on a new connection.
///
/// Without persistent watches this is setWatches, which every server knows; with them setWatches2, since
/// 3.6.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
#[expect(clippy::exhaustive_structs, reason = "the protocol fixes the fields")]
pub struct SetWatches {
    /// The server sends at once the events that watches missed after this transaction.
    pub relative_zxid: Zxid,
    /// Paths of nodes that existed, watched for changes of data.
    pub data: Vec<String>,
    /// Paths of nodes that did not exist.
    pub exist: Vec<String>,
    /// Paths of nodes watched for changes of their children.
    pub child: Vec<String>,
    /// Paths of persistent watches.
    pub persistent: Vec<String>,
    /// Paths of persistent recursive watches.
    pub recursive: Vec<String>,
}

impl SetWatches {
    /// Whether there is nothing to register.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
            && self.exist.is_empty()
            && self.child.is_empty()
            && !self.has_persistent()
    }

    /// The operation code that carries this record.
    #[must_use]
    pub fn op_code(&self) -> OpCode {
        if self.has_persistent() {
            OpCode::SetWatches2
        } else {
            OpCode::SetWatches
        }
    }

    fn has_persistent(&self) -> bool {
        !self.persistent.is_empty() || !self.recursive.is_empty()
    }

    pub(crate) fn encode_body(&self, out: &mut Vec<u8>) {
        put_i64(out, self.relative_zxid.as_raw());
        put_strings(out, &self.data);
        put_strings(out, &self.exist);
        put_strings(out, &self.child);
        if self.has_persistent() {
            put_strings(out, &self.persistent);
            put_strings(out, &self.recursive);
        }
    }

    /// Reads the record of `op`, setWatches or setWatches2.
    pub(crate) fn decode_body(op: OpCode, input: &mut Reader) -> Result<Self, DecodeError> {
        let mut watches = Self {
            relative_zxid: Zxid::from_raw(input.read_i64("SetWatches.relativeZxid")?),
            data: input.read_strings("SetWatches.dataWatches")?,
            exist: input.read_strings("SetWatches.existWatches")?,
            child: input.read_strings("SetWatches.childWatches")?,
            ..Self::default()
        };
        if matches!(op, OpCode::SetWatches2) {
            watches.persistent = input.read_strings("SetWatches2.persistentWatches")?;
            watches.recursive = input.read_strings("SetWatches2.persistentRecursiveWatches")?;
        }
        Ok(watches)
    }
}

/// How far a persistent watch reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum AddWatchMode {
    /// The node's data and its list of children.
    Persistent,
    /// The node and all its descendants, without events for lists of children.
    PersistentRecursive,
}

impl AddWatchMode {
    /// The number on the wire.
    #[must_use]
    pub const fn raw(self) -> i32 {
        match self {
            Self::Persistent => 0,
            Self::PersistentRecursive => 1,
        }
    }

    /// The mode with this number, if there is one.
    #[must_use]
    pub const fn from_raw(raw: i32) -> Option<Self> {
        match raw {
            0 => Some(Self::Persistent),
            1 => Some(Self::PersistentRecursive),
            _ => None,
        }
    }
}

/// Which watches of a path to check or remove.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum WatcherKind {
    /// One-shot watches on the children.
    Children,
    /// One-shot watches on the data or the existence.
    Data,
    /// All of the connection's watches on the path.
    Any,
    /// The persistent watch, since 3.9.
    Persistent,
    /// The persistent recursive watch, since 3.9.
    PersistentRecursive,
}

impl WatcherKind {
    /// The number on the wire.
    #[must_use]
    pub const fn raw(self) -> i32 {
        match self {
            Self::Children => 1,
            Self::Data => 2,
            Self::Any => 3,
            Self::Persistent => 4,
            Self::PersistentRecursive => 5,
        }
    }

    /// The kind with this number, if there is one.
    #[must_use]
    pub const fn from_raw(raw: i32) -> Option<Self> {
        match raw {
            1 => Some(Self::Children),
            2 => Some(Self::Data),
            3 => Some(Self::Any),
            4 => Some(Self::Persistent),
            5 => Some(Self::PersistentRecursive),
            _ => None,
        }
    }
}
