//! Where locks may be.

use zk_client::{Error, ErrorKind, OpKind, path};

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
