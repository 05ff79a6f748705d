//! Deleting a node.

use zk_wire::{MultiOp, MultiResult};

use super::fence::{alone, fenced, fenced_result};
use super::plan::{checked, operation};
use crate::error::{Error, OpKind};
use crate::node::{Fence, Fenced};
use crate::pending::{Answer, Plan, Refusal};
use crate::shared::scope::Scope;

/// Deletes a node without children. Made by [`Client::delete`](crate::Client::delete).
///
/// # Errors
///
/// `NoNode`, `NotEmpty`, `BadVersion`, `NoAuth`, `LockLost` (fenced only), and what every operation can meet; with unknown fate
/// the node may be deleted.
///
/// # Cancel safety
///
/// Uncertain: once written to the socket the node may be deleted.
///
/// # Ordering
///
/// Queued at first poll, or when submitted.
///
/// # On session events
///
/// Waits through a suspension while unsent; fails with unknown fate if its answer was lost.
#[derive(Debug)]
#[must_use = "an operation does nothing until it is awaited or submitted"]
pub struct Delete {
    scope: Scope,
    path: String,
    version: i32,
    fence: Option<Result<Fence, Error>>,
}

impl Delete {
    pub(crate) fn new(scope: Scope, path: &str) -> Self {
        Self {
            scope,
            path: path.to_owned(),
            version: -1,
            fence: None,
        }
    }

    /// Deletes only a node whose data has this version. Default: any.
    pub fn version(mut self, version: i32) -> Self {
        self.version = version;
        self
    }

    /// Commits only while `held` is held: sent as one multi that checks the holder's node.
    pub fn fenced_by(mut self, held: &impl Fenced) -> Self {
        self.fence = Some(fenced(held));
        self
    }

    /// A delete behind a fence that was looked at before.
    pub(super) fn fenced(scope: Scope, path: &str, fence: Option<Result<Fence, Error>>) -> Self {
        Self {
            fence,
            ..Self::new(scope, path)
        }
    }

    /// From where, what, and behind which fence.
    pub(super) fn into_target(self) -> (Scope, String, Option<Result<Fence, Error>>) {
        (self.scope, self.path, self.fence)
    }

    /// The delete as part of a transaction, and its fence.
    pub(super) fn into_part(self) -> (Result<MultiOp, Error>, Option<Result<Fence, Error>>) {
        let version = self.version;
        let op = checked(&self.scope, OpKind::Delete, &self.path)
            .map(|path| MultiOp::Delete { path, version });
        (op, self.fence)
    }

    fn plan(self) -> (Scope, Plan<()>) {
        let (scope, at) = (self.scope.clone(), self.path.clone());
        let (op, fence) = self.into_part();
        let plan = match fence {
            None => Plan::write(OpKind::Delete, at, op.map(alone), done),
            Some(fence) => Plan::fenced(OpKind::Delete, at, fence, op, fenced_done),
        };
        (scope, plan)
    }
}

operation!(Delete => ());

fn done(answer: Answer<'_>) -> Result<(), Refusal> {
    answer.result.map(|_| ()).map_err(Refusal::Code)
}

fn fenced_done(answer: Answer<'_>) -> Result<(), Refusal> {
    match fenced_result(answer)? {
        MultiResult::Deleted => Ok(()),
        _ => Err(Refusal::unexpected()),
    }
}
