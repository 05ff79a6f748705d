//! Following who leads.

use std::time::Duration;

use zk_checkers::{Function, Outcome};
use zk_recipes::{Election, Leader, Leadership};

use super::{Elections, Observer};
use crate::actor::Called;
use crate::paths::lock_path;
use crate::recorder::{code, failed, zxid};
use crate::schedule::{Call, Phase};
use crate::workload::Application;

impl Elections {
    /// Follows for a while; it goes on from there the next time.
    pub(super) async fn observe(&mut self, app: &mut Application, at: (&Election, usize)) {
        for _ in 0..app.rng.between(1, 4) {
            app.actor.enter(Phase::Watching);
            let patience = Duration::from_millis(app.rng.between(10, 1500));
            let observer = self.observer(app, at);
            if next(app, observer, at.1, patience).await.is_none() {
                return;
            }
        }
    }

    /// After everything was healed it sees the term that there is, and then what its leader tells.
    ///
    /// # Errors
    ///
    /// If it does not.
    pub(super) async fn sees_at_last(
        &mut self,
        app: &mut Application,
        at: (&Election, usize),
        leadership: &Leadership,
    ) -> Result<(), String> {
        let epoch = leadership.epoch();
        let is_led = |leader: &Leader| leader.epoch == Some(epoch);
        self.sees(app, at, &is_led).await?;
        let words = app.fresh_value();
        // A counter of zxids that comes to its end, and a cut that was waiting for a write, can still take an answer away;
        // to say the same again is no harm.
        let mut told = leadership.term().announce(&words).await;
        for _ in 0..2 {
            if told.as_ref().map_err(failed) == Err(Outcome::Unknown) {
                told = leadership.term().announce(&words).await;
            }
        }
        told.map_err(|error| format!("announce: {error}"))?;
        let is_told = |leader: &Leader| leader.announcement == words;
        self.sees(app, at, &is_told).await
    }

    async fn sees(
        &mut self,
        app: &mut Application,
        at: (&Election, usize),
        wanted: &(dyn Fn(&Leader) -> bool + Sync),
    ) -> Result<(), String> {
        // A connection that died unnoticed is found out within a session timeout.
        let patience = app.plan.session + app.plan.round_trip() * 20 + Duration::from_secs(1);
        let observer = self.observer(app, at);
        let seeing = async {
            loop {
                match next(app, observer, at.1, patience).await {
                    None => return false,
                    Some(Some(leader)) if wanted(&leader) => return true,
                    Some(_) => {}
                }
            }
        };
        if matches!(tokio::time::timeout(patience, seeing).await, Ok(true)) {
            return Ok(());
        }
        let name = &observer.name;
        Err(format!(
            "{name} is not told of what there is within {patience:?}"
        ))
    }

    fn observer(
        &mut self,
        app: &mut Application,
        (election, lock): (&Election, usize),
    ) -> &mut Observer {
        while self.observers.len() <= lock {
            self.observers.push(None);
        }
        let name = format!("observer {}", app.fresh_value());
        let slot = self.observers.get_mut(lock).and_then(Option::as_mut);
        if slot.is_none() {
            if let Some(slot) = self.observers.get_mut(lock) {
                *slot = Some(Observer {
                    leaders: election.observe(),
                    name,
                });
            }
        }
        match self.observers.get_mut(lock) {
            Some(Some(observer)) => observer,
            _ => unreachable!("it was made above"),
        }
    }
}

/// What it is told next; `None` if it fails or is dropped.
async fn next(
    app: &Application,
    observer: &mut Observer,
    lock: usize,
    patience: Duration,
) -> Option<Option<Leader>> {
    let path = lock_path(lock);
    let call = app.begin(Function::Observe, &path, |op, history| {
        op.recipe = history.text(&observer.name);
        op.deadline = Some(op.invoked + patience);
    });
    let waiting = tokio::time::timeout(patience, observer.leaders.next());
    match app.actor.call(Call::Observe, waiting).await {
        Called::Returned(Ok(Ok(leader)), polls) => {
            call.end(polls, Outcome::Ok, |op, history| {
                if let Some(leader) = &leader {
                    op.reply = history.text(&leader.node);
                    op.owner = leader.session;
                    op.mzxid = zxid(leader.epoch.unwrap_or(0));
                }
            });
            Some(leader)
        }
        Called::Returned(Ok(Err(error)), polls) => {
            call.end(polls, failed(&error), |op, _| op.error = code(&error));
            None
        }
        Called::Returned(Err(_), polls) | Called::Dropped(polls) => {
            call.end(polls, Outcome::Cancelled, |_, _| {});
            None
        }
    }
}
