//! Deleting a node with everything below it.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

use super::delete::Delete;
use super::descendants::{tree, vanished};
use super::multi::Multi;
use crate::error::{Error, ErrorKind, OpKind};
use crate::node::Fence;
use crate::pending::Pending;
use crate::shared::scope::Scope;

/// Deletes a node and everything below it; yields how many nodes were deleted. Made by [`Delete::recursive`].
///
/// It lists the tree first, then deletes it from its leaves, many nodes in one transaction. The whole is no
/// transaction: others see it shrink. Children that somebody adds meanwhile are deleted as well, nodes that are gone
/// already are left out. A version given to the [`Delete`] is not compared; a fence goes with each transaction.
///
/// # Errors
///
/// As [`Delete`], for any of the nodes; `NotEmpty` if others keep adding children; `Misuse` for the root and for what
/// belongs to the servers. The text tells how many nodes were deleted and which are left.
///
/// # Cancel safety
///
/// Uncertain: what is deleted stays deleted.
///
/// # Ordering
///
/// Sends one transaction after the other, each queued when the one before was answered.
///
/// # On session events
///
/// As [`Delete`]; it stops at the first failure.
#[must_use = "an operation does nothing until it is awaited"]
pub struct DeleteAll {
    scope: Scope,
    top: String,
    fence: Option<Result<Fence, Error>>,
}

impl Delete {
    /// Also deletes everything below the node, which takes more than one transaction.
    pub fn recursive(self) -> DeleteAll {
        let (scope, top, fence) = self.into_target();
        DeleteAll { scope, top, fence }
    }
}

/// A deletion on its way.
struct Progress {
    deleted: usize,
    /// What was found and is not deleted, parents first.
    left: Vec<String>,
    /// Somebody added children.
    grown: bool,
}

impl DeleteAll {
    async fn run(self) -> Result<usize, Error> {
        let absolute = self.scope.absolute(&self.top);
        if absolute == "/" || absolute == RESERVED || absolute.starts_with(BELOW_RESERVED) {
            let text =
                format!("{absolute} belongs to the servers and cannot be deleted as a whole");
            return Err(Error::new(ErrorKind::Misuse, text).about(OpKind::Delete, &self.top));
        }
        let mut progress = Progress {
            deleted: 0,
            left: Vec::new(),
            grown: false,
        };
        for round in 0..ROUNDS {
            match tree(&self.scope, &self.top).await {
                Ok(found) => progress.left = found,
                // Whoever deleted the rest has done our work.
                Err(error) if vanished(&error) && round > 0 => return Ok(progress.deleted),
                Err(error) => return Err(progress.told(error)),
            }
            progress.grown = false;
            if let Err(error) = self.delete_found(&mut progress).await {
                return Err(progress.told(error));
            }
            if !progress.grown {
                return Ok(progress.deleted);
            }
        }
        let text = format!("cannot delete {}: others keep adding children", self.top);
        let error = Error::new(ErrorKind::NotEmpty, text).with_op(OpKind::Delete, &self.top);
        Err(progress.told(error))
    }

    async fn delete_found(&self, progress: &mut Progress) -> Result<(), Error> {
        let mut behind = Vec::new();
        while !progress.left.is_empty() {
            let batch = batch_len(&progress.left);
            let start = progress.left.len() - batch;
            let mut multi = Multi::new(self.scope.terse());
            for node in progress.left.iter().skip(start).rev() {
                multi = multi.with(self.delete(self.scope.terse(), node));
            }
            match multi.await {
                Ok(_) => {
                    progress.deleted += batch;
                    progress.left.truncate(start);
                }
                // One of them is in the way: alone, each says what is the matter.
                Err(error) if error.operation().is_some() => {
                    let nodes = progress.left.split_off(start);
                    let kept = self.delete_alone(nodes, progress).await;
                    let (kept, result) = kept;
                    behind.splice(0..0, kept);
                    if result.is_err() {
                        progress.left.append(&mut behind);
                        return result;
                    }
                }
                Err(error) => {
                    progress.left.append(&mut behind);
                    return Err(error);
                }
            }
        }
        progress.left = behind;
        Ok(())
    }

    /// Deletes each by itself; yields those that are left, and the first error that ends it all.
    async fn delete_alone(
        &self,
        nodes: Vec<String>,
        progress: &mut Progress,
    ) -> (Vec<String>, Result<(), Error>) {
        let ask = |node: &String| self.delete(self.scope.clone(), node).submit();
        let answers: Vec<Pending<()>> = nodes.iter().rev().map(ask).collect();
        let mut kept = Vec::new();
        let mut result = Ok(());
        for (node, answer) in nodes.into_iter().rev().zip(answers) {
            match answer.await {
                Ok(()) => progress.deleted += 1,
                Err(error) if vanished(&error) => {}
                Err(error) => {
                    kept.push(node);
                    if error.kind() == ErrorKind::NotEmpty {
                        progress.grown = true;
                    } else if result.is_ok() {
                        result = Err(error);
                    }
                }
            }
        }
        kept.reverse();
        (kept, result)
    }

    fn delete(&self, scope: Scope, node: &str) -> Delete {
        Delete::fenced(scope, node, self.fence.clone())
    }
}

impl Progress {
    /// The error of the whole: what it has done, and what is left.
    fn told(&self, error: Error) -> Error {
        if self.left.is_empty() {
            return error;
        }
        let shown: Vec<&str> = self.left.iter().take(SHOWN).map(String::as_str).collect();
        let more = if self.left.len() > SHOWN { ", …" } else { "" };
        error.with_hint(format!(
            "{} nodes were deleted, {} are left: {}{more}",
            self.deleted,
            self.left.len(),
            shown.join(", ")
        ))
    }
}

impl IntoFuture for DeleteAll {
    type Output = Result<usize, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for DeleteAll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeleteAll")
            .field("top", &self.top)
            .finish_non_exhaustive()
    }
}

/// How many of the last nodes go into one transaction.
fn batch_len(nodes: &[String]) -> usize {
    let mut bytes = 0;
    let fits = |node: &&String| {
        bytes += node.len() + PER_DELETE;
        bytes <= BATCH_BYTES
    };
    nodes
        .iter()
        .rev()
        .take(BATCH)
        .take_while(fits)
        .count()
        .max(1)
}

const RESERVED: &str = "/zookeeper";
const BELOW_RESERVED: &str = "/zookeeper/";

/// Deletes in one transaction: enough to make the round trip count for little, few enough not to hold others up.
const BATCH: usize = 128;

/// Bytes of one transaction, well below the smallest limit in use.
const BATCH_BYTES: usize = 128 * 1024;

/// What a delete takes besides its path.
const PER_DELETE: usize = 32;

/// How often the tree is listed again because somebody added to it.
const ROUNDS: usize = 16;

/// How many of the nodes left an error names.
const SHOWN: usize = 3;
