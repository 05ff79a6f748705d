//! Where locks may be.

use zk_client::{Error, ErrorKind, OpKind, path};

use super::contenders::Contender;
use crate::contend;

/// Whether contenders can have their nodes below a path.
pub(crate) fn validate(path: &str) -> Result<(), Error> {
    contend::validate(path, "a lock", OpKind::Acquire)
}

/// Whether a contender is one of the lock at a path.
pub(super) fn is_below(path: &str, contender: &Contender) -> Result<(), Error> {
    let node = &contender.node;
    if path::parent(node) == Some(path) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Misuse,
        format!("{node} is no contender of {path}"),
    )
    .with_op(OpKind::Release, node)
    .with_hint("take one from Mutex::contenders of the same lock"))
}
