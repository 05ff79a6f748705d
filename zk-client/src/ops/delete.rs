//! Deleting a node.

use zk_wire::{MultiOp, MultiResult, Request};

use super::fence::{fenced, fenced_result};
use super::plan::{checked, operation};
use crate::error::{Error, OpKind};
use crate::node::Fenced;
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
    fence: Option<Result<String, Error>>,
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

    fn plan(self) -> (Scope, Plan<()>) {
        let path = checked(&self.scope, OpKind::Delete, &self.path);
        let version = self.version;
        match self.fence {
            None => {
                let request = path.map(|path| Request::Delete { path, version });
                (
                    self.scope,
                    Plan::write(OpKind::Delete, self.path, request, done),
                )
            }
            Some(fence) => {
                let request = fence.and_then(|fence| {
                    let check = MultiOp::Check {
                        path: fence,
                        version: -1,
                    };
                    Ok(Request::Multi(vec![
                        check,
                        MultiOp::Delete {
                            path: path?,
                            version,
                        },
                    ]))
                });
                (
                    self.scope,
                    Plan::fenced(OpKind::Delete, self.path, request, fenced_done),
                )
            }
        }
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
