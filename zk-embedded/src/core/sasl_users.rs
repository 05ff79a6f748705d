//! Whom a server knows by SASL.

use std::collections::BTreeMap;
use std::fmt;

/// The users that a server knows by SASL, with their passwords. `Debug` shows the names alone.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SaslUsers(BTreeMap<String, String>);

impl SaslUsers {
    /// Adds a user, or gives one another password.
    pub fn add(&mut self, user: impl Into<String>, password: impl Into<String>) {
        self.0.insert(user.into(), password.into());
    }

    pub(super) fn password_of(&self, user: &str) -> Option<&str> {
        self.0.get(user).map(String::as_str)
    }

    /// Whether there is none: then the server does not speak SASL.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for SaslUsers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
