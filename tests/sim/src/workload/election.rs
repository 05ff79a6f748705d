//! Elections: terms in every way to get them, hand-overs, priorities, and observers that follow it all.

mod lead;
mod observe;
mod stand;

use async_trait::async_trait;
use zk_recipes::{Election, Leaders};

use super::Application;
use super::family::Family;
use crate::paths::lock_path;

/// The workload of elections.
#[derive(Default)]
pub(super) struct Elections {
    /// Who follows an election, once it does: for as long as there is the client.
    observers: Vec<Option<Observer>>,
}

/// One that follows an election.
struct Observer {
    leaders: Leaders,
    /// Its name in the history.
    name: String,
}

#[async_trait]
impl Family for Elections {
    async fn work(&mut self, app: &mut Application) {
        let lock = app.pick(app.plan.locks);
        let Some(election) = election(app, lock) else {
            return;
        };
        match app.rng.below(10) {
            0..5 => app.stand(&election, lock).await,
            5 => app.lead(&election, lock).await,
            6..8 => app.latch(&election, lock).await,
            _ => self.observe(app, (&election, lock)).await,
        }
    }

    async fn last_wishes(&mut self, app: &mut Application) -> Result<(), String> {
        for lock in 0..app.plan.locks {
            let election = election(app, lock).ok_or("no election")?;
            let leadership = loop {
                let call = app.begin_stand(zk_checkers::Function::Stand, lock, None);
                let leadership = app.insist_on(call, election.elected()).await?;
                let seen = self.sees_at_last(app, (&election, lock), &leadership).await;
                // A session may end just behind the last fault: nobody is told of a term that went with it.
                let is_held = leadership.term().held().is_held();
                match seen {
                    Err(_) if !is_held => drop(leadership),
                    seen => break seen.map(|()| leadership)?,
                }
            };
            app.give_back_at_last(leadership).await?;
        }
        Ok(())
    }
}

/// An election as this process stands in it: in some runs candidates may be named, in others they have priorities.
fn election(app: &Application, lock: usize) -> Option<Election> {
    let election = Election::new(&app.client, &lock_path(lock)).ok()?;
    let election = election.contender(app.name()).announcement(app.name());
    let index = u32::try_from(app.actor.index).unwrap_or(0);
    Some(match app.plan.seed.stream("election").below(3) {
        0 => election,
        1 => election.accepts_succession(),
        // The first has none.
        _ if index == 0 => election.accepts_succession(),
        _ => election.priority(index / 2),
    })
}
