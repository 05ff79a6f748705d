//! Divisions: items that members of a group share out.

use std::time::Duration;

use async_trait::async_trait;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use zk_checkers::{Function, Outcome};
use zk_client::Error;
use zk_recipes::{Division, Owned, Partitioner};

use super::Application;
use super::calls::{Ask, wish};
use super::family::Family;
use crate::paths::node;
use crate::recorder::zxid;
use crate::schedule::{Call, Phase};

/// The workload of divisions: a part in each directory.
#[derive(Default)]
pub(super) struct Parts {
    parts: Vec<Option<Part>>,
}

/// What one process has of a division.
struct Part {
    path: String,
    division: Division,
    driver: JoinHandle<Result<(), Error>>,
    owned: Vec<Owned>,
}

/// What is divided.
const ITEMS: [&str; 4] = ["a", "b", "c", "d"];

#[async_trait]
impl Family for Parts {
    async fn work(&mut self, app: &mut Application) {
        self.parts.resize_with(app.plan.locks, || None);
        let at = app.pick(app.plan.locks);
        let leaves = app.rng.percent(8);
        let limit = Duration::from_millis(app.rng.between(20, 800));
        for (index, place) in self.parts.iter_mut().enumerate() {
            if index == at && place.is_none() {
                *place = Part::join(app, at);
            }
            let Some(part) = place else { continue };
            // What is recalled is given back wherever it is.
            part.give_back(app).await;
            if index == at && !leaves && !part.next(app, limit).await {
                *place = None;
            } else if index == at && leaves {
                if let Some(part) = place.take() {
                    part.leave(app).await;
                }
            }
        }
    }

    async fn last_wishes(&mut self, app: &mut Application) -> Result<(), String> {
        self.parts.resize_with(app.plan.locks, || None);
        for at in 0..app.plan.locks {
            if let Some(place) = self.parts.get_mut(at)
                && place.is_none()
            {
                *place = Part::join(app, at);
            }
        }
        // Until nothing more comes: the others join and leave meanwhile.
        let mut quiet = Instant::now();
        while quiet.elapsed() < app.ages() {
            for part in self.parts.iter_mut().flatten() {
                let given = part.give_back(app).await;
                if given || part.grants(app, SLICE).await {
                    quiet = Instant::now();
                }
            }
        }
        for part in self.parts.iter_mut().flatten() {
            part.waits(app, quiet);
        }
        for place in &mut self.parts {
            if let Some(part) = place.take() {
                wish("a leave", part.leave(app).await)?;
            }
        }
        Ok(())
    }
}

/// How long each part is waited for in turn.
const SLICE: Duration = Duration::from_millis(40);

impl Part {
    fn join(app: &Application, at: usize) -> Option<Self> {
        let path = node(at);
        let items = Partitioner::new(&app.client, &path, ITEMS).ok()?;
        let items = items.settle(Duration::from_millis(200));
        let member = format!("of-{}", app.actor.index);
        let (division, driver) = items.join(&member).ok()?;
        Some(Self {
            path,
            division,
            driver: app.drive(driver),
            owned: Vec::new(),
        })
    }

    /// Waits for an item for a while; false if no more come.
    async fn next(&mut self, app: &Application, limit: Duration) -> bool {
        let ask = Ask {
            phase: Phase::Acquiring,
            call: Call::Wait,
            function: Function::Own,
            path: &self.path,
            limit: Some(limit),
        };
        let division = &mut self.division;
        let next = async { Ok::<_, Error>(timeout(limit, division.next()).await) };
        let made = app
            .make(
                ask,
                next,
                |_, _| {},
                |op, history, next| match next {
                    Ok(Some(owned)) => {
                        let held = owned.held();
                        op.path = history.text(held.path());
                        op.reply = history.text(held.node());
                        op.token = zxid(owned.token());
                    }
                    Ok(None) => op.outcome = Outcome::Cancelled,
                    // Others have the rest.
                    Err(_) => op.outcome = Outcome::NotApplied,
                },
            )
            .await;
        match made {
            Some(Ok(Some(owned))) => self.owned.push(owned),
            Some(Ok(None)) => return false,
            _ => {}
        }
        true
    }

    /// Whether an item came.
    async fn grants(&mut self, app: &Application, limit: Duration) -> bool {
        let had = self.owned.len();
        self.next(app, limit).await;
        self.owned.len() > had
    }

    /// It has waited since then, and no more came.
    fn waits(&self, app: &Application, since: Instant) {
        let waited = since.elapsed();
        let recorder = &app.actor.recorder;
        let call = recorder.begin(app.process(), Function::Own, &self.path, |op, history| {
            op.data = history.text("all");
            let at = op.invoked.as_nanos();
            let before = u64::try_from(waited.as_nanos()).unwrap_or(0);
            op.deadline = Some(op.invoked);
            op.invoked = zk_wire::Moment::from_nanos(at.saturating_sub(before));
        });
        call.end(1, Outcome::NotApplied, |_, _| {});
    }

    /// Gives back what was recalled or lost; whether there was any.
    async fn give_back(&mut self, app: &Application) -> bool {
        let over = |owned: &Owned| owned.is_recalled() || !owned.held().is_held();
        let (back, kept): (Vec<Owned>, Vec<Owned>) = self.owned.drain(..).partition(over);
        self.owned = kept;
        let any = !back.is_empty();
        for owned in back {
            let held = owned.held();
            let ask = Ask {
                phase: Phase::Releasing,
                call: Call::Release,
                function: Function::Disown,
                path: held.path(),
                limit: None,
            };
            let token = zxid(owned.token());
            let release = owned.release();
            app.make(
                ask,
                release,
                |op, history| {
                    op.reply = history.text(held.node());
                    op.token = token;
                },
                |_, _, _| {},
            )
            .await;
        }
        any
    }

    /// Leaves: everything is given back, and its driver ends.
    async fn leave(self, app: &Application) -> Option<()> {
        let Self {
            division,
            driver,
            owned,
            ..
        } = self;
        division.leave();
        // What was granted and not asked for goes, too.
        drop((division, owned));
        let ended = timeout(app.ages(), driver).await;
        matches!(ended, Ok(Ok(Ok(())))).then_some(())
    }
}
