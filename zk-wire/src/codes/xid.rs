//! Reserved xids. Ordinary requests have positive ones.

/// A watch notification, server to client.
pub const NOTIFICATION: i32 = -1;
/// A ping and its answer.
pub const PING: i32 = -2;
/// An auth packet, by convention: the server echoes any xid.
pub const AUTH: i32 = -4;
/// Re-registration of watches after a reconnect, by convention.
pub const SET_WATCHES: i32 = -8;
