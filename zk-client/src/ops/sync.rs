//! Operations about order and the session itself: sync, barrier, the session's ephemeral nodes.

use zk_wire::{Request, Response, Zxid};

use super::plan::{checked, operation};
use crate::error::OpKind;
use crate::pending::{Answer, Plan, Refusal};
use crate::shared::scope::Scope;

/// Lets the server catch up with the leader; yields up to which transaction the server is then. Made by
/// [`Client::sync`](crate::Client::sync).
///
/// Not a quorum operation: a deposed leader answers it too (ZOOKEEPER-1675). To find out what became of a
/// lost write use a [`Barrier`].
///
/// # Errors
///
/// What every operation can meet.
///
/// # Cancel safety
///
/// Inert.
///
/// # Ordering
///
/// Queued at first poll, or when submitted; reads queued behind it see what the leader had committed.
///
/// # On session events
///
/// Waits through a suspension while unsent; fails if its answer was lost.
#[derive(Debug)]
#[must_use = "an operation does nothing until it is awaited or submitted"]
pub struct Sync {
    scope: Scope,
    path: String,
}

/// Commits an empty transaction. Made by [`Client::barrier`](crate::Client::barrier).
///
/// # Errors
///
/// What every operation can meet.
///
/// # Cancel safety
///
/// Inert: an empty transaction changes nothing.
///
/// # Ordering
///
/// Queued at first poll, or when submitted. A quorum write: whatever this session sent before, over this or an
/// earlier connection, is decided when it is answered.
///
/// # On session events
///
/// Waits through a suspension while unsent; fails if its answer was lost, since only an answer on the
/// connection of the reads that follow proves anything.
#[derive(Debug)]
#[must_use = "an operation does nothing until it is awaited or submitted"]
pub struct Barrier {
    scope: Scope,
}

/// Lists the ephemeral nodes of this session (servers from 3.6). Made by
/// [`Client::ephemerals`](crate::Client::ephemerals).
///
/// # Errors
///
/// `Unimplemented` on 3.5, which then closes the connection; what every operation can meet.
///
/// # Cancel safety
///
/// Inert.
///
/// # Ordering
///
/// Queued at first poll, or when submitted.
///
/// # On session events
///
/// Waits through a suspension and is asked again if its answer was lost; fails at expiry.
#[derive(Debug)]
#[must_use = "an operation does nothing until it is awaited or submitted"]
pub struct Ephemerals {
    scope: Scope,
    prefix: String,
}

impl Sync {
    pub(crate) fn new(scope: Scope, path: &str) -> Self {
        Self {
            scope,
            path: path.to_owned(),
        }
    }

    fn plan(self) -> (Scope, Plan<Zxid>) {
        let request =
            checked(&self.scope, OpKind::Sync, &self.path).map(|path| Request::Sync { path });
        (
            self.scope,
            Plan::write(OpKind::Sync, self.path, request, passed),
        )
    }
}

impl Barrier {
    pub(crate) fn new(scope: Scope) -> Self {
        Self { scope }
    }

    fn plan(self) -> (Scope, Plan<Zxid>) {
        let request = Ok(Request::Multi(Vec::new()));
        (
            self.scope,
            Plan::write(OpKind::Multi, "/".to_owned(), request, passed),
        )
    }
}

impl Ephemerals {
    pub(crate) fn new(scope: Scope, prefix: &str) -> Self {
        Self {
            scope,
            prefix: prefix.to_owned(),
        }
    }

    fn plan(self) -> (Scope, Plan<Vec<String>>) {
        let request = checked(&self.scope, OpKind::Ephemerals, &self.prefix)
            .map(|prefix| Request::GetEphemerals { prefix });
        (
            self.scope,
            Plan::read(OpKind::Ephemerals, self.prefix, request, paths),
        )
    }
}

operation!(Sync => Zxid);
operation!(Barrier => Zxid);
operation!(Ephemerals => Vec<String>);

fn passed(answer: Answer<'_>) -> Result<Zxid, Refusal> {
    let zxid = answer.zxid;
    answer.result.map(|_| zxid).map_err(Refusal::Code)
}

fn paths(mut answer: Answer<'_>) -> Result<Vec<String>, Refusal> {
    match answer.response()? {
        Response::Ephemerals(paths) => {
            let inside = paths
                .iter()
                .filter(|path| answer.scope.chroot().strip(path).is_some());
            Ok(inside
                .map(|path| answer.scope.relative(path).into_owned())
                .collect())
        }
        _ => Err(Refusal::unexpected()),
    }
}
