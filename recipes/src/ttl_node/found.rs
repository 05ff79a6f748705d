//! A TTL node as one look finds it.

use bytes::Bytes;

/// A TTL node, as one look found it. Servers do not tell after what time it goes, nor whether it is one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FoundTtl {
    /// Its data.
    pub data: Bytes,
    /// When it was touched last, in milliseconds since 1970 by the leader's clock; `None` if never.
    pub touched: Option<i64>,
}
