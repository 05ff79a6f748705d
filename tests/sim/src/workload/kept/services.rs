//! Services: instances that are registered, and whoever asks for them.

use async_trait::async_trait;
use zk_checkers::WatchMode;

use super::health::Served;
use super::service::{SERVICE, seen, services};
use super::views::Viewer;
use super::{Kept, last, work};
use crate::actor::Called;
use crate::paths::node;
use crate::schedule::{Call, Phase};
use crate::workload::Application;
use crate::workload::family::Family;
use crate::workload::pictures::{Says, Shown};
use crate::workload::seen::Seen;

/// The workload of service discovery: in each directory a registration, and a view.
#[derive(Default)]
pub(in crate::workload) struct Services {
    registered: Vec<Option<Kept<Served>>>,
    views: Vec<Option<Viewer>>,
}

#[async_trait]
impl Family for Services {
    async fn work(&mut self, app: &mut Application) {
        self.open(app);
        let at = app.pick(app.plan.locks);
        let chance = app.rng.below(100);
        if chance < 15 {
            ask(app, at).await;
        } else if chance < 50
            && let Some(place) = self.views.get_mut(at)
        {
            let viewer = match place.take() {
                // Whoever lets go of it begins anew.
                Some(_) if app.rng.percent(4) => return,
                Some(viewer) => Some(viewer),
                None => Viewer::open(app, at),
            };
            let Some(mut viewer) = viewer else { return };
            if viewer.work(app).await {
                *place = Some(viewer);
            }
        } else if let Some(place) = self.registered.get_mut(at) {
            work(place, app, at).await;
        }
    }

    async fn last_wishes(&mut self, app: &mut Application) -> Result<(), String> {
        self.open(app);
        for (at, place) in self.registered.iter_mut().enumerate() {
            last(place, app, at).await?;
            if !ask(app, at).await {
                return Err("nobody tells the instances".to_owned());
            }
        }
        for (at, place) in self.views.iter_mut().enumerate() {
            let mut viewer = match place.take() {
                Some(viewer) => viewer,
                None => Viewer::open(app, at).ok_or("no view")?,
            };
            viewer.end(app).await?;
        }
        Ok(())
    }
}

impl Services {
    fn open(&mut self, app: &Application) {
        self.registered.resize_with(app.plan.locks, || None);
        self.views.resize_with(app.plan.locks, || None);
    }
}

/// Asks for all instances: each is one that was registered.
async fn ask(app: &mut Application, at: usize) -> bool {
    let Some(services) = services(app, at) else {
        return false;
    };
    app.actor.enter(Phase::Reading);
    let found = app.actor.call(Call::Get, services.instances(SERVICE)).await;
    let Called::Returned(Ok(found), _) = found else {
        return false;
    };
    let instances = found.instances.iter();
    let nodes: Vec<Seen> = instances.map(|instance| seen(at, instance)).collect();
    let mut shown = Shown {
        name: app.fresh_value(),
        root: node(at),
        watch: WatchMode::No,
        number: 0,
    };
    shown.look(app, &nodes, &Says::default());
    true
}
