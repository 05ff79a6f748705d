//! Queues of several kinds, each with takes or with claims.

use async_trait::async_trait;
use zk_recipes::Queue;

use super::Application;
use super::family::Family;
use crate::paths::node;

mod handle;
mod kinds;
mod parts;

use handle::Handle;
use kinds::{Kind, Room};
use parts::Parts;

/// The workload of queues: one handle per directory.
#[derive(Default)]
pub(super) struct Queues {
    queues: Vec<Used>,
}

/// A queue, whole or in parts.
enum Used {
    Whole(Handle),
    Parts(Parts),
}

#[async_trait]
impl Family for Queues {
    async fn work(&mut self, app: &mut Application) {
        let Ok(()) = self.open(app) else { return };
        let at = app.pick(self.queues.len());
        match self.queues.get_mut(at) {
            Some(Used::Whole(handle)) => handle.work(app).await,
            Some(Used::Parts(parts)) => Box::pin(parts.work(app)).await,
            None => {}
        }
    }

    async fn last_wishes(&mut self, app: &mut Application) -> Result<(), String> {
        self.open(app)?;
        for used in &mut self.queues {
            match used {
                Used::Whole(handle) => handle.put_last(app).await?,
                Used::Parts(parts) => parts.put_last(app).await?,
            }
        }
        for used in &mut self.queues {
            match used {
                Used::Whole(handle) => handle.empty(app).await?,
                Used::Parts(parts) => parts.empty(app).await?,
            }
        }
        Ok(())
    }
}

impl Queues {
    fn open(&mut self, app: &mut Application) -> Result<(), String> {
        for at in self.queues.len()..app.plan.locks {
            let used = open(app, at, kinds::of(app.plan.seed.0, at))?;
            self.queues.push(used);
        }
        Ok(())
    }
}

fn open(app: &mut Application, at: usize, kind: Kind) -> Result<Used, String> {
    let queue = Queue::new(&app.client, &node(at)).map_err(|error| error.to_string())?;
    let queue = queue.layout(kind.layout);
    Ok(Used::Whole(match kind.room {
        Room::Endless => Handle::new(app, queue, kind),
        Room::Bound(items) => Handle::new(app, queue.bound(items), kind),
        Room::Strict(items) => Handle::new(app, queue.strict_bound(items), kind),
        Room::Parts(items) => {
            let parts = Parts::open(app, (at, kind), &queue, items)?;
            return Ok(Used::Parts(parts));
        }
    }))
}
