//! Writing a node's data.

use bytes::Bytes;
use zk_wire::{MultiOp, MultiResult, Response, Stat};

use super::fence::{alone, fenced, fenced_result};
use super::plan::{checked, operation};
use crate::error::{Error, OpKind};
use crate::node::{Fence, Fenced};
use crate::pending::{Answer, Plan, Refusal};
use crate::shared::scope::Scope;

/// Replaces a node's data; yields its new metadata. Made by [`Client::set`](crate::Client::set).
///
/// # Errors
///
/// `NoNode`, `BadVersion`, `NoAuth`, `LockLost` (fenced only), `FrameTooLarge`, and what every operation can meet; with unknown
/// fate the data may be written.
///
/// # Cancel safety
///
/// Uncertain: once written to the socket the data may be replaced.
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
pub struct Set {
    scope: Scope,
    path: String,
    data: Option<Bytes>,
    version: i32,
    fence: Option<Result<Fence, Error>>,
}

impl Set {
    pub(crate) fn new(scope: Scope, path: &str, data: impl Into<Bytes>) -> Self {
        Self {
            scope,
            path: path.to_owned(),
            data: Some(data.into()),
            version: -1,
            fence: None,
        }
    }

    /// Takes the node's data away (`null`), which other clients tell from empty data, in place of the data given.
    pub fn null(mut self) -> Self {
        self.data = None;
        self
    }

    /// Writes only over data of this version. Default: any.
    pub fn version(mut self, version: i32) -> Self {
        self.version = version;
        self
    }

    /// Commits only while `held` is held: sent as one multi that checks the holder's node.
    pub fn fenced_by(mut self, held: &impl Fenced) -> Self {
        self.fence = Some(fenced(held));
        self
    }

    /// The write as part of a transaction, and its fence.
    pub(super) fn into_part(self) -> (Result<MultiOp, Error>, Option<Result<Fence, Error>>) {
        let (data, version) = (self.data, self.version);
        let op = checked(&self.scope, OpKind::Set, &self.path).map(|path| MultiOp::SetData {
            path,
            data,
            version,
        });
        (op, self.fence)
    }

    fn plan(self) -> (Scope, Plan<Stat>) {
        let (scope, at) = (self.scope.clone(), self.path.clone());
        let (op, fence) = self.into_part();
        #[cfg(feature = "__seeded-bugs")]
        let fence = fence.filter(|_| !zk_session::seeded::is_on("fence-not-sent"));
        let plan = match fence {
            None => Plan::write(OpKind::Set, at, op.map(alone), stat),
            Some(fence) => Plan::fenced(OpKind::Set, at, fence, op, fenced_stat),
        };
        (scope, plan)
    }
}

operation!(Set => Stat);

fn stat(mut answer: Answer<'_>) -> Result<Stat, Refusal> {
    match answer.response()? {
        Response::Stat(stat) => Ok(stat),
        _ => Err(Refusal::unexpected()),
    }
}

fn fenced_stat(answer: Answer<'_>) -> Result<Stat, Refusal> {
    match fenced_result(answer)? {
        MultiResult::Set(stat) => Ok(stat),
        _ => Err(Refusal::unexpected()),
    }
}
