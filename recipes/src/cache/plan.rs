//! What a cache is to be, before it is.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use zk_client::{Client, Error, ErrorKind, OpKind, path};

use super::engine::{Engine, Watching};
use super::handle::{Handle, Wanted};
use super::keeper::Keeper;
use super::limits::Limits;
use super::loading::CacheLoading;
use super::picture::Picture;
use super::scope::Scope;

#[derive(Debug, Clone)]
pub(super) struct Plan {
    client: Client,
    pub(super) scope: Scope,
    pub(super) limits: Limits,
    pub(super) watching: Watching,
    pub(super) backlog: usize,
    pub(super) confirm: Option<Duration>,
}

impl Plan {
    pub(super) fn new(
        client: &Client,
        top: &str,
        depth: usize,
        watching: Watching,
    ) -> Result<Self, Error> {
        if let Err(error) = path::validate(top) {
            let text = format!("{top:?} cannot be cached: {error}");
            let error = Error::new(ErrorKind::InvalidPath, text).with_op(OpKind::Get, top);
            return Err(match top.starts_with('/') || top.is_empty() {
                true => error,
                false => error.with_hint(format!("paths are absolute; did you mean /{top}?")),
            });
        }
        Ok(Self {
            client: client.terse().patient(),
            scope: Scope::new(top, depth),
            limits: Limits::default(),
            watching,
            backlog: BACKLOG,
            confirm: None,
        })
    }

    pub(super) fn keep(
        &self,
    ) -> (
        CacheLoading,
        impl Future<Output = Result<(), Error>> + Send + 'static + use<>,
    ) {
        let (wanted, orders) = watch::channel(Wanted::default());
        let (shown, picture) = watch::channel(Picture::new(self.backlog));
        let handle = Handle {
            client: self.client.clone(),
            scope: self.scope.clone(),
            wanted: Arc::new(wanted),
            picture,
        };
        let engine = Engine::new(self.scope.clone(), self.limits, self.watching);
        let keeper = Keeper::new(self.client.clone(), engine, orders, shown, self.confirm);
        (CacheLoading::new(handle), keeper.run())
    }
}

/// Changes that a reader may be behind.
const BACKLOG: usize = 1024;
