//! Writing a node's data.

use bytes::Bytes;
use zk_wire::{MultiOp, MultiResult, Request, Response, Stat};

use super::fence::{fenced, fenced_result};
use super::plan::{checked, operation};
use crate::error::{Error, OpKind};
use crate::node::Fenced;
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
    data: Bytes,
    version: i32,
    fence: Option<Result<String, Error>>,
}

impl Set {
    pub(crate) fn new(scope: Scope, path: &str, data: impl Into<Bytes>) -> Self {
        Self {
            scope,
            path: path.to_owned(),
            data: data.into(),
            version: -1,
            fence: None,
        }
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

    fn plan(self) -> (Scope, Plan<Stat>) {
        let path = checked(&self.scope, OpKind::Set, &self.path);
        let (data, version) = (Some(self.data), self.version);
        match self.fence {
            None => {
                let request = path.map(|path| Request::SetData {
                    path,
                    data,
                    version,
                });
                (
                    self.scope,
                    Plan::write(OpKind::Set, self.path, request, stat),
                )
            }
            #[cfg(feature = "__seeded-bugs")]
            Some(Ok(_)) if zk_session::seeded::is_on("fence-not-sent") => {
                let request = path.map(|path| Request::SetData {
                    path,
                    data,
                    version,
                });
                let plan = Plan::write(OpKind::Set, self.path, request, stat);
                (self.scope, plan)
            }
            Some(fence) => {
                let request = fence.and_then(|fence| {
                    let check = MultiOp::Check {
                        path: fence,
                        version: -1,
                    };
                    Ok(Request::Multi(vec![
                        check,
                        MultiOp::SetData {
                            path: path?,
                            data,
                            version,
                        },
                    ]))
                });
                (
                    self.scope,
                    Plan::fenced(OpKind::Set, self.path, request, fenced_stat),
                )
            }
        }
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
