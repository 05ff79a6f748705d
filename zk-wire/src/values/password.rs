//! The secret that lets a client take its session to another server.

use std::fmt;

use bytes::Bytes;

/// A session's password: sixteen bytes from a ZooKeeper server, any number from others.
///
/// `Debug` shows the length only, so that a password never reaches a log.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Password(Bytes);

impl Password {
    /// Sixteen zero bytes: what a client sends when it asks for a new session.
    #[must_use]
    pub const fn zeroed() -> Self {
        Self(Bytes::from_static(&[0; 16]))
    }

    /// Wraps the bytes from a handshake.
    #[must_use]
    pub const fn new(bytes: Bytes) -> Self {
        Self(bytes)
    }

    /// The secret itself.
    #[must_use]
    pub const fn as_bytes(&self) -> &Bytes {
        &self.0
    }
}

impl Default for Password {
    fn default() -> Self {
        Self::zeroed()
    }
}

impl From<Bytes> for Password {
    fn from(bytes: Bytes) -> Self {
        Self(bytes)
    }
}

impl From<Password> for Bytes {
    fn from(password: Password) -> Self {
        password.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Password({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_keeps_the_secret() {
        let password = Password::new(Bytes::from_static(b"sixteen-bytes-00"));
        assert_eq!(format!("{password:?}"), "Password(16 bytes)");
    }
}
