//! Persistent nodes: one of each process's own, and one whose name all want.

use async_trait::async_trait;
use zk_client::Zxid;
use zk_recipes::{PersistentNode, Presence};

use super::{Driver, Keeper, Kept, last, work};
use crate::paths::lock_path;
use crate::workload::Application;
use crate::workload::family::Family;

/// The workload of nodes that are kept.
#[derive(Default)]
pub(in crate::workload) struct KeptNodes {
    nodes: Vec<Option<Kept<Presence>>>,
}

#[async_trait]
impl Family for KeptNodes {
    async fn work(&mut self, app: &mut Application) {
        self.nodes.resize_with(app.plan.locks, || None);
        let at = app.pick(app.plan.locks);
        if let Some(place) = self.nodes.get_mut(at) {
            work(place, app, at).await;
        }
    }

    async fn last_wishes(&mut self, app: &mut Application) -> Result<(), String> {
        self.nodes.resize_with(app.plan.locks, || None);
        // The last name is everybody's: who has it lets the others have it first.
        for (at, place) in self.nodes.iter_mut().enumerate().rev() {
            if at + 1 < app.plan.locks {
                last(place, app, at).await?;
            } else if let Some(kept) = place.take() {
                kept.end(app).await.ok_or("an end failed")?;
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Keeper for Presence {
    fn new(app: &Application, at: usize, value: &str) -> Option<(Self, Driver)> {
        let path = if at + 1 < app.plan.locks {
            format!("{}/of-{}", lock_path(at), app.actor.index)
        } else {
            format!("{}/shared", lock_path(at))
        };
        let node = PersistentNode::new(&app.client, &path, value.to_owned()).ok()?;
        let (presence, driver) = node.keep();
        Some((presence, Box::pin(driver)))
    }

    fn path(&self) -> String {
        self.path().to_owned()
    }

    fn data(&self, value: &str) -> Vec<u8> {
        value.as_bytes().to_vec()
    }

    fn set(&self, value: &str) {
        self.set(value.to_owned());
    }

    async fn present(&self) -> Option<Zxid> {
        self.present().await
    }

    fn close(&self) {
        self.close();
    }
}
