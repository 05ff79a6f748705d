//! What every copy of a cache has, and the keeper's orders.

use std::sync::Arc;

use tokio::sync::watch;
use zk_client::{Client, Error, ErrorKind, OpKind, Zxid};

use super::asks::Mark;
use super::picture::Picture;
use super::scope::Scope;
use super::snapshot::CacheSnapshot;

/// What the keeper is to do.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wanted {
    /// What somebody waits for the picture to show.
    pub(super) mark: Mark,
    pub(super) closing: bool,
}

/// What every copy of a cache has.
#[derive(Debug, Clone)]
pub(super) struct Handle {
    pub(super) client: Client,
    pub(super) scope: Scope,
    pub(super) wanted: Arc<watch::Sender<Wanted>>,
    pub(super) picture: watch::Receiver<Picture>,
}

impl Handle {
    pub(super) fn snapshot(&self) -> CacheSnapshot {
        self.picture.borrow().snapshot(&self.scope)
    }

    pub(super) fn close(&self) {
        self.wanted.send_modify(|wanted| wanted.closing = true);
    }

    /// Asks the keeper for a mark.
    fn want(&self, mark: Mark) {
        self.wanted
            .send_modify(|wanted| wanted.mark = wanted.mark.and(mark));
    }

    /// Waits until the picture reaches a transaction that the session has seen.
    pub(super) async fn reached(&self, zxid: Zxid, mark: Mark) -> Result<(), Error> {
        self.want(mark);
        let mut picture = self.picture.clone();
        let reached = |picture: &Picture| picture.as_of >= zxid;
        let settled = picture.wait_for(|picture| reached(picture) || picture.ended.is_some());
        match settled.await {
            Ok(picture) if reached(&picture) => Ok(()),
            Ok(picture) => match &picture.ended {
                Some(Some(error)) => Err(error.clone()),
                _ => Err(self.abandoned()),
            },
            Err(_) => Err(self.abandoned()),
        }
    }

    /// The error of a cache that nobody keeps.
    pub(super) fn abandoned(&self) -> Error {
        let top = &**self.scope.top();
        let text = format!("nobody keeps the cache of {top}: it was closed, or its driver dropped");
        Error::new(ErrorKind::Misuse, text)
            .with_op(OpKind::Get, top)
            .with_hint("spawn the driver; it has to run for as long as the cache is read")
    }
}
