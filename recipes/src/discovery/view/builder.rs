//! How a view is to be.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use zk_client::{Error, OpKind};

use super::down::{Down, DownPolicy};
use super::loading::ServiceLoading;
use super::shown::{Filter, Follower, Shown};
use crate::discovery::found::Nodes;
use crate::discovery::instance::Instance;
use crate::discovery::registry::Discovery;
use crate::{CacheLoading, ChildrenCache};

/// How a [view](super::ServiceView) is to be. Made by [`Discovery::view`].
#[derive(Clone)]
#[must_use = "a builder builds nothing by itself"]
pub struct ServiceViewBuilder {
    discovery: Discovery,
    service: String,
    cache: ChildrenCache,
    filter: Option<Filter>,
    policy: DownPolicy,
}

impl Discovery {
    /// Begins a view of the instances of a service, which need not exist. Sends nothing.
    ///
    /// # Errors
    ///
    /// `InvalidPath` if the name cannot be that of a service.
    pub fn view(&self, name: &str) -> Result<ServiceViewBuilder, Error> {
        let service = self.of_service(name, OpKind::Children)?;
        Ok(ServiceViewBuilder {
            discovery: self.clone(),
            cache: ChildrenCache::new(&self.client, &service)?,
            service,
            filter: None,
            policy: DownPolicy::default(),
        })
    }
}

impl ServiceViewBuilder {
    /// Leaves out the instances that this refuses.
    pub fn filter(mut self, filter: impl Fn(&Instance) -> bool + Send + Sync + 'static) -> Self {
        self.filter = Some(Arc::new(filter));
        self
    }

    /// Sets after how many errors that were [noted](super::ServiceView::note_error) an instance is not available, until so
    /// long after the first of them. Default: 2 errors, 30 seconds.
    pub fn down_after(mut self, errors: u32, time: Duration) -> Self {
        self.policy = DownPolicy { errors, time };
        self
    }

    /// Proves anew this often how old the view is at most, see [`staleness`](super::ServiceView::staleness). Default: never.
    /// Each proof is one commit of an empty transaction by a quorum.
    pub fn confirm_every(mut self, time: Duration) -> Self {
        self.cache = self.cache.confirm_every(time);
        self
    }

    /// Sets how many bytes of data and names the view may hold. Default: as many as there are. Beyond that the driver ends
    /// with `Incomplete`.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.cache = self.cache.max_bytes(bytes);
        self
    }

    /// A view, and the driver that keeps it up to date until the last copy of the view is dropped, or until an error that no
    /// retry mends. The driver is yours to spawn.
    ///
    /// # Errors
    ///
    /// The driver ends with `NoAuth` if it may not read one of the nodes, `Incomplete` beyond a limit, `FrameTooLarge` if the
    /// list of instances is larger than a reply may be, `SessionExpired` only with `OnExpiry::Stop`, `Closed`.
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: a dropped driver leaves no watch behind.
    ///
    /// # Ordering
    ///
    /// Nothing is sent before the driver is polled.
    ///
    /// # On session events
    ///
    /// While there is no connection the view is stale and keeps what it has. After a reconnect and in the next session all is
    /// read again, and the difference told.
    pub fn keep(
        &self,
    ) -> (
        ServiceLoading,
        impl Future<Output = Result<(), Error>> + Send + 'static + use<>,
    ) {
        let (loading, keeper) = self.cache.keep();
        let (tell, told) = watch::channel(Shown::default());
        let (ask, asked) = watch::channel(0);
        let (synced, seen) = watch::channel(0);
        let follower = Follower {
            codec: Arc::clone(&self.discovery.codec),
            filter: self.filter.clone(),
            nodes: Nodes::default(),
            fresh: false,
            asked,
            synced,
            tell,
        };
        let down = Down::new(self.policy);
        let client = self.discovery.client.clone();
        let view = ServiceLoading::new(loading.clone(), told, (ask, seen), down, client);
        let driver = drive(self.service.clone(), keeper, loading, follower);
        (view, driver)
    }
}

impl fmt::Debug for ServiceViewBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceViewBuilder")
            .field("service", &self.service)
            .finish_non_exhaustive()
    }
}

async fn drive(
    service: String,
    keeper: impl Future<Output = Result<(), Error>>,
    loading: CacheLoading,
    follower: Follower,
) -> Result<(), Error> {
    let tell = follower.tell.clone();
    let mut keeper = pin!(keeper);
    let mut follow = pin!(async {
        // Why it was not loaded, the keeper says.
        if let Ok(cache) = loading.loaded().await {
            follower.follow(&service, cache.changes()).await;
        }
    });
    tokio::select! {
        biased;
        ended = &mut keeper => {
            follow.await;
            ended
        }
        // Nobody looks any more.
        () = tell.closed() => Ok(()),
        () = &mut follow => keeper.await,
    }
}
