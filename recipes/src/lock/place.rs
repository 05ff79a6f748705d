//! Where locks may be.

use zk_client::Error;

use crate::contend;

/// Whether contenders can have their nodes below a path.
pub(crate) fn validate(path: &str) -> Result<(), Error> {
    contend::validate(path, "a lock")
}
