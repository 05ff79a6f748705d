//! Touches a node in time.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use zk_client::{Acl, Client, CreateMode, Error, ErrorKind, path};

use crate::persistent_node::{Standing, Told};
use crate::renewal::{crowded_out, renewed};

/// The name of the child whose changes keep the node: Curator's.
pub(super) const TOUCH: &str = "touch";

pub(super) struct Toucher {
    pub(super) client: Client,
    pub(super) path: String,
    pub(super) ttl: Duration,
    pub(super) acl: Vec<Acl>,
    pub(super) told: watch::Receiver<Told>,
}

impl Toucher {
    /// Touches whenever half the time is over, as long as whoever makes the node lives.
    pub(super) async fn run(mut self) -> Result<(), Error> {
        let is_there = |standing| matches!(standing, Standing::Present(_));
        while let Some(seen) = self.until(is_there).await {
            let generation = self.client.generation();
            match self.touch().await {
                Ok(true) => tokio::time::sleep(self.ttl / 2).await,
                // The node is gone: whoever makes it will say so, and then that it is there again.
                Ok(false) => {
                    self.until(|standing| standing != seen).await;
                }
                // Touched or not: once more does no harm.
                Err(error) if error.kind() == ErrorKind::ConnectionLost =>
                {
                    #[cfg(feature = "__seeded-bugs")]
                    if zk_client::seeded::is_on("touched-no-more-after-a-lost-answer") {
                        std::future::pending::<()>().await;
                    }
                }
                Err(error) => {
                    let Err(error) = crowded_out(error).await else {
                        continue;
                    };
                    if let Err(error) = renewed(&self.client, generation, error) {
                        return Err(self.client.explain(error).await);
                    }
                }
            }
        }
        Ok(())
    }

    /// Waits until the node stands so; `None` if nobody makes it any more.
    async fn until(&mut self, is_met: impl Fn(Standing) -> bool) -> Option<Standing> {
        let told = self.told.wait_for(|told| is_met(told.standing)).await;
        Some(told.ok()?.standing)
    }

    /// Whether there was a node to touch.
    async fn touch(&self) -> Result<bool, Error> {
        let touch = path::join(&self.path, TOUCH);
        match self.client.set(&touch, Bytes::new()).await {
            Ok(_) => return Ok(true),
            Err(error) if error.kind() == ErrorKind::NoNode => {}
            Err(error) => return Err(error),
        }
        let create = self.client.create(&touch, Bytes::new());
        let create = create.mode(CreateMode::PersistentTtl).ttl(self.ttl);
        match create.acl(self.acl.clone()).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NodeExists => Ok(true),
            Err(error) if error.kind() == ErrorKind::NoNode => Ok(false),
            Err(error) => Err(error),
        }
    }
}
