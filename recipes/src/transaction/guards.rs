//! Conditions that a transaction carries: that a node has a version, and, for which servers have no operation, that it does
//! not exist.

use bytes::Bytes;
use zk_client::{Client, CreateMode, Error, ErrorKind, Multi, OpKind, Stat, path};

/// Why a node does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Absence {
    /// It does after all.
    Present(Stat),
    /// This node, itself or one above it, is missing below one that exists.
    Missing(String),
}

/// How many operations the guard of one absence takes.
pub(crate) const ABSENCE: usize = 2;

/// Adds the condition that `missing`, whose parent exists, does not exist: a create, which fails if it does, and at once the
/// delete, so that nothing stays of it. Whoever watches the place sees a node come and go.
pub(crate) fn guard_absent(multi: Multi, missing: &str) -> Multi {
    multi
        .create(missing, Bytes::new(), CreateMode::Persistent)
        .delete(missing, None)
}

/// The topmost missing node on the way down to `at`: while that is missing `at` cannot exist, and its parent is there, so
/// that its absence can be guarded.
pub(crate) async fn topmost_missing(client: &Client, at: &str) -> Result<Absence, Error> {
    if let Some(stat) = client.exists(at).await? {
        return Ok(Absence::Present(stat));
    }
    let mut missing = at;
    while let Some(parent) = path::parent(missing) {
        if parent == "/" || client.exists(parent).await?.is_some() {
            break;
        }
        missing = parent;
    }
    Ok(Absence::Missing(missing.to_owned()))
}

/// True if the condition of a transaction did not hold: what is there is not what was expected.
pub(crate) fn is_mismatch(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::NoNode | ErrorKind::NodeExists | ErrorKind::BadVersion
    )
}

/// The version, unless it is the one that servers take for any version.
pub(crate) fn guardable(at: &str, version: i32) -> Result<i32, Error> {
    if version != -1 {
        return Ok(version);
    }
    let text = format!(
        "cannot make a transaction depend on {at}: its version counter is at -1, which means any version"
    );
    Err(Error::new(ErrorKind::BadVersion, text)
        .with_op(OpKind::Multi, at)
        .with_hint("write it once without a condition, while nobody else does"))
}
