//! Why a text is no ACL entry.

use thiserror::Error;

/// A text is no ACL entry.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AclParseError {
    /// There are not two colons.
    #[error("an ACL entry is written scheme:id:permissions, for example world:anyone:cdrwa")]
    Shape,
    /// A letter outside `cdrwa`.
    #[error("{letter:?} is no permission: c creates, d deletes, r reads, w writes, a administers")]
    UnknownPermission {
        /// The letter.
        letter: char,
    },
    /// No letter at all.
    #[error("the permissions are missing: letters of cdrwa")]
    NoPermission,
}
