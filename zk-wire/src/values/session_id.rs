//! Session ids.

use std::fmt;

/// The id a server gave to a session; zero before there is one.
///
/// Shown the way ZooKeeper's own logs show it, as `0x` and sixteen hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SessionId(i64);

impl SessionId {
    /// Zero: asks for a new session, or tells that there is none.
    pub const NONE: Self = Self(0);

    /// Wraps the value from the wire.
    #[must_use]
    pub const fn from_raw(raw: i64) -> Self {
        Self(raw)
    }

    /// The value for the wire.
    #[must_use]
    pub const fn as_raw(self) -> i64 {
        self.0
    }

    /// Whether this is [`SessionId::NONE`].
    #[must_use]
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:016x}", self.0)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_id_shows_sixteen_hex_digits() {
        assert_eq!(
            SessionId::from_raw(0x100_0000_002a).to_string(),
            "0x000001000000002a"
        );
        assert_eq!(
            format!("{:?}", SessionId::from_raw(-1)),
            "0xffffffffffffffff"
        );
    }
}
