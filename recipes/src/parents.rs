//! Making what a node is to stand below.

use zk_client::{Acl, Client, CreateMode, Error, ErrorKind};

/// Makes the parents of a node whose create failed with `missing`: after `Ok` that create is worth another attempt.
///
/// # Errors
///
/// As `Client::create_parents`, but never `ConnectionLost`: made or not, the next create tells, and nothing is made twice.
/// If there was nothing to make, the error that explains a missing chroot, or else `missing`.
pub(crate) async fn make_parents(
    client: &Client,
    path: &str,
    mode: CreateMode,
    acl: &[Acl],
    missing: Error,
) -> Result<(), Error> {
    match client.create_parents(path, mode, acl).await {
        Ok(true) => Ok(()),
        Err(error) if error.kind() == ErrorKind::ConnectionLost => Ok(()),
        Err(error) => Err(error),
        // Only the chroot itself can still be missing: ask again in a way that explains it.
        Ok(false) => match client.talkative().get("/").await {
            Err(error) => Err(error),
            Ok(_) => Err(missing),
        },
    }
}
