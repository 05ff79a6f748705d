//! Asking whether a node exists.

use zk_session::WatchKind;
use zk_wire::{ErrorCode, Request, Response, Stat};

use super::plan::{checked, operation};
use crate::error::{Error, OpKind};
use crate::pending::{Answer, Pending, Plan, Refusal, Registered, WatchTarget};
use crate::shared::queues::WatchTag;
use crate::shared::scope::Scope;
use crate::watch::{Watch, WatchSet};

/// Reads a node's metadata; `None` if there is no node. Made by [`Client::exists`](crate::Client::exists).
///
/// # Errors
///
/// `NoAuth` (servers from 3.9.2), and what every operation can meet.
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
pub struct Exists {
    scope: Scope,
    path: String,
}

/// [`Exists`] that also sets a one-shot watch, on a missing node for its creation.
///
/// # Errors
///
/// As [`Exists`]; on an error no watch is left.
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
/// As [`Exists`]; the watch survives reconnects.
#[derive(Debug)]
#[must_use = "an operation does nothing until it is awaited or submitted"]
pub struct ExistsWatched {
    exists: Exists,
}

impl Exists {
    pub(super) fn scope(&self) -> &Scope {
        &self.scope
    }

    pub(crate) fn new(scope: Scope, path: &str) -> Self {
        Self {
            scope,
            path: path.to_owned(),
        }
    }

    /// Also watches the node for one creation, change of its data, or deletion.
    pub fn watch(self) -> ExistsWatched {
        ExistsWatched { exists: self }
    }

    /// As [`watch`](Self::watch), with the event going to `set`. Queues the request now.
    ///
    /// # Cancel safety
    ///
    /// Inert: the watch goes with the set.
    pub fn watch_in(self, set: &WatchSet) -> Pending<(Option<Stat>, WatchTag)> {
        let request = self.request(true);
        let mut plan = Plan::read(OpKind::Exists, self.path, request, stat_and_tag);
        plan.watch = Some((WatchKind::Exist, WatchTarget::Set(set.queue())));
        Pending::new(self.scope, plan).submit()
    }

    fn request(&self, watch: bool) -> Result<Request, Error> {
        let path = checked(&self.scope, OpKind::Exists, &self.path)?;
        Ok(Request::Exists { path, watch })
    }

    fn plan(self) -> (Scope, Plan<Option<Stat>>) {
        let request = self.request(false);
        (
            self.scope,
            Plan::read(OpKind::Exists, self.path, request, stat),
        )
    }
}

impl ExistsWatched {
    fn plan(self) -> (Scope, Plan<(Option<Stat>, Watch)>) {
        let request = self.exists.request(true);
        let mut plan = Plan::read(OpKind::Exists, self.exists.path, request, stat_and_watch);
        plan.watch = Some((WatchKind::Exist, WatchTarget::Own));
        (self.exists.scope, plan)
    }
}

operation!(Exists => Option<Stat>);
operation!(ExistsWatched => (Option<Stat>, Watch));

fn stat(mut answer: Answer<'_>) -> Result<Option<Stat>, Refusal> {
    if let Err(ErrorCode::NoNode) = answer.result {
        return Ok(None);
    }
    match answer.response()? {
        Response::Stat(stat) => Ok(Some(stat)),
        _ => Err(Refusal::unexpected()),
    }
}

fn stat_and_tag(mut answer: Answer<'_>) -> Result<(Option<Stat>, WatchTag), Refusal> {
    match std::mem::replace(&mut answer.registered, Registered::Nothing) {
        Registered::Tag(tag) => Ok((stat(answer)?, tag)),
        _ => Err(Refusal::unexpected()),
    }
}

fn stat_and_watch(mut answer: Answer<'_>) -> Result<(Option<Stat>, Watch), Refusal> {
    match std::mem::replace(&mut answer.registered, Registered::Nothing) {
        Registered::Watch(watch) => Ok((stat(answer)?, watch)),
        _ => Err(Refusal::unexpected()),
    }
}
