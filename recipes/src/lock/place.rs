//! Where locks may be.

use zk_client::{Error, ErrorKind, OpKind, path};

use super::contenders::Contender;

/// Whether contenders can have their nodes below a path.
pub(crate) fn validate(path: &str) -> Result<(), Error> {
    if let Err(error) = path::validate(path) {
        return Err(invalid(path, &error.to_string()));
    }
    if path == "/" {
        return Err(invalid(path, "the root cannot be a lock"));
    }
    Ok(())
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

fn invalid(path: &str, why: &str) -> Error {
    let error = Error::new(
        ErrorKind::InvalidPath,
        format!("{path:?} cannot be a lock: {why}"),
    )
    .with_op(OpKind::Acquire, path);
    if path.starts_with('/') || path.is_empty() {
        error
    } else {
        error.with_hint(format!("paths are absolute; did you mean /{path}?"))
    }
}
