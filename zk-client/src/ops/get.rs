//! Reading a node.

use bytes::Bytes;
use zk_session::WatchKind;
use zk_wire::{Request, Response};

use super::plan::{checked, operation};
use crate::error::OpKind;
use crate::node::Node;
use crate::pending::{Answer, Plan, Refusal, Registered, WatchTarget};
use crate::shared::queues::WatchTag;
use crate::shared::scope::Scope;
use crate::watch::{Watch, WatchSet};

/// Reads a node's data and metadata. Made by [`Client::get`](crate::Client::get).
///
/// # Errors
///
/// `NoNode`, `NoAuth`, and what every operation can meet: `ConnectionLost`, `TimedOut`, `SessionExpired`, `Closed`.
///
/// # Cancel safety
///
/// Inert.
///
/// # Ordering
///
/// Queued at first poll, or when submitted. A watch takes effect with the read.
///
/// # On session events
///
/// Waits through a suspension and is asked again if its answer was lost; fails at expiry.
#[derive(Debug, Clone)]
#[must_use = "an operation does nothing until it is awaited or submitted"]
pub struct Get {
    scope: Scope,
    path: String,
}

/// [`Get`] that also sets a one-shot watch. Errors, cancellation and ordering are those of [`Get`].
///
/// # Errors
///
/// As [`Get`]; on an error no watch is left.
///
/// # Cancel safety
///
/// Inert: the watch goes with the future.
///
/// # Ordering
///
/// The watch sees every change after the state that was read.
///
/// # On session events
///
/// As [`Get`]; the watch survives reconnects.
#[derive(Debug)]
#[must_use = "an operation does nothing until it is awaited or submitted"]
pub struct GetWatched {
    get: Get,
}

impl Get {
    pub(super) fn scope(&self) -> &Scope {
        &self.scope
    }

    pub(crate) fn new(scope: Scope, path: &str) -> Self {
        Self {
            scope,
            path: path.to_owned(),
        }
    }

    /// Also watches the node for one change of its data or its deletion.
    pub fn watch(self) -> GetWatched {
        GetWatched { get: self }
    }

    /// As [`watch`](Self::watch), with the event going to `set`. Queues the request now.
    ///
    /// # Cancel safety
    ///
    /// Inert: the watch goes with the set.
    pub fn watch_in(self, set: &WatchSet) -> crate::pending::Pending<(Node, WatchTag)> {
        let request = self.request(true);
        let mut plan = Plan::read(OpKind::Get, self.path, request, node_and_tag);
        plan.watch = Some((WatchKind::Data, WatchTarget::Set(set.queue())));
        crate::pending::Pending::new(self.scope, plan).submit()
    }

    fn request(&self, watch: bool) -> Result<Request, crate::error::Error> {
        let path = checked(&self.scope, OpKind::Get, &self.path)?;
        Ok(Request::GetData { path, watch })
    }

    fn plan(self) -> (Scope, Plan<Node>) {
        let request = self.request(false);
        (
            self.scope,
            Plan::read(OpKind::Get, self.path, request, node),
        )
    }
}

impl GetWatched {
    fn plan(self) -> (Scope, Plan<(Node, Watch)>) {
        let request = self.get.request(true);
        let mut plan = Plan::read(OpKind::Get, self.get.path, request, node_and_watch);
        plan.watch = Some((WatchKind::Data, WatchTarget::Own));
        (self.get.scope, plan)
    }
}

operation!(Get => Node);
operation!(GetWatched => (Node, Watch));

fn node(mut answer: Answer<'_>) -> Result<Node, Refusal> {
    match answer.response()? {
        Response::Data { data, stat } => Ok(Node::new(data.map(unpinned), stat)),
        _ => Err(Refusal::unexpected()),
    }
}

fn node_and_watch(mut answer: Answer<'_>) -> Result<(Node, Watch), Refusal> {
    match std::mem::replace(&mut answer.registered, Registered::Nothing) {
        Registered::Watch(watch) => Ok((node(answer)?, watch)),
        _ => Err(Refusal::unexpected()),
    }
}

fn node_and_tag(mut answer: Answer<'_>) -> Result<(Node, WatchTag), Refusal> {
    match std::mem::replace(&mut answer.registered, Registered::Nothing) {
        Registered::Tag(tag) => Ok((node(answer)?, tag)),
        _ => Err(Refusal::unexpected()),
    }
}

/// A value that the caller may keep must not keep the whole read buffer with it.
pub(super) fn unpinned(data: Bytes) -> Bytes {
    if data.len() >= LARGE_VALUE {
        data
    } else {
        Bytes::copy_from_slice(&data)
    }
}

/// A quarter of the read buffer: a kept value pins at most four times its size.
const LARGE_VALUE: usize = crate::driver::limits::READ_BUFFER / 4;
