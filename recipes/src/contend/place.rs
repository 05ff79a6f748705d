//! Where a recipe may live.

use zk_client::{Error, ErrorKind, OpKind, path};

/// Checks the path of a recipe, which the error calls `what`.
pub(crate) fn validate(path: &str, what: &str) -> Result<(), Error> {
    if let Err(error) = path::validate(path) {
        return Err(invalid(path, what, &error.to_string()));
    }
    if path == "/" {
        return Err(invalid(path, what, &format!("the root cannot be {what}")));
    }
    Ok(())
}

fn invalid(path: &str, what: &str, why: &str) -> Error {
    let text = format!("{path:?} cannot be {what}: {why}");
    let error = Error::new(ErrorKind::InvalidPath, text).with_op(OpKind::Acquire, path);
    if path.starts_with('/') || path.is_empty() {
        error
    } else {
        error.with_hint(format!("paths are absolute; did you mean /{path}?"))
    }
}
