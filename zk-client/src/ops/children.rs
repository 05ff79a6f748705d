//! Listing a node's children.

use zk_session::{Fate, WatchKind};
use zk_wire::{Request, Response, Stat};

use super::plan::{checked, operation};
use crate::error::{Error, ErrorKind, OpKind};
use crate::pending::{Answer, Pending, Plan, Refusal, Registered, WatchTarget};
use crate::shared::queues::WatchTag;
use crate::shared::scope::Scope;
use crate::watch::{Watch, WatchSet};

/// Lists the names of a node's children, in no particular order. Made by
/// [`Client::children`](crate::Client::children).
///
/// # Errors
///
/// `NoNode`, `NoAuth`, `FrameTooLarge` when the list exceeds the reply limit, and what every operation can meet.
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
pub struct Children {
    scope: Scope,
    path: String,
}

/// [`Children`] that also sets a one-shot watch.
///
/// # Errors
///
/// As [`Children`]; on an error no watch is left.
///
/// # Cancel safety
///
/// Inert: the watch goes with the future.
///
/// # Ordering
///
/// The watch sees every change after the list that was read.
///
/// # On session events
///
/// As [`Children`]; the watch survives reconnects.
#[derive(Debug)]
#[must_use = "an operation does nothing until it is awaited or submitted"]
pub struct ChildrenWatched {
    children: Children,
}

/// [`Children`] with the parent's metadata.
///
/// # Errors
///
/// As [`Children`].
///
/// # Cancel safety
///
/// Inert.
///
/// # Ordering
///
/// As [`Children`].
///
/// # On session events
///
/// As [`Children`].
#[derive(Debug, Clone)]
#[must_use = "an operation does nothing until it is awaited or submitted"]
pub struct ListedChildren {
    children: Children,
}

impl Children {
    pub(super) fn scope(&self) -> &Scope {
        &self.scope
    }

    pub(crate) fn new(scope: Scope, path: &str) -> Self {
        Self {
            scope,
            path: path.to_owned(),
        }
    }

    /// Also watches for one creation or deletion of a child, or the node's own deletion.
    pub fn watch(self) -> ChildrenWatched {
        ChildrenWatched { children: self }
    }

    /// As [`watch`](Self::watch), with the event going to `set`. Queues the request now.
    ///
    /// # Cancel safety
    ///
    /// Inert: the watch goes with the set.
    pub fn watch_in(self, set: &WatchSet) -> Pending<(Vec<String>, WatchTag)> {
        let request = self
            .absolute()
            .map(|path| Request::GetChildren { path, watch: true });
        let mut plan = Plan::read(OpKind::Children, self.path, request, names_and_tag);
        plan.watch = Some((WatchKind::Child, WatchTarget::Set(set.queue())));
        Pending::new(self.scope, plan).submit()
    }

    /// Also reads the node's metadata, at the same moment.
    pub fn with_stat(self) -> ListedChildren {
        ListedChildren { children: self }
    }

    fn absolute(&self) -> Result<String, Error> {
        checked(&self.scope, OpKind::Children, &self.path)
    }

    fn plan(self) -> (Scope, Plan<Vec<String>>) {
        let request = self
            .absolute()
            .map(|path| Request::GetChildren { path, watch: false });
        (
            self.scope,
            Plan::read(OpKind::Children, self.path, request, names),
        )
    }
}

impl ChildrenWatched {
    fn plan(self) -> (Scope, Plan<(Vec<String>, Watch)>) {
        let Self { children } = self;
        let request = children
            .absolute()
            .map(|path| Request::GetChildren { path, watch: true });
        let mut plan = Plan::read(OpKind::Children, children.path, request, names_and_watch);
        plan.watch = Some((WatchKind::Child, WatchTarget::Own));
        (children.scope, plan)
    }
}

impl ListedChildren {
    pub(super) fn scope(&self) -> &Scope {
        self.children.scope()
    }

    fn plan(self) -> (Scope, Plan<(Vec<String>, Stat)>) {
        let Self { children } = self;
        let request = children
            .absolute()
            .map(|path| Request::GetChildren2 { path, watch: false });
        (
            children.scope,
            Plan::read(OpKind::Children, children.path, request, names_and_stat),
        )
    }
}

operation!(Children => Vec<String>);
operation!(ChildrenWatched => (Vec<String>, Watch));
operation!(ListedChildren => (Vec<String>, Stat));

fn names(mut answer: Answer<'_>) -> Result<Vec<String>, Refusal> {
    match answer.response()? {
        Response::Children(names) => checked_names(names),
        _ => Err(Refusal::unexpected()),
    }
}

fn names_and_tag(mut answer: Answer<'_>) -> Result<(Vec<String>, WatchTag), Refusal> {
    match std::mem::replace(&mut answer.registered, Registered::Nothing) {
        Registered::Tag(tag) => Ok((names(answer)?, tag)),
        _ => Err(Refusal::unexpected()),
    }
}

fn names_and_watch(mut answer: Answer<'_>) -> Result<(Vec<String>, Watch), Refusal> {
    match std::mem::replace(&mut answer.registered, Registered::Nothing) {
        Registered::Watch(watch) => Ok((names(answer)?, watch)),
        _ => Err(Refusal::unexpected()),
    }
}

fn names_and_stat(mut answer: Answer<'_>) -> Result<(Vec<String>, Stat), Refusal> {
    match answer.response()? {
        Response::Children2 { children, stat } => Ok((checked_names(children)?, stat)),
        _ => Err(Refusal::unexpected()),
    }
}

/// Whoever lists children makes paths of their names, so a name must not lead elsewhere.
fn checked_names(names: Vec<String>) -> Result<Vec<String>, Refusal> {
    let is_name =
        |name: &String| !matches!(name.as_str(), "" | "." | "..") && !name.contains(['/', '\0']);
    match names.iter().find(|name| !is_name(name)) {
        None => Ok(names),
        Some(odd) => {
            let shown: String = odd.chars().take(40).collect();
            let text = format!("the server broke the protocol: {shown:?} is no name of a child");
            Err(Refusal::Error(
                Error::new(ErrorKind::Protocol, text).with_fate(Fate::Unknown),
            ))
        }
    }
}
