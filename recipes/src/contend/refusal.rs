//! Why there is no way to hold.

use zk_client::{Error, ErrorKind, OpKind};

use super::run::Contention;

impl Contention {
    pub(super) fn unreadable(&self) -> Error {
        Error::new(
            ErrorKind::NoAuth,
            format!(
                "cannot acquire {}: its ACL does not let this client read its own node, so a loss could not be seen",
                self.path
            ),
        )
        .with_op(OpKind::Acquire, &self.path)
        .with_hint("give READ to the holder in .acl()")
    }

    pub(super) fn mixed(&self, foreign: &str) -> Error {
        Error::new(
            ErrorKind::MixedContenders,
            format!(
                "cannot acquire {}: {foreign} there belongs to another kind of lock, and neither sees the other",
                self.path
            ),
        )
        .with_op(OpKind::Acquire, &self.path)
        .with_hint("use one path per kind of lock")
    }

    pub(super) fn without_a_place(&self, old: &str) -> Error {
        Error::new(
            ErrorKind::Misuse,
            format!(
                "cannot hand on the place of {old} in {}: the counter of this path is near its end, so that the digits \
                 do not tell a place any more",
                self.path
            ),
        )
        .with_op(OpKind::Acquire, &self.path)
        .with_hint("release it; delete the path while nobody is there, and the counter begins anew")
    }
}
