//! Queues that are divided: each part is a queue of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::task::AbortHandle;
use zk_recipes::{Election, Queue, ShardedQueue};

use super::handle::Handle;
use super::kinds::Kind;
use crate::actor::Called;
use crate::paths::lock_path;
use crate::schedule::{Call, Phase};
use crate::workload::Application;

/// A divided queue as one process uses it: with the handle of each part that it has met.
pub(super) struct Parts {
    kind: Kind,
    sharded: ShardedQueue,
    met: BTreeMap<String, Handle>,
    /// Adds parts for as long as its program has it.
    grower: AbortHandle,
}

impl Drop for Parts {
    fn drop(&mut self) {
        self.grower.abort();
    }
}

impl Parts {
    /// Divides a queue, and adds parts where they are needed.
    pub(super) fn open(
        app: &Application,
        (at, kind): (usize, Kind),
        queue: &Queue,
        items: usize,
    ) -> Result<Self, String> {
        let sharded = ShardedQueue::new(queue).threshold(items).max_parts(3);
        let sharded = sharded.check_every(Duration::from_millis(300));
        let path = format!("{}/growth", lock_path(at));
        let election = Election::new(&app.client, &path).map_err(|error| error.to_string())?;
        // What it says of itself otherwise is not the same in every process.
        let election = election.contender(app.name());
        let grown = sharded.clone();
        let grower = app.drive(async move { grown.grow(&election).await });
        Ok(Self {
            kind,
            sharded,
            met: BTreeMap::new(),
            grower: grower.abort_handle(),
        })
    }

    pub(super) async fn work(&mut self, app: &mut Application) {
        if app.rng.percent(50) {
            self.put(app).await;
            return;
        }
        app.actor.enter(Phase::Reading);
        let parts = app.actor.call(Call::Get, self.sharded.parts()).await;
        let Called::Returned(Ok(parts), _) = parts else {
            return;
        };
        if parts.is_empty() {
            return;
        }
        let at = app.pick(parts.len());
        if let Some(part) = parts.into_iter().nth(at) {
            let part = self.met(app, part);
            if part.consumes(app) {
                part.consume(app).await;
            }
        }
    }

    /// Puts into a part that has room.
    async fn put(&mut self, app: &mut Application) -> Option<()> {
        app.actor.enter(Phase::Reading);
        let picked = app.actor.call(Call::Get, self.sharded.pick()).await;
        let Called::Returned(Ok(part), _) = picked else {
            return None;
        };
        self.met(app, part).put(app).await
    }

    /// After everything was healed it can be put into.
    pub(super) async fn put_last(&mut self, app: &mut Application) -> Result<(), String> {
        app.actor.enter(Phase::Reading);
        let part = self.sharded.pick().await;
        let part = part.map_err(|error| format!("no part is picked: {error}"))?;
        self.met(app, part).put_last(app).await
    }

    /// Until nothing more comes into any part.
    pub(super) async fn empty(&mut self, app: &mut Application) -> Result<(), String> {
        let mut emptied: BTreeSet<String> = BTreeSet::new();
        loop {
            let parts = self.sharded.parts().await;
            let mut parts = parts.map_err(|error| format!("no parts are listed: {error}"))?;
            parts.retain(|part| !emptied.contains(part.path()));
            if parts.is_empty() {
                return Ok(());
            }
            for part in parts {
                emptied.insert(part.path().to_owned());
                self.met(app, part).empty(app).await?;
            }
        }
    }

    /// The handle of a part: one for all calls, as what a dropped one had taken is handed out by its next call.
    fn met(&mut self, app: &mut Application, part: Queue) -> &Handle {
        let path = part.path().to_owned();
        let kind = self.kind;
        self.met
            .entry(path)
            .or_insert_with(|| Handle::new(app, part, kind))
    }
}
