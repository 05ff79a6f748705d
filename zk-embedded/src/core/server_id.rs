//! Which server of an ensemble.

use std::fmt;

/// The number of a server in its ensemble, from 1, as in `server.1` of a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerId(u8);

impl ServerId {
    /// The server with this number.
    #[must_use]
    pub const fn new(number: u8) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Its place in a list of all servers.
    pub(in crate::core) fn index(self) -> usize {
        usize::from(self.0).wrapping_sub(1)
    }

    /// Its place in a set of servers.
    pub(in crate::core) const fn bit(self) -> u64 {
        1_u64.wrapping_shl(self.0 as u32)
    }
}

impl fmt::Display for ServerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "server {}", self.0)
    }
}
