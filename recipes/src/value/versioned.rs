//! A value with the write that it is from.

use bytes::Bytes;
use zk_client::{Stat, Zxid};

use crate::cell::Found;

/// A value, and which write it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Versioned<T> {
    /// The value.
    pub value: T,
    /// The version of the node's data; it starts anew when the node is made again, and overflows.
    pub version: i32,
    /// In which transaction it was written; grows with every write of the path.
    pub mzxid: Zxid,
    czxid: Zxid,
}

impl<T> Versioned<T> {
    pub(crate) fn new(value: T, stat: &Stat) -> Self {
        Self {
            value,
            version: stat.version,
            mzxid: stat.mzxid,
            czxid: stat.czxid,
        }
    }

    /// Which incarnation of the node it was written to.
    pub(super) fn czxid(&self) -> Zxid {
        self.czxid
    }

    /// The same write with another form of its value.
    pub(super) fn map<U>(self, value: U) -> Versioned<U> {
        Versioned {
            value,
            version: self.version,
            mzxid: self.mzxid,
            czxid: self.czxid,
        }
    }
}

impl From<Found> for Versioned<Bytes> {
    fn from(found: Found) -> Self {
        Self::new(found.data, &found.stat)
    }
}
