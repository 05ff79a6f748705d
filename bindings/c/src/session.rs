//! One session with an ensemble.

use std::sync::Arc;

use ::zk_client::Client;

use crate::queue::Queue;

/// What the handles made from one client share.
#[derive(Debug)]
pub struct Session {
    /// Its errors are explained by us, as far as the caller's deadline allows.
    zk: Client,
    queue: Arc<Queue>,
}

impl Session {
    pub(crate) fn new(zk: &Client, queue: Arc<Queue>) -> Self {
        Self {
            zk: zk.terse(),
            queue,
        }
    }

    pub(crate) fn zk(&self) -> &Client {
        &self.zk
    }

    pub(crate) fn queue(&self) -> &Arc<Queue> {
        &self.queue
    }
}
