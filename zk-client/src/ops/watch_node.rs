//! Setting a persistent watch.

use zk_session::WatchKind;
use zk_wire::{AddWatchMode, Request};

use super::plan::{checked, operation};
use crate::error::OpKind;
use crate::pending::{Answer, Pending, Plan, Refusal, Registered, WatchTarget};
use crate::shared::queues::WatchTag;
use crate::shared::scope::Scope;
use crate::watch::{Watch, WatchSet};

/// Sets a persistent watch (servers from 3.6). Made by [`Client::watch`](crate::Client::watch).
///
/// # Errors
///
/// `Unimplemented` on 3.5, which then closes the connection; what every operation can meet. The node need not exist.
///
/// # Cancel safety
///
/// Inert: the watch goes with the future.
///
/// # Ordering
///
/// The watch sees every change after those that replies received before it reflect.
///
/// # On session events
///
/// Waits through a suspension and is asked again if its answer was lost. After each reconnect the watch
/// yields a `Gap`: persistent watches miss what happened in between (ZOOKEEPER-4698).
#[derive(Debug)]
#[must_use = "an operation does nothing until it is awaited or submitted"]
pub struct WatchNode {
    scope: Scope,
    path: String,
    mode: AddWatchMode,
}

impl WatchNode {
    pub(crate) fn new(scope: Scope, path: &str, mode: AddWatchMode) -> Self {
        Self {
            scope,
            path: path.to_owned(),
            mode,
        }
    }

    /// Sets it with its events going to `set`. Queues the request now.
    ///
    /// # Cancel safety
    ///
    /// Inert: the watch goes with the set.
    pub fn watch_in(self, set: &WatchSet) -> Pending<WatchTag> {
        let (scope, plan) = self.planned(WatchTarget::Set(set.queue()), tag);
        Pending::new(scope, plan).submit()
    }

    fn plan(self) -> (Scope, Plan<Watch>) {
        self.planned(WatchTarget::Own, watch)
    }

    fn planned<T>(
        self,
        target: WatchTarget,
        decode: fn(Answer<'_>) -> Result<T, Refusal>,
    ) -> (Scope, Plan<T>) {
        let mode = self.mode;
        let request = checked(&self.scope, OpKind::Watch, &self.path)
            .map(|path| Request::AddWatch { path, mode });
        let mut plan = Plan::read(OpKind::Watch, self.path, request, decode);
        let kind = match mode {
            AddWatchMode::Persistent => WatchKind::Persistent,
            _ => WatchKind::Recursive,
        };
        plan.watch = Some((kind, target));
        (self.scope, plan)
    }
}

operation!(WatchNode => Watch);

fn watch(answer: Answer<'_>) -> Result<Watch, Refusal> {
    answer.result.map_err(Refusal::Code)?;
    match answer.registered {
        Registered::Watch(watch) => Ok(watch),
        _ => Err(Refusal::unexpected()),
    }
}

fn tag(answer: Answer<'_>) -> Result<WatchTag, Refusal> {
    answer.result.map_err(Refusal::Code)?;
    match answer.registered {
        Registered::Tag(tag) => Ok(tag),
        _ => Err(Refusal::unexpected()),
    }
}
