//! TTL nodes: one of each process's own, and others that all of them keep at once.

use std::time::Duration;

use async_trait::async_trait;
use zk_client::Zxid;
use zk_recipes::{Presence, TtlNode};

use super::{Driver, Keeper, Kept, work};
use crate::paths::lock_path;
use crate::workload::Application;
use crate::workload::calls::wish;
use crate::workload::family::Family;

/// The workload of nodes that go some time after nobody keeps them any more.
#[derive(Default)]
pub(in crate::workload) struct TtlNodes {
    nodes: Vec<Option<Kept<Timed>>>,
}

/// A node while it is kept, and for some time after.
struct Timed {
    node: TtlNode,
    presence: Presence,
    ttl: Duration,
}

#[async_trait]
impl Family for TtlNodes {
    async fn work(&mut self, app: &mut Application) {
        self.nodes.resize_with(app.plan.locks, || None);
        let at = app.pick(app.plan.locks);
        if let Some(place) = self.nodes.get_mut(at) {
            work(place, app, at).await;
        }
    }

    async fn last_wishes(&mut self, app: &mut Application) -> Result<(), String> {
        self.nodes.resize_with(app.plan.locks, || None);
        let limit = app.ages();
        for (at, place) in self.nodes.iter_mut().enumerate() {
            let kept = match place.take() {
                Some(kept) => kept,
                None => Kept::begin(app, at, limit).await.ok_or("nothing to keep")?,
            };
            wish("what is provided", kept.provide(app, limit).await)?;
            *place = Some(kept);
        }
        // Each is kept for longer than its time, when nothing is wrong any more.
        tokio::time::sleep(limit + app.plan.recipe.afterlife(app.plan.locks) * 2).await;
        for place in &mut self.nodes {
            let Some(kept) = place.take() else { continue };
            wish("what is provided", kept.provide(app, limit).await)?;
            kept.keeper.look().await?;
            wish("an end", kept.end(app).await)?;
        }
        Ok(())
    }
}

impl Timed {
    /// It is found, and was touched.
    async fn look(&self) -> Result<(), String> {
        let found = self.node.find().await.map_err(|error| error.to_string())?;
        let found = found.ok_or("what is kept is not found")?;
        match found.touched {
            Some(_) => Ok(()),
            None => Err("what is kept was never touched".to_owned()),
        }
    }
}

#[async_trait]
impl Keeper for Timed {
    fn new(app: &Application, at: usize, value: &str) -> Option<(Self, Driver)> {
        let path = if at == 0 {
            format!("{}/of-{}", lock_path(at), app.actor.index)
        } else {
            format!("{}/shared", lock_path(at))
        };
        let ttl = app.plan.recipe.ttl(at);
        let node = TtlNode::new(&app.client, &path, value.to_owned(), ttl).ok()?;
        let (presence, driver) = node.keep();
        let timed = Self {
            node,
            presence,
            ttl,
        };
        Some((timed, Box::pin(driver)))
    }

    fn path(&self) -> String {
        self.presence.path().to_owned()
    }

    fn data(&self, value: &str) -> Vec<u8> {
        value.as_bytes().to_vec()
    }

    fn set(&self, value: &str) {
        self.presence.set(value.to_owned());
    }

    async fn present(&self) -> Option<Zxid> {
        self.presence.present().await
    }

    fn close(&self) {
        self.presence.close();
    }

    fn ttl(&self) -> Option<Duration> {
        Some(self.ttl)
    }
}
