//! Several reads in one request.

use bytes::Bytes;
use zk_wire::{ReadOp, ReadResult, Request, Response};

use super::fence::refused;
use super::get::unpinned;
use super::plan::{checked, operation};
use crate::error::{Asked, Error, OpKind};
use crate::node::Node;
use crate::pending::{Answer, Plan, Refusal};
use crate::shared::scope::Scope;

/// Several independent reads in one request (servers from 3.6); yields the result or error of each, in their order.
/// Made by [`Client::multi_read`](crate::Client::multi_read).
///
/// The reads are no snapshot: a write may come between them. Many single reads that are submitted together are sent in
/// this way anyhow, see [`ClientBuilder::read_coalescing`](crate::ClientBuilder::read_coalescing).
///
/// # Errors
///
/// `FrameTooLarge` if all answers together exceed the reply limit; `Unimplemented` on 3.5, which then closes the
/// connection; what every operation can meet. What is wrong with one read (`NoNode`, `NoAuth`) is in its own result.
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
pub struct MultiRead {
    scope: Scope,
    reads: Vec<ReadOp>,
    paths: Vec<String>,
    invalid: Option<Error>,
}

/// What one read of a [`MultiRead`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadValue {
    /// Of [`MultiRead::get`].
    Node(Node),
    /// Of [`MultiRead::children`]: names, in no particular order.
    Children(Vec<String>),
}

impl MultiRead {
    pub(crate) fn new(scope: Scope) -> Self {
        Self {
            scope,
            reads: Vec::new(),
            paths: Vec::new(),
            invalid: None,
        }
    }

    /// Adds a read of a node's data and metadata.
    pub fn get(self, path: &str) -> Self {
        self.push(path, |path| ReadOp::GetData { path })
    }

    /// Adds a list of a node's children.
    pub fn children(self, path: &str) -> Self {
        self.push(path, |path| ReadOp::GetChildren { path })
    }

    fn push(mut self, path: &str, read: impl FnOnce(String) -> ReadOp) -> Self {
        match checked(&self.scope, OpKind::MultiRead, path) {
            Ok(absolute) => {
                self.reads.push(read(absolute));
                self.paths.push(path.to_owned());
            }
            Err(error) => self.invalid = self.invalid.or(Some(error)),
        }
        self
    }

    fn plan(self) -> (Scope, Plan<Vec<Result<ReadValue, Error>>>) {
        let first = self.paths.first().map_or("/", String::as_str).to_owned();
        let parts = self.reads.iter().map(ReadOp::op_code).zip(self.paths);
        let parts = parts.collect();
        let request = match self.invalid {
            Some(error) => Err(error),
            None => Ok(Request::MultiRead(self.reads)),
        };
        let mut plan = Plan::read(OpKind::MultiRead, first, request, results);
        plan.parts = parts;
        (self.scope, plan)
    }
}

operation!(MultiRead => Vec<Result<ReadValue, Error>>);

fn results(mut answer: Answer<'_>) -> Result<Vec<Result<ReadValue, Error>>, Refusal> {
    let parts = answer.parts;
    let frame = answer.result.as_ref().map_or(0, Bytes::len);
    // A value that the caller may keep must not keep the whole reply with it.
    let apart = |data: Bytes| match data.len().saturating_mul(4) >= frame {
        true => unpinned(data),
        false => Bytes::copy_from_slice(&data),
    };
    let Response::MultiRead(results) = answer.response()? else {
        return Err(Refusal::unexpected());
    };
    if results.len() != parts.len() {
        return Err(Refusal::unexpected());
    }
    let mut values = Vec::with_capacity(results.len());
    for (result, (op, path)) in results.into_iter().zip(parts) {
        values.push(match result {
            ReadResult::Data { data, stat } => {
                Ok(ReadValue::Node(Node::new(data.map(apart), stat)))
            }
            ReadResult::Children(names) => Ok(ReadValue::Children(names)),
            ReadResult::Failed(code) => {
                let Refusal::Code(code) = refused(code) else {
                    return Err(Refusal::unexpected());
                };
                let kind = match op {
                    zk_wire::OpCode::GetChildren => OpKind::Children,
                    _ => OpKind::Get,
                };
                Err(Error::from_code(code, kind, path, Asked::of(*op)))
            }
            _ => return Err(Refusal::unexpected()),
        });
    }
    Ok(values)
}
