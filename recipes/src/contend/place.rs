//! Where a recipe may live.

use zk_client::{Error, ErrorKind, OpKind, path};

/// Checks the path of a recipe, which the error calls `what`, for those who want to do `op` there.
pub(crate) fn validate(path: &str, what: &str, op: OpKind) -> Result<(), Error> {
    if let Err(error) = path::validate(path) {
        return Err(invalid(path, what, op, &error.to_string()));
    }
    if path == "/" {
        return Err(invalid(
            path,
            what,
            op,
            &format!("the root cannot be {what}"),
        ));
    }
    Ok(())
}

fn invalid(path: &str, what: &str, op: OpKind, why: &str) -> Error {
    let text = format!("{path:?} cannot be {what}: {why}");
    let error = Error::new(ErrorKind::InvalidPath, text).with_op(op, path);
    if path.starts_with('/') || path.is_empty() {
        error
    } else {
        error.with_hint(format!("paths are absolute; did you mean /{path}?"))
    }
}
