//! Counting what is below a node.

use zk_wire::{Request, Response};

use super::plan::{checked, operation};
use crate::error::{Error, ErrorKind, OpKind};
use crate::pending::{Answer, Plan, Refusal};
use crate::shared::scope::Scope;

/// Counts all nodes below a node, at any depth (servers from 3.6). Made by
/// [`Client::all_children_count`](crate::Client::all_children_count).
///
/// The server goes over its whole tree to count, so this is no call for a loop.
///
/// # Errors
///
/// `NoNode`, `NoAuth`; `Unimplemented` on 3.5, which then closes the connection; what every operation can meet.
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
pub struct AllChildrenCount {
    scope: Scope,
    path: String,
}

impl AllChildrenCount {
    pub(crate) fn new(scope: Scope, path: &str) -> Self {
        Self {
            scope,
            path: path.to_owned(),
        }
    }

    fn plan(self) -> (Scope, Plan<usize>) {
        let op = OpKind::AllChildrenCount;
        let request =
            checked(&self.scope, op, &self.path).map(|path| Request::GetAllChildrenNumber { path });
        (self.scope, Plan::read(op, self.path, request, count))
    }
}

operation!(AllChildrenCount => usize);

fn count(mut answer: Answer<'_>) -> Result<usize, Refusal> {
    let Response::Count(count) = answer.response()? else {
        return Err(Refusal::unexpected());
    };
    usize::try_from(count).map_err(|_| {
        let text = format!("the server counts {count} nodes");
        Refusal::Error(Error::new(ErrorKind::Protocol, text))
    })
}
