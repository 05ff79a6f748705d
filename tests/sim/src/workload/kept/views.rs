//! Views of services: who follows which instances there are.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{Instant, timeout};
use zk_checkers::{NewsKind, WatchMode};
use zk_client::Zxid;
use zk_recipes::discovery::{ServiceChange, ServiceChanges, ServiceLoading, ServiceView};

use super::service::{SERVICE, seen, services};
use crate::actor::Called;
use crate::paths::node;
use crate::schedule::{Call, Phase};
use crate::workload::Application;
use crate::workload::pictures::{Says, Shown};
use crate::workload::seen::Seen;

/// A view with its stream.
pub(super) struct Viewer {
    at: usize,
    shown: Shown,
    loading: Option<ServiceLoading>,
    read: Option<(ServiceView, ServiceChanges)>,
    /// What the stream has told of each instance.
    told: BTreeMap<String, Seen>,
}

impl Viewer {
    pub(super) fn open(app: &mut Application, at: usize) -> Option<Self> {
        let view = services(app, at)?.view(SERVICE).ok()?;
        let (loading, driver) = view.confirm_every(Duration::from_millis(900)).keep();
        drop(app.drive(driver));
        Some(Self {
            at,
            shown: Shown {
                name: app.fresh_value(),
                root: node(at),
                watch: WatchMode::No,
                number: 0,
            },
            loading: Some(loading),
            read: None,
            told: BTreeMap::new(),
        })
    }

    /// Reads what there is and what is told; whether it goes on.
    pub(super) async fn work(&mut self, app: &mut Application) -> bool {
        let limit = Duration::from_millis(app.rng.between(20, 1500));
        app.actor.enter(Phase::Watching);
        if !self.load(app, limit).await {
            return true;
        }
        for _ in 0..app.rng.between(1, 5) {
            match self.next(app, limit).await {
                Some(true) => {}
                Some(false) => break,
                None => return false,
            }
        }
        let Some((view, _)) = &self.read else {
            return false;
        };
        let view = view.clone();
        let mut says = Says::default();
        if app.rng.percent(12) {
            let begun = Instant::now();
            let caught = timeout(limit, view.catch_up());
            if let Called::Returned(Ok(Ok(())), _) = app.actor.call(Call::Get, caught).await {
                says.millis = Some(begun.elapsed().as_millis() + 1);
            }
        }
        self.look(app, &view, says);
        true
    }

    /// Until nothing more is told: then what is there is what was told, and it is fresh.
    pub(super) async fn end(&mut self, app: &Application) -> Result<(), String> {
        let limit = app.ages();
        if !self.load(app, limit).await {
            return Err("a view did not load".to_owned());
        }
        while self.next(app, limit).await.ok_or("a view ended")? {}
        let Some((view, _)) = &self.read else {
            return Err("a view is not there".to_owned());
        };
        let view = view.clone();
        if !view.is_fresh() {
            return Err("a view is not fresh at last".to_owned());
        }
        let settled = Says {
            settled: true,
            ..Says::default()
        };
        self.look(app, &view, settled);
        Ok(())
    }

    fn look(&mut self, app: &Application, view: &ServiceView, mut says: Says) {
        let age = view.staleness().map(|age| age.as_millis() + 1);
        says.millis = says.millis.or(age);
        says.fresh = Some(view.is_fresh());
        let instances = view.instances();
        let nodes: Vec<Seen> = instances.iter().map(|one| seen(self.at, one)).collect();
        self.shown.look(app, &nodes, &says);
    }

    /// Whether all was read once.
    async fn load(&mut self, app: &Application, limit: Duration) -> bool {
        if let Some(loading) = self.loading.clone() {
            let loaded = timeout(limit, loading.loaded());
            if let Called::Returned(Ok(Ok(view)), _) = app.actor.call(Call::Wait, loaded).await {
                // It begins with nothing, and tells what there is.
                self.shown.begin(app, &[]);
                let changes = view.changes();
                self.read = Some((view, changes));
                // From here on the view alone keeps its driver.
                self.loading = None;
            }
        }
        self.read.is_some()
    }

    /// Whether something was told; nothing if nothing will be any more.
    async fn next(&mut self, app: &Application, limit: Duration) -> Option<bool> {
        let (_, changes) = self.read.as_mut()?;
        let next = timeout(limit, changes.next());
        match app.actor.call(Call::Follow, next).await {
            Called::Returned(Ok(Some(change)), _) => {
                self.tell(app, &change);
                Some(true)
            }
            Called::Returned(Ok(None), _) => None,
            Called::Returned(Err(_), _) | Called::Dropped(_) => Some(false),
        }
    }

    fn tell(&mut self, app: &Application, change: &ServiceChange) {
        match change {
            ServiceChange::Added(instance) => {
                let node = seen(self.at, instance);
                self.shown.news(app, NewsKind::Created, &node, &[]);
                self.told.insert(instance.id.clone(), node);
            }
            ServiceChange::Changed(instance) => {
                let node = seen(self.at, instance);
                let old = self.told.remove(&instance.id).map(|old| old.data);
                let old = old.unwrap_or_default();
                self.shown.news(app, NewsKind::Changed, &node, &old);
                self.told.insert(instance.id.clone(), node);
            }
            ServiceChange::Removed(id) => {
                if let Some(node) = self.told.remove(id) {
                    self.shown.news(app, NewsKind::Deleted, &node, &[]);
                }
            }
            ServiceChange::Stale => self.shown.turn(app, None),
            ServiceChange::Fresh => self.shown.turn(app, Some(Zxid::NONE)),
            _ => {}
        }
    }
}
